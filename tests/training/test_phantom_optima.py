"""Networks trained on phantoms end where the expected loss is lowest, as far from a flip as chance does not decide."""

from pathlib import Path

import numpy as np
import pytest
from scipy.stats import binom
from workplaces import states, workplace

from segsweep.orchestration.planning import plan_sweep
from segsweep.tracking.memory import MemoryTracker
from segsweep.tracking.protocol import CASES_FILE
from segsweep.training.cohort import run_slice

GRID = """
name: optima
datasets:
  - phantom: {PLACE, steps: 40, validation: 1000}
folds: {k: 2, run: [0]}
network: unet-s
warm_start: {epochs: 12, lr: 5.0e-3, plateau: 3}
train: {epochs: 16, lr: 2.0e-3, batch_size: 8, plateau: 1, patience: 6}
grid:
  - loss: [ce, dice, jaccard]
  - {loss: wce, weight: 2}
"""
CLOSE = 0.03  # of the uncertain volume


def optimum(loss: str, p: float, k: int, r: int) -> float:
    """The common prediction q of the uncertain area with the least expected loss, from every label there can be."""
    if loss in ("ce", "wce"):
        weight = {"ce": 1, "wce": 2}[loss]
        return weight * p / (weight * p + 1 - p)
    q, n = np.linspace(0, 1, 1001)[:, None], np.arange(k + 1)
    found, predicted, labelled = 1 + q * r * n / k, 1 + q * r, 1 + r * n / k
    value = 2 * found / (predicted + labelled) if loss == "dice" else found / (predicted + labelled - found)
    return float(q[int((value @ binom.pmf(n, k, p)).argmax()), 0])


@pytest.mark.slow
@pytest.mark.parametrize(("p", "k", "r"), [(0.3, 1, 4), (0.6, 1, 1), (0.3, 16, 1), (0.48, 16, 1)])
def test_training_ends_at_the_optimum(p: float, k: int, r: int, tmp_path: Path, memory_tracker: MemoryTracker) -> None:
    grid = tmp_path / "grid.yaml"
    grid.write_text(GRID.replace("PLACE", f"p: {p}, k: {k}, r: {r}"))
    trials = plan_sweep(grid).plan.trials
    assert set(states(run_slice(trials, workplace(tmp_path, memory_tracker))).values()) == {"finished"}
    runs = {run.description.parameters["loss"]: run for run in memory_tracker.runs.values() if CASES_FILE in run.tables}
    uncertain = trials[0].dataset.uncertain_volume  # type: ignore[union-attr]
    for loss, run in runs.items():
        volume = np.mean(run.tables[CASES_FILE]["volume_soft"].to_pylist())
        q = (volume - uncertain / r) / uncertain
        assert q == pytest.approx(optimum(loss, p, k, r), abs=CLOSE), loss
    assert runs.keys() == {"ce", "dice", "jaccard", "wce"}
