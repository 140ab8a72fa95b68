"""Every loss of the catalogue trains, through the trainer that sweeps use, without a single NaN.

Losses of one foreground label on the phantoms of the quickstart, all others on tiny volumes with two labels.
"""

import math
from pathlib import Path

import pytest
from tiny_datasets import write_decathlon
from workplaces import states, workplace

from segsweep.orchestration.planning import plan_sweep
from segsweep.spec.catalogue import ENTRIES
from segsweep.tracking.memory import MemoryTracker
from segsweep.training.cohort import run_slice

# MONAI's surface distances warn about an argument that MONAI itself passes
pytestmark = [pytest.mark.slow, pytest.mark.filterwarnings("ignore:.*always_return_as_numpy:FutureWarning")]

BINARY = [entry.name for entry in ENTRIES if not entry.multi_class_only]
MULTI_CLASS = [entry.name for entry in ENTRIES if not entry.binary_only]
PHANTOMS = f"""
name: every-loss
datasets:
  - phantom: {{p: 0.48, k: 16, r: 1, steps: 6}}
folds: {{k: 2, run: [0]}}
network: unet-s
warm_start: {{epochs: 1, lr: 5.0e-3}}
train: {{epochs: 2, lr: 2.0e-3, batch_size: 4}}
grid:
  - loss: [{", ".join(BINARY)}, dice+ce, "monai:DiceLoss"]
  - {{loss: [dice, jaccard], phi: [batch], epsilon: [mean_volume, 0]}}
"""
VOLUMES = f"""
name: every-loss
datasets:
  - msd: FOLDER
    size: [16, 16, 8]
folds: {{k: 2, run: [0]}}
network: unet-s
warm_start: {{epochs: 1, lr: 5.0e-3}}
train: {{epochs: 2, lr: 2.0e-3, batch_size: 2}}
grid:
  - loss: [{", ".join(MULTI_CLASS)}, dice+ce, "monai:GeneralizedDiceLoss"]
  - {{loss: [dice, jaccard], phi: [class, all], epsilon: [mean_volume, 0]}}
"""


@pytest.fixture(scope="module", params=[(PHANTOMS, BINARY), (VOLUMES, MULTI_CLASS)], ids=["phantoms", "volumes"])
def trained(request, tmp_path_factory):
    grid, losses = request.param
    folder: Path = tmp_path_factory.mktemp("every-loss")
    volumes = write_decathlon(folder / "volumes", 8, shape=(16, 16, 8))
    (folder / "grid.yaml").write_text(grid.replace("FOLDER", str(volumes)))
    plan = plan_sweep(folder / "grid.yaml").plan
    tracker = MemoryTracker()
    place = workplace(folder / "place", tracker)
    endings = [run_slice(trials, place) for trials in plan.cohorts().values()]
    return plan, tracker, {name: state for ended in endings for name, state in states(ended).items()}, losses


def test_every_trial_finishes(trained):
    plan, tracker, ended, losses = trained
    reasons = {run.description.name: run.reason for run in tracker.runs.values() if run.reason is not None}
    assert reasons == {}
    assert set(ended.values()) == {"finished"}
    assert {trial.loss.name for trial in plan.trials} > {*losses, "dice+ce"}
    assert len(ended) == len(plan.trials)


def test_no_metric_of_any_epoch_is_nan(trained):
    _, tracker, *_ = trained
    for run in tracker.runs.values():
        for point in run.points:
            assert all(math.isfinite(value) for value in point.metrics.values()), (run.description.name, point)
