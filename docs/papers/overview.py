"""The first page of docs/results: which grid was run how far, how many claims held, and what the rest would cost."""

import re
from collections.abc import Mapping, Sequence
from pathlib import Path

from papers.coverage import hours_left, power
from papers.finding import Agreement
from papers.h200 import PEAK, QUICK, SLOW, hours
from papers.page import PROSE, Page, Written, filled
from papers.tracked import Tracked
from segsweep.reports.numbers import NOTHING, number

_TRIALS_RUN = re.compile(r"\| (\d+) of \d+ \|")
_RUN = (
    "| Grid | Page | Trials run | Hours taken | Hours left, at most | Claims |\n"
    "| --- | --- | ---: | ---: | ---: | --- |"
)
_LEFT = (
    "| Grid | Operations in all | Operations left | Passes left | Here, 10⁹ operations a second | Hours on one H200 "
    "| Hours on eight |\n"
    "| --- | ---: | ---: | ---: | ---: | ---: | ---: |"
)


class Overview:
    """The file; what it says of grids whose pages are not written again stays.

    Args:
        folder: of the pages.
    """

    def __init__(self, folder: Path) -> None:
        self._place = folder / "README.md"
        self._before = self._place.read_text(encoding="utf-8").splitlines() if self._place.exists() else []

    def trials_run(self, grid: str) -> int:
        """How many trials of a grid its page was made of; 0 where there is none."""
        found = [_TRIALS_RUN.search(line) for line in self._of(grid)]
        return max((int(each[1]) for each in found if each is not None), default=0)

    def write(self, pages: Sequence[Page], written: Mapping[Page, Sequence[Written]]) -> None:
        """Write it.

        Args:
            pages: all of them.
            written: those that were written now, with what each says of its grids.
        """
        lines = [
            pair
            for page in pages
            for pair in (
                [(_run(page, part), _left(part.tracked)) for part in written[page]]
                if page in written
                else filter(None, (self._of(part.grid) for part in page.parts))
            )
        ]
        run, left = map("\n".join, zip((_RUN, _LEFT), *lines, strict=True))
        prose = (PROSE / "README.md").read_text(encoding="utf-8")
        text = filled(prose, run=run, left=left, quick=QUICK, slow=SLOW, peak=f"{PEAK / 1e12:g}")
        self._place.write_text(text, encoding="utf-8")

    def _of(self, grid: str) -> list[str]:
        """Its lines: in the table of what was run, and in that of what is left."""
        return [line for line in self._before if line.startswith(f"| {_link(grid)} ")]


def _run(page: Page, written: Written) -> str:
    tracked = written.tracked
    cells = (
        _link(tracked.name),
        f"[{page.name}]({page.name}.md)",
        f"{len(tracked.seconds)} of {len(tracked.planned.plan.trials)}",
        f"{sum(tracked.seconds.values()) / 3600:.1f}",
        number(hours_left(tracked.left, tracked), 1),
        ", ".join(_counted(written)) or NOTHING,
    )
    return f"| {' | '.join(cells)} |"


def _left(tracked: Tracked) -> str:
    in_all, left = tracked.work(tracked.planned.plan.trials, again=True), tracked.work(tracked.left)
    counts = (power(in_all.operations), power(left.operations), power(left.passes))
    speed = number(None if tracked.speed is None else tracked.speed / 1e9, 1)
    return f"| {' | '.join((_link(tracked.name), *counts, speed, hours(left, 1), hours(left, 8)))} |"


def _link(grid: str) -> str:
    return f"[{grid}](../../sweeps/{grid}.yaml)"


def _counted(written: Written) -> list[str]:
    verdicts = [finding.agreement for finding in written.findings]
    return [f"{verdicts.count(each)} {each.value.removesuffix('s')}" for each in Agreement if each in verdicts]
