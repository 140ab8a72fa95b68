"""A few steps on real images, where they are at hand."""

from pathlib import Path
from typing import Any

import pytest
from grids import tiny_sweep
from workplaces import states, workplace

from segsweep.orchestration.planning import plan_sweep
from segsweep.tracking.memory import MemoryTracker
from segsweep.tracking.protocol import CASES_FILE
from segsweep.training.cohort import run_slice

SETTINGS = {
    "Task04_Hippocampus": {"source": "msd", "cases": 12, "spacing": [1, 1, 1], "size": [40, 56, 40]},
    "kvasir-seg": {"source": "folder", "cases": 24, "resize": [64, 64]},
}
UNITS = {"Task04_Hippocampus": "ml", "kvasir-seg": "px"}


@pytest.mark.slow
@pytest.mark.parametrize("name", SETTINGS)
def test_the_loss_falls_and_every_case_is_judged(
    name: str, real_data: Path, tmp_path: Path, memory_tracker: MemoryTracker
) -> None:
    block: dict[str, Any] = dict(SETTINGS[name])
    block[block.pop("source")] = str(real_data / name)
    grid = tmp_path / "grid.yaml"
    train = {"epochs": 4, "lr": 0.005, "batch_size": 2}
    grid.write_text(
        tiny_sweep(datasets=block, network="unet-s", augment="bertels2019", train=train, grid={"loss": "ce"})
    )
    (trial,) = plan_sweep(grid).plan.trials
    place = workplace(tmp_path, memory_tracker)
    assert states(run_slice([trial], place)) == {trial.id: "finished"}
    (run,) = (run for run in memory_tracker.runs.values() if run.description.kind == "trial")
    losses = [point.metrics["train/loss"] for point in run.points]
    assert losses[-1] < losses[0]
    cases = run.tables[CASES_FILE]
    split = trial.split
    assert set(cases["case"].to_pylist()) == {*split.train, *split.inner, *split.val}
    assert set(cases["unit"].to_pylist()) == {UNITS[name]}
