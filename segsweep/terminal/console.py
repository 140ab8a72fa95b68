"""Lines and columns on the terminal."""

from collections.abc import Sequence

from rich.console import Console

# names, paths and reasons are printed as they are: [brackets] and :colons: mean nothing
CONSOLE = Console(highlight=False, markup=False, emoji=False)


def say(text: str) -> None:
    """A line as it is: neither folded nor shortened, so that a pipe can cut it."""
    CONSOLE.print(text, soft_wrap=True)


def print_columns(header: Sequence[str], rows: Sequence[Sequence[object]]) -> None:
    """Aligned columns that a person can read and a pipe can cut."""
    texts = [[str(field) for field in row] for row in (header, *rows)]
    widths = [max(map(len, column)) for column in zip(*texts, strict=True)]
    for row in texts:
        line = "  ".join(field.ljust(width) for field, width in zip(row, widths, strict=True))
        say(line.rstrip())
