"""What is wrong with several cases is told of the first, and the others are named: one look at a folder is enough."""

from collections.abc import Sequence

_NAMED = 20


def and_others(cases: Sequence[str]) -> str:
    """The end of a complaint about the first of these cases; empty where it is the only one.

    >>> and_others(["a"]), and_others(["a", "b", "c"])
    ('', '; also b, c')
    """
    others = cases[1 : 1 + _NAMED]
    left = len(cases) - 1 - len(others)
    return f"; also {', '.join(others)}{f' and {left} more' if left else ''}" if others else ""
