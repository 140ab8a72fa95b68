"""Lanes in turn or stacked: what is chosen, what is kept, and that measuring leaves no trace."""

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch
from grids import plan_of, tiny_sweep
from torch import nn
from workplaces import states, workplace

from segsweep.data.batches import Batch
from segsweep.losses import Dice
from segsweep.spec.settings import Network, Stopping
from segsweep.spec.trials import Trial
from segsweep.store.keys import execution_key
from segsweep.tracking.memory import MemoryTracker
from segsweep.tracking.protocol import CASES_FILE, TRIALS_FILE
from segsweep.training.cohort import run_slice
from segsweep.training.execution import Named
from segsweep.training.execution_choice import measure
from segsweep.training.lane import Lane
from segsweep.training.networks import build_network
from segsweep.training.workplace import Workplace

ROUNDING = 1e-3
"""Of soft volumes of some 30 pixels after a few steps in float32; a stack sums in another order."""


def lanes(count: int = 3, network: nn.Module | None = None) -> Named:
    built = [
        network or build_network(Network(preset="unet-s"), axes=2, channels=1, outputs=1, seed=number)
        for number in range(count)
    ]
    stop = Stopping(epochs=9)
    return [
        (str(number), Lane(each, Dice(), stop, lr=1e-3, device=torch.device("cpu"), amp=False))
        for number, each in enumerate(built)
    ]


def batch() -> Batch:
    generator = torch.Generator().manual_seed(0)
    images = torch.randn(2, 1, 16, 16, generator=generator)
    return Batch(images, (images > 1).float())


class TestMeasure:
    def test_both_ways_are_timed(self) -> None:
        found = measure(lanes(), batch())
        assert (set(found.seconds), found.obstacle) == ({"sequential", "fused"}, None)
        assert found.execution in found.seconds
        assert all(0 < seconds < 60 for seconds in found.seconds.values())

    def test_it_leaves_no_trace(self) -> None:
        measured, untouched = lanes(), lanes()
        torch.manual_seed(1)
        expected = torch.rand(3)
        torch.manual_seed(1)
        measure(measured, batch())
        assert torch.rand(3).equal(expected)
        for (_, one), (_, other) in zip(measured, untouched, strict=True):
            one.step(batch(), seed=0)
            other.step(batch(), seed=0)
            for weight, same in zip(one.network.parameters(), other.network.parameters(), strict=True):
                assert weight.equal(same)

    def test_what_cannot_be_stacked_is_trained_in_turn(self) -> None:
        norm = nn.Sequential(nn.Conv2d(1, 1, 3, padding=1), nn.BatchNorm2d(1))
        found = measure(lanes(network=norm), batch())
        assert found.execution == "sequential"
        assert str(found.obstacle).startswith("RuntimeError: Batch norm got a batched tensor")

    def test_one_lane_is_not_stacked(self) -> None:
        assert measure(lanes(1), batch()).execution == "sequential"


def trials(**changes: Any) -> tuple[Trial, ...]:
    return plan_of(tiny_sweep(grid={"loss": ["ce", "dice", "lovasz"]}, network="unet-s", **changes)).trials


def tables(place: Workplace, file: str) -> dict[str, list[dict[str, Any]]]:
    assert isinstance(place.tracker, MemoryTracker)
    runs = place.tracker.runs.values()
    return {run.description.tags["segsweep.trial"]: run.tables[file].to_pylist() for run in runs if file in run.tables}


def trained(place: Workplace, given: tuple[Trial, ...]) -> dict[str, list[dict[str, Any]]]:
    assert set(states(run_slice(given, place)).values()) == {"finished"}
    return tables(place, CASES_FILE)


def ways(place: Workplace) -> set[str]:
    return {row["lanes"] for (row,) in tables(place, TRIALS_FILE).values()}


class TestSlices:
    def test_stacked_trials_are_those_in_turn_to_rounding(self, tmp_path: Path) -> None:
        one, other = workplace(tmp_path / "one"), replace(workplace(tmp_path / "other"), lanes="fused")
        sequential, fused = trained(one, trials()), trained(other, trials())
        assert (ways(one), ways(other)) == ({"sequential"}, {"fused"})
        assert sequential != fused
        for trial, rows in sequential.items():
            volumes = [row["volume_soft"] for row in rows]
            assert [row["volume_soft"] for row in fused[trial]] == pytest.approx(volumes, abs=ROUNDING)

    @pytest.mark.parametrize("kept", ["sequential", "fused"])
    def test_auto_takes_what_was_chosen_for_the_cohort_before(self, tmp_path: Path, kept: str) -> None:
        place = replace(workplace(tmp_path), lanes="auto")
        given = trials()
        choice = {"execution": kept, "seconds": {}, "obstacle": None}
        place.blobs.create(execution_key(given[0].cohort), json.dumps(choice).encode())
        trained(place, given[:2])
        assert ways(place) == {kept}

    def test_auto_measures_and_keeps_what_it_chose(self, tmp_path: Path) -> None:
        place = replace(workplace(tmp_path), lanes="auto")
        given = trials()
        trained(place, given)
        kept = json.loads(place.blobs.get(execution_key(given[0].cohort)) or b"")
        assert set(kept["seconds"]) == {"sequential", "fused"}
        assert ways(place) == {kept["execution"]}

    def test_a_lane_that_fails_leaves_the_stack(self, tmp_path: Path) -> None:
        place = replace(workplace(tmp_path), lanes="fused")
        given = plan_of(tiny_sweep(grid={"loss": ["user_losses:raises", "ce", "dice"]}, network="unet-s")).trials
        found = states(run_slice(given, place))
        assert [found[trial.id] for trial in given] == ["failed", "finished", "finished"]
