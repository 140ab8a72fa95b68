"""The first page of docs/results: which grid was run how far, what the rest would cost, and how many claims held."""

from collections.abc import Mapping, Sequence
from pathlib import Path

from papers.coverage import hours_left, power, training_voxels
from papers.finding import Agreement
from papers.page import PROSE, Page, Written, filled
from segsweep.reports.numbers import number

_HEAD = (
    "| Grid | Page | Trials run | Hours taken | Hours left, at most | Training voxels left, at most | Claims |\n"
    "| --- | --- | ---: | ---: | ---: | ---: | --- |"
)


def write_overview(pages: Mapping[Page, Sequence[Written]], folder: Path) -> None:
    """Write it.

    Args:
        pages: every page with what it says of each of its grids.
        folder: to write to.
    """
    rows = [_row(page, written) for page, parts in pages.items() for written in parts]
    prose = (PROSE / "README.md").read_text(encoding="utf-8")
    (folder / "README.md").write_text(filled(prose, grids="\n".join([_HEAD, *rows])), encoding="utf-8")


def _row(page: Page, written: Written) -> str:
    tracked = written.tracked
    name = tracked.name
    cells = (
        f"[{name}](../../sweeps/{name}.yaml)",
        f"[{page.name}]({page.name}.md)",
        f"{len(tracked.seconds)} of {len(tracked.planned.plan.trials)}",
        f"{sum(tracked.seconds.values()) / 3600:.1f}",
        number(hours_left(tracked.left, tracked), 1),
        power(sum(map(training_voxels, tracked.left))),
        ", ".join(_counted(written)) or "–",
    )
    return f"| {' | '.join(cells)} |"


def _counted(written: Written) -> list[str]:
    verdicts = [finding.agreement for finding in written.findings]
    return [f"{verdicts.count(each)} {each.value.removesuffix('s')}" for each in Agreement if each in verdicts]
