"""The first page of docs/results: which grid was run how far, how many claims held, and what the rest would cost."""

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from papers.coverage import hours_left, power
from papers.finding import Agreement
from papers.h200 import PEAK, QUICK, SLOW, hours
from papers.page import PROSE, Page, Written, filled
from papers.tracked import Tracked
from papers.work import Work
from segsweep.reports.numbers import NOTHING, number

_RUN = (
    "| Grid | Page | Trials run | Hours taken | Hours left, at most | Claims |\n"
    "| --- | --- | ---: | ---: | ---: | --- |"
)
_LEFT = (
    "| Grid | Operations in all | Operations left | Passes left | Here, 10⁹ operations a second | Hours on one H200 "
    "| Hours on eight |\n"
    "| --- | ---: | ---: | ---: | ---: | ---: | ---: |"
)


def write_overview(pages: Mapping[Page, Sequence[Written]], folder: Path) -> None:
    """Write it.

    Args:
        pages: every page with what it says of each of its grids.
        folder: to write to.
    """
    run = [_run(page, written) for page, parts in pages.items() for written in parts]
    grids = [written.tracked for parts in pages.values() for written in parts]
    prose = (PROSE / "README.md").read_text(encoding="utf-8")
    tables = {"run": "\n".join([_RUN, *run]), "left": "\n".join([_LEFT, *_left(grids)])}
    text = filled(prose, **tables, quick=QUICK, slow=SLOW, peak=f"{PEAK / 1e12:g}")
    (folder / "README.md").write_text(text, encoding="utf-8")


def _run(page: Page, written: Written) -> str:
    tracked = written.tracked
    cells = (
        _link(tracked),
        f"[{page.name}]({page.name}.md)",
        f"{len(tracked.seconds)} of {len(tracked.planned.plan.trials)}",
        f"{sum(tracked.seconds.values()) / 3600:.1f}",
        number(hours_left(tracked.left, tracked), 1),
        ", ".join(_counted(written)) or NOTHING,
    )
    return f"| {' | '.join(cells)} |"


def _left(grids: Sequence[Tracked]) -> Iterator[str]:
    whole = [tracked.work(tracked.planned.plan.trials, again=True) for tracked in grids]
    left = [tracked.work(tracked.left) for tracked in grids]
    for tracked, in_all, rest in zip(grids, whole, left, strict=True):
        speed = None if tracked.speed is None else tracked.speed / 1e9
        yield _work(_link(tracked), in_all, rest, number(speed, 1))
    yield _work("all", sum(whole, Work()), sum(left, Work()), "")


def _work(name: str, in_all: Work, left: Work, speed: str) -> str:
    counts = (power(in_all.operations), power(left.operations), power(left.passes))
    return f"| {' | '.join((name, *counts, speed, hours(left, 1), hours(left, 8)))} |"


def _link(tracked: Tracked) -> str:
    return f"[{tracked.name}](../../sweeps/{tracked.name}.yaml)"


def _counted(written: Written) -> list[str]:
    verdicts = [finding.agreement for finding in written.findings]
    return [f"{verdicts.count(each)} {each.value.removesuffix('s')}" for each in Agreement if each in verdicts]
