"""Every loss of the catalogue trains on phantoms, through the trainer that sweeps use, without a single NaN."""

import math
from pathlib import Path

import pytest
import torch

from segsweep.orchestration.planning import plan_sweep
from segsweep.spec.catalogue import ENTRIES
from segsweep.tracking.memory import MemoryTracker
from segsweep.training.cohort import run_slice
from segsweep.training.workplace import Workplace

# MONAI's surface distances warn about an argument that MONAI itself passes
pytestmark = [pytest.mark.slow, pytest.mark.filterwarnings("ignore:.*always_return_as_numpy:FutureWarning")]

LOSSES = [entry.name for entry in ENTRIES if not entry.multi_class_only]  # phantoms have one foreground label
GRID = f"""
name: every-loss
datasets:
  - phantom: {{p: 0.48, k: 16, r: 1, steps: 6}}
folds: {{k: 2, run: [0]}}
network: unet-s
warm_start: {{epochs: 1, lr: 5.0e-3}}
train: {{epochs: 2, lr: 2.0e-3, batch_size: 4}}
grid:
  - loss: [{", ".join(LOSSES)}, dice+ce, "monai:DiceLoss"]
  - {{loss: [dice, jaccard], phi: [batch], epsilon: [mean_volume, 0]}}
"""


@pytest.fixture(scope="module")
def trained(tmp_path_factory):
    folder: Path = tmp_path_factory.mktemp("every-loss")
    (folder / "grid.yaml").write_text(GRID)
    plan = plan_sweep(folder / "grid.yaml").plan
    tracker = MemoryTracker()
    parent = tracker.open_sweep("every-loss", {})
    place = Workplace(parent, tracker, folder, torch.device("cpu"), lambda progress: None)
    return plan, tracker, run_slice(plan.trials, place)


def test_every_trial_finishes(trained):
    plan, tracker, states = trained
    reasons = {run.description.name: run.reason for run in tracker.runs.values() if run.reason is not None}
    assert reasons == {}
    assert set(states.values()) == {"finished"}
    assert {trial.loss.name for trial in plan.trials} == {*LOSSES, "dice+ce", "monai:DiceLoss"}
    assert len(states) == len(plan.trials)


def test_no_metric_of_any_epoch_is_nan(trained):
    _, tracker, _ = trained
    for run in tracker.runs.values():
        for _, metrics in run.points:
            assert all(math.isfinite(value) for value in metrics.values()), (run.description.name, metrics)
