"""Made-up tables as if a grid had been run."""

from typing import Any, cast

from sweep_tables import Sweep

from papers.tracked import Tracked
from segsweep.orchestration.collect import Tables
from segsweep.orchestration.planning import Planned
from segsweep.spec.grid import parse_sweep

GRID = """
name: made-up
datasets: {folder: /nowhere/images, name: pictures}
network: unet-s
grid: {loss: ce}
report: {resamples: 999}
"""


def tracked(sweep: Sweep) -> Tracked:
    """What a page computes from; of a plan or a forecast there is none."""
    planned = Planned(parse_sweep(GRID), cast(Any, None), cast(Any, None))
    return Tracked(planned, Tables(*sweep.tables()), {}, 1)
