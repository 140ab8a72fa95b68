"""Stacked lanes against lanes in turn, trained to the end in float32: the same Dice."""

import math
from dataclasses import replace
from pathlib import Path
from statistics import fmean, stdev
from typing import Any

import pyarrow as pa
import pytest
from grids import PHANTOM, plan_of, tiny_sweep
from scipy.stats import t
from workplaces import states, workplace

from segsweep.spec.trials import Trial
from segsweep.tracking.memory import MemoryTracker
from segsweep.tracking.protocol import CASES_FILE
from segsweep.training.cohort import run_slice

SEEDS = 5
MARGIN = 0.01
"""Dice; what the report calls no difference."""


def mean_dice(given: tuple[Trial, ...], folder: Path, lanes: str) -> float:
    """Over all cases and losses of a cohort."""
    tracker = MemoryTracker()
    place = replace(workplace(folder, tracker), lanes=lanes)
    assert set(states(run_slice(given, place)).values()) == {"finished"}
    tables = [run.tables[CASES_FILE] for run in tracker.runs.values() if CASES_FILE in run.tables]
    return fmean(value for table in tables for value in dices(table))


def dices(table: pa.Table) -> list[Any]:
    return list(table["dice"].to_pylist())


@pytest.mark.slow
def test_over_five_seeds_the_difference_in_dice_is_none(tmp_path: Path) -> None:
    plan = plan_of(
        tiny_sweep(
            datasets={"phantom": {**PHANTOM, "size": 32, "steps": 30, "validation": 40, "evaluation": 60}, "name": "p"},
            network="unet-s",
            seeds=list(range(SEEDS)),
            warm_start={"epochs": 4, "lr": 5e-3},
            train={"epochs": 6, "lr": 2e-3, "batch_size": 8},
            grid={"loss": ["ce", "dice", "jaccard", "lovasz"]},
        )
    )
    differences = [
        mean_dice(given, tmp_path / f"fused {cohort}", "fused")
        - mean_dice(given, tmp_path / f"sequential {cohort}", "sequential")
        for cohort, given in plan.cohorts().items()
    ]
    assert len(differences) == SEEDS
    half = float(t.ppf(0.975, SEEDS - 1)) * stdev(differences) / math.sqrt(SEEDS)
    assert abs(fmean(differences)) + half < MARGIN
