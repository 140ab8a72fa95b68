"""Trials on a dataset with a test set: what they record of it, and that it has no part in what they learn."""

import shutil
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from file_trials import trial_on
from tiny_datasets import write_pictures
from workplaces import states, workplace

from segsweep.spec.trials import Trial
from segsweep.tracking.memory import MemoryRun, MemoryTracker
from segsweep.tracking.protocol import CASES_FILE, OVERLAYS_FILE
from segsweep.training.cohort import run_slice
from segsweep.training.workload import evaluation_cases
from segsweep.training.workplace import Judging

GRID: dict[str, Any] = {
    "network": "unet-s",
    "augment": "bertels2019",
    "train": {"epochs": 2, "lr": 0.01, "batch_size": 2},
    "warm_start": {"epochs": 1, "lr": 0.01},
}
COPIES = {f"copy-{number:02d}": f"case-{number:02d}" for number in range(10)}


@pytest.fixture
def pictures(tmp_path: Path) -> Path:
    """Ten cases, and a copy of each that is the test set."""
    folder = write_pictures(tmp_path / "pictures", 10)
    for copy, case in COPIES.items():
        for kind in ("images", "masks"):
            shutil.copy(folder / kind / f"{case}.png", folder / kind / f"{copy}.png")
    return folder


def run(trial: Trial, folder: Path, judging: Judging = Judging.EVERY_CASE) -> MemoryRun:
    tracker = MemoryTracker()
    place = replace(workplace(folder, tracker), judging=judging)
    assert states(run_slice([trial], place)) == {trial.id: judging.value}
    (found,) = (run for run in tracker.runs.values() if run.description.kind == "trial")
    return found


def rows(run: MemoryRun, table: str = CASES_FILE) -> list[dict[str, Any]]:
    return list(run.tables[table].to_pylist())


def without(row: Mapping[str, Any], *columns: str) -> dict[str, Any]:
    return {name: value for name, value in row.items() if name not in columns}


def test_every_test_case_is_judged_as_any_other_and_teaches_nothing(pictures: Path, tmp_path: Path) -> None:
    trial = trial_on(pictures, dataset={"test": {"id": list(COPIES)}}, **GRID)
    held = run(trial, tmp_path / "held")
    for copy in COPIES:
        for kind in ("images", "masks"):
            (pictures / kind / f"{copy}.png").unlink()
    alone = run(trial_on(pictures, **GRID), tmp_path / "alone")
    test = [row for row in rows(held) if row["split"] == "test"]
    others = [row for row in rows(held) if row["split"] != "test"]
    assert [without(row, "trial") for row in others] == [without(row, "trial") for row in rows(alone)]
    assert [point.metrics for point in held.points] == [point.metrics for point in alone.points]
    assert without(held.metrics, "seconds") == without(alone.metrics, "seconds")
    assert [without(row, "trial") for row in rows(held, OVERLAYS_FILE)] == [
        without(row, "trial") for row in rows(alone, OVERLAYS_FILE)
    ]
    by_case = {row["case"]: row for row in others}
    named = ("case", "group", "split")
    assert {row["case"] for row in test} == set(COPIES)
    for row in test:
        assert without(row, *named) == without(by_case[COPIES[row["case"]]], *named)
    assert evaluation_cases(trial) == len(rows(held)) == 20


def test_a_search_sees_nothing_of_it(pictures: Path, tmp_path: Path) -> None:
    trial = trial_on(pictures, dataset={"test": {"id": list(COPIES)}}, **GRID)
    searched = run(trial, tmp_path, Judging.INNER_CASES)
    assert {row["split"] for row in rows(searched)} == {"inner"}
    assert {row["case"] for row in rows(searched)}.isdisjoint(COPIES)
