"""Trials on datasets that lie in files."""

from pathlib import Path
from typing import Any

import torch
from grids import tiny_sweep

from segsweep.data.batches import Batches
from segsweep.data.open import open_batches
from segsweep.orchestration.planning import plan_sweep
from segsweep.spec.trials import Trial

CPU = torch.device("cpu")


def trial_on(folder: Path, source: str = "folder", **changes: Any) -> Trial:
    """The first trial of a sweep on one dataset; `dataset` adds keys to its block, other changes to the grid."""
    block = {source: str(folder), "name": "files", **changes.pop("dataset", {})}
    grid = folder.parent / "grid.yaml"
    grid.write_text(tiny_sweep(**{"datasets": block, "grid": {"loss": "dice"}, **changes}))
    return plan_sweep(grid).plan.trials[0]


def batches_on(folder: Path, source: str = "folder", **changes: Any) -> Batches:
    """The batches of that trial."""
    return open_batches(trial_on(folder, source, **changes), CPU)
