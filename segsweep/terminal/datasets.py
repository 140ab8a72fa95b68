"""What `segsweep data` prints."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING

from rich.progress import DownloadColumn, TimeRemainingColumn, TransferSpeedColumn

from segsweep.reports.numbers import NOTHING, count, number
from segsweep.terminal.bars import bar, progress_of
from segsweep.terminal.console import print_columns, say

if TYPE_CHECKING:
    from segsweep.data.cases import Case
    from segsweep.data.check import Checked
    from segsweep.data.examine import CaseFacts

_SHOWN = 10
"""Lines of one kind that stops nothing; what is beyond is counted."""


@contextmanager
def reading(name: str) -> Iterator[Callable[[int, int], None]]:
    """A bar while the files of a dataset are read."""
    with bar("cases") as progress:
        task = progress.add_task(f"reading {name}", total=None)
        yield lambda done, total: progress.update(task, completed=done, total=total)


@contextmanager
def fetching(name: str) -> Iterator[Callable[[int, int], None]]:
    """A bar of bytes while a dataset is fetched."""
    with progress_of(DownloadColumn(), TransferSpeedColumn(), TimeRemainingColumn()) as progress:
        task = progress.add_task(f"fetching {name}", total=None)
        yield lambda done, total: progress.update(task, completed=done, total=total)


def print_check(checked: "Checked") -> None:
    """What is in a dataset, what is odd, and a block for a grid file."""
    found, dataset = checked.found, checked.dataset
    test = [case for case in found.cases if case.test]
    held_out = f", of which the test set: {_in_groups(test)}" if test else ""
    say(f"{dataset.name}: {dataset.source}, {_in_groups(found.cases)}{held_out}")
    if checked.cases:
        _print_labels(checked)
        _print_images(checked.cases)
    _print_some(
        f"{count(len(checked.duplicates), 'pair')} of nearly equal images in different groups: folds may train on one"
        " and judge by the other; a column `group` in meta.csv keeps them together",
        [f"{pair.first}  {pair.second}  r = {pair.correlation:.4f}" for pair in checked.duplicates],
    )
    unused = [str(path) for path in checked.orphans]
    _print_some(f"{count(len(unused), 'image file')} that no case uses", unused)
    _print_some(count(len(checked.notices), "note"), checked.notices)
    _print_all(f"{count(len(checked.problems), 'problem')} that would stop a sweep", checked.problems)
    if checked.block is not None:
        say(f"\nFor a grid file:\n\ndatasets:\n{checked.block}")


def _in_groups(cases: Sequence["Case"]) -> str:
    return f"{count(len(cases), 'case')} in {count(len({case.group for case in cases}), 'group')}"


def _print_labels(checked: "Checked") -> None:
    rows = []
    for value, name in enumerate(checked.found.labels):
        with_it = [case for case in checked.cases if case.volumes[value]]
        shares = sorted(100 * case.shares[value] for case in with_it)
        empty = len(checked.cases) - len(with_it)
        spread = "  ".join(_percent(_quantile(shares, q)) for q in (0.05, 0.5, 0.95)) if shares else NOTHING
        rows.append((name, value, len(with_it), f"{empty} ({100 * empty / len(checked.cases):.0f} %)", spread))
    say("")
    header = ("label", "value", "cases", "without it", "% of the image where it is (5th, 50th, 95th percentile)")
    print_columns(header, rows)
    if ignored := sum(case.ignored > 0 for case in checked.cases):
        say(f"voxels that count nowhere (value {checked.found.ignore}): in {count(ignored, 'case')}")


def _print_images(cases: Sequence["CaseFacts"]) -> None:
    axes = range(min(len(case.shape) for case in cases))
    rows = [(f"voxels, axis {axis}", *_three([case.shape[axis] for case in cases])) for axis in axes]
    spacings = [case.spacing for case in cases if case.spacing is not None]
    if spacings:
        rows += [(f"mm, axis {axis}", *_three([spacing[axis] for spacing in spacings])) for axis in axes]
    rows.append(("darkest voxel", *_three([case.low for case in cases])))
    rows.append(("brightest voxel", *_three([case.high for case in cases])))
    rows.append(("channels", *_three([case.channels for case in cases])))
    say("")
    print_columns(("images", "least", "median", "most"), rows)
    if not spacings:
        say("voxel size: unknown, as in all pictures")


def _print_some(title: str, lines: Sequence[str]) -> None:
    rest = len(lines) - _SHOWN
    _print_all(title, [*lines[:_SHOWN], f"… and {rest} more"] if rest > 0 else lines)


def _print_all(title: str, lines: Sequence[str]) -> None:
    if not lines:
        return
    say(f"\n{title}:")
    for line in lines:
        say(f"  {line}")


def _three(values: Sequence[float]) -> tuple[str, str, str]:
    ordered = sorted(values)
    least, middle, most = (f"{_quantile(ordered, q):.4g}" for q in (0, 0.5, 1))
    return least, middle, most


def _quantile(ordered: Sequence[float], q: float) -> float:
    """The value at a rank: one that occurs."""
    return ordered[round(q * (len(ordered) - 1))]


def _percent(share: float) -> str:
    return number(share, 1 if share >= 1 else 3)
