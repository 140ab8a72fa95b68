"""What a misspelt word of a grid file may have been meant to be."""

from collections.abc import Iterable
from difflib import get_close_matches


def suggestion(word: str, known: Iterable[str]) -> str:
    """`did you mean 'phi'? ` to go before what is allowed; nothing where no known word is like it.

    Args:
        word: that is not known; its capitals do not count.
        known: words that are.
    """
    by_small_letters = {each.lower(): each for each in known}
    close = get_close_matches(word.lower(), list(by_small_letters), n=1)
    return f"did you mean '{by_small_letters[close[0]]}'? " if close else ""
