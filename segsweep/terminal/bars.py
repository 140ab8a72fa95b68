"""Bars on the terminal."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager

from rich.progress import (
    BarColumn,
    DownloadColumn,
    MofNCompleteColumn,
    Progress,
    ProgressColumn,
    TaskID,
    TextColumn,
    TimeRemainingColumn,
)

from segsweep.terminal.console import CONSOLE


def bar(unit: str, *columns: str) -> Progress:
    """A bar of things done.

    Args:
        unit: what is counted.
        columns: further texts, in rich's notation.
    """
    texts: Sequence[TextColumn] = [TextColumn(column) for column in columns]
    return progress_of(MofNCompleteColumn(), TextColumn(unit), *texts)


def progress_of(*columns: ProgressColumn) -> Progress:
    """A bar with other columns behind it."""
    return Progress(TextColumn("{task.description}", markup=False), BarColumn(), *columns, console=CONSOLE)


@contextmanager
def when_needed(progress: Progress) -> Iterator[Progress]:
    """A bar that its first task starts: where there is nothing to do there is no empty one."""
    try:
        yield progress
    finally:
        if progress.live.is_started:
            progress.stop()


def one_task(progress: Progress, verb: str) -> Callable[[int, int], None]:
    """A bar that is told of things done and of things in all.

    Args:
        progress: to show it on.
        verb: what is done.
    """
    tasks: list[TaskID] = []

    def update(done: int, total: int) -> None:
        if not tasks:
            progress.start()
            tasks.append(progress.add_task(verb, total=total))
        progress.update(tasks[0], completed=done)

    return update


def one_task_each(progress: Progress, verb: str) -> Callable[[str, int, int], None]:
    """One of them for every dataset.

    Args:
        progress: to show them on.
        verb: what is done.
    """
    tasks: dict[str, TaskID] = {}

    def update(dataset: str, done: int, total: int) -> None:
        if dataset not in tasks:
            progress.start()
            tasks[dataset] = progress.add_task(f"{verb} {dataset}", total=total)
        progress.update(tasks[dataset], completed=done)

    return update


@contextmanager
def fetching() -> Iterator[Callable[[str, int, int], None]]:
    """A bar of bytes for every dataset that comes from a bucket; nothing where none does."""
    with when_needed(progress_of(DownloadColumn(), TimeRemainingColumn())) as progress:
        yield one_task_each(progress, "fetching")
