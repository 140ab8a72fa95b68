"""The first page of docs/results: which grid was run how far, how many claims held, and what the rest would cost."""

from collections.abc import Mapping, Sequence
from pathlib import Path

from papers.coverage import hours_left, power
from papers.finding import Agreement
from papers.h200 import PEAK, QUICK, SLOW, hours
from papers.page import PROSE, Page, Written, filled
from papers.tracked import Tracked
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


def write_overview(pages: Sequence[Page], written: Mapping[Page, Sequence[Written]], folder: Path) -> None:
    """Write it.

    Args:
        pages: all of them.
        written: those that were written now, with what each says of its grids; of the others the lines stay.
        folder: to write to.
    """
    place = folder / "README.md"
    before = place.read_text(encoding="utf-8").splitlines() if place.exists() else []
    tables = [_RUN], [_LEFT]
    for page in pages:
        for position, part in enumerate(page.parts):
            link = _link(part.grid)
            if page in written:
                lines = [_run(link, page, written[page][position]), _left(link, written[page][position].tracked)]
            else:
                lines = [line for line in before if line.startswith(f"| {link} ")]
            for table, line in zip(tables, lines, strict=False):  # no lines, where the overview was taken away
                table.append(line)
    prose = (PROSE / "README.md").read_text(encoding="utf-8")
    run, left = map("\n".join, tables)
    text = filled(prose, run=run, left=left, quick=QUICK, slow=SLOW, peak=f"{PEAK / 1e12:g}")
    place.write_text(text, encoding="utf-8")


def _run(link: str, page: Page, written: Written) -> str:
    tracked = written.tracked
    cells = (
        link,
        f"[{page.name}]({page.name}.md)",
        f"{len(tracked.seconds)} of {len(tracked.planned.plan.trials)}",
        f"{sum(tracked.seconds.values()) / 3600:.1f}",
        number(hours_left(tracked.left, tracked), 1),
        ", ".join(_counted(written)) or NOTHING,
    )
    return f"| {' | '.join(cells)} |"


def _left(link: str, tracked: Tracked) -> str:
    in_all, left = tracked.work(tracked.planned.plan.trials, again=True), tracked.work(tracked.left)
    counts = (power(in_all.operations), power(left.operations), power(left.passes))
    speed = number(None if tracked.speed is None else tracked.speed / 1e9, 1)
    return f"| {' | '.join((link, *counts, speed, hours(left, 1), hours(left, 8)))} |"


def _link(grid: str) -> str:
    return f"[{grid}](../../sweeps/{grid}.yaml)"


def _counted(written: Written) -> list[str]:
    verdicts = [finding.agreement for finding in written.findings]
    return [f"{verdicts.count(each)} {each.value.removesuffix('s')}" for each in Agreement if each in verdicts]
