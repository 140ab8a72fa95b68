"""Write the pages in docs/results from published tables and tracked runs: `make results`, or `python -m papers`."""

import argparse
import sys
from pathlib import Path

from papers import bertels2019, soft_labels, tilborghs2022, volume_bias, volume_bias_theory
from papers.overview import Overview
from papers.page import Page, Part, write_page
from papers.published import publish, published
from papers.tracked import read
from segsweep import api
from segsweep.errors import SegsweepError
from segsweep.orchestration.executor import Executor
from segsweep.orchestration.home import Home
from segsweep.orchestration.ray_executor import RayExecutor
from segsweep.tracking.memory import MemoryTracker
from segsweep.tracking.protocol import Tracker

ROOT = Path(__file__).parents[2]
SWEEPS = ROOT / "sweeps"
PAGES = (
    Page(
        "volume-bias-theory",
        (
            Part("volume-bias-theory", volume_bias_theory.findings, volume_bias_theory.sections),
            Part("volume-bias-theory-soft", volume_bias_theory.findings, volume_bias_theory.sections),
        ),
    ),
    Page(
        "tilborghs2022",
        (
            Part("phi-epsilon-empty", tilborghs2022.empty_findings, tilborghs2022.sections),
            Part("phi-epsilon-missing", tilborghs2022.missing_findings, tilborghs2022.partial_sections),
            Part("phi-epsilon-missing-classes", tilborghs2022.missing_findings, tilborghs2022.sections),
        ),
    ),
    Page(
        "bertels2019",
        (
            Part("bertels2019", bertels2019.findings, bertels2019.sections),
            Part("bertels2019-tversky", bertels2019.tversky_findings, bertels2019.sections),
        ),
    ),
    Page(
        "volume-bias",
        (
            Part("volume-bias", volume_bias.findings, volume_bias.sections),
            Part("volume-bias-raters", volume_bias.findings, volume_bias.sections),
        ),
        ("val", "train"),
    ),
    Page("soft-labels", (Part("soft-labels", soft_labels.findings, soft_labels.sections),), ("val", "train")),
)


def main() -> int:
    """Read the home, write the pages."""
    parser = argparse.ArgumentParser(prog="python -m papers", description=__doc__)
    parser.add_argument("--home", type=Path, help="folder of further sweeps; default: published tables alone")
    parser.add_argument("--to", type=Path, default=ROOT / "docs" / "results", help="folder of the pages")
    arguments = parser.parse_args()
    home = Home.from_environment() if arguments.home is None else Home(arguments.home)
    try:
        tracker = MemoryTracker() if arguments.home is None else api.find_tracker(home)
        with RayExecutor() as machine:
            write_all(home, tracker, machine, arguments.to)
    except SegsweepError as error:
        print(error, file=sys.stderr)
        return 2
    return 0


def write_all(home: Home, tracker: Tracker, machine: Executor, folder: Path) -> None:
    """Write every page and the overview; a page that was made of more trials than are at hand is left as it is.

    Args:
        home: folder of what has been run.
        tracker: its store; trials that it does not know are taken from the tables that were published with the pages.
        machine: that forecasts are for, started.
        folder: to write to.
    """
    folder.mkdir(parents=True, exist_ok=True)
    kept, overview, pages = published(folder), Overview(folder), {}
    for page in PAGES:
        tracked = {part.grid: read(SWEEPS / f"{part.grid}.yaml", home, tracker, machine, kept) for part in page.parts}
        if any(overview.trials_run(grid) > len(found.seconds) for grid, found in tracked.items()):
            print(f"{page.name}: was made of more trials than are at hand, and is left as it is")
            continue
        pages[page] = write_page(page, tracked, folder)
        if any(found.seconds for found in tracked.values()):
            publish(page.name, [found.tables for found in tracked.values()], page.splits, folder)
    overview.write(PAGES, pages)


if __name__ == "__main__":
    sys.exit(main())
