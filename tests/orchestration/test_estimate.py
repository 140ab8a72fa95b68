"""What a sweep will cost: measured in this process, remembered, added up."""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest
from launching import Bench
from measurements import measured, outlook

from segsweep import api
from segsweep.orchestration.estimate import CHECKPOINT_COPIES, TABLE_COPIES, Disk, Estimate, estimate_of
from segsweep.orchestration.executor import Measurements
from segsweep.orchestration.forecast import AROUND_SECONDS
from segsweep.orchestration.in_process import InProcessExecutor
from segsweep.orchestration.outlook import LANE_COPIES, Outlook
from segsweep.orchestration.outlook import measured as measured_outlook
from segsweep.orchestration.planning import Planned, plan_sweep
from segsweep.orchestration.site import Node
from segsweep.spec.settings import Resources
from segsweep.terminal.estimates import print_estimate
from segsweep.training import probe
from segsweep.training.measured import Measured

GIB = 2**30


class Cluster(InProcessExecutor):
    """Machines with GPUs that exist on paper: what is measured there is made up."""

    def __init__(self, memory: int) -> None:
        self.memory = memory
        self.measured: list[tuple[float | str, int, int]] = []

    def nodes(self) -> Sequence[Node]:
        return [Node("one", 8, 2), Node("other", 8, 2)]

    def workers(self, resources: Resources) -> int:
        return int(4 / (1.0 if resources.gpus == "auto" else resources.gpus) + 1e-3)

    def measure(self, shapes: Any, modules: Path, resources: Resources, workers: int, on_measured: Any) -> Measurements:
        self.measured.append((resources.gpus, workers, len(shapes)))
        found = [
            [measured(trials, device_memory=10 * GIB, memory=self.memory, weights=0)] * workers for trials in shapes
        ]
        return Measurements(7.0, found)


def planned(bench: Bench, **changes: Any) -> Planned:
    return plan_sweep(bench.grid(**changes))


def on(cluster: Cluster, plan: Planned, bench: Bench) -> Any:
    return measured_outlook(plan, cluster, bench.home.measurements, lambda done, total: None)


class TestMeasured:
    @pytest.fixture
    def found(self, bench: Bench, monkeypatch: pytest.MonkeyPatch) -> Estimate:
        monkeypatch.setattr(probe, "SECONDS", 0.0)
        return api.estimate(bench.grid(), home=bench.home, executor=InProcessExecutor())

    def test_it_is_positive_and_adds_up(self, found: Estimate) -> None:
        assert 0 < found.forecast.training < found.wall
        assert found.wall == found.startup + found.decoding + found.forecast.training + AROUND_SECONDS
        assert [cost.named for cost in found.settings] == [
            ("phantoms", "logistic", "ce"),
            ("phantoms", "logistic", "dice"),
        ]
        assert sum(cost.trial for cost in found.settings) == pytest.approx(found.forecast.busy)
        assert all(0 < cost.step < cost.epoch < cost.trial for cost in found.settings)

    def test_it_leaves_nothing_but_what_it_remembers(self, bench: Bench, found: Estimate) -> None:
        (path,) = (path for path in bench.home.folder.rglob("*") if path.is_file())
        assert path.parent == bench.home.measurements
        assert Measured.from_json(json.loads(path.read_text())["measured"]) in [
            probed.measured for probed in found.outlook.probed.values()
        ]

    def test_a_second_time_it_is_remembered(self, bench: Bench, found: Estimate) -> None:
        assert api.estimate(bench.grid(), home=bench.home, executor=Refusing()) == found

    def test_folds_and_rates_are_no_other_measurement_and_another_loss_is(self, bench: Bench, found: Estimate) -> None:
        changes = {"folds": {"k": 3}, "train": {"epochs": 9, "lr": 0.5, "batch_size": 2}}
        longer = api.estimate(bench.grid(**changes), home=bench.home, executor=Refusing())
        assert longer.forecast.training > found.forecast.training
        with pytest.raises(AssertionError, match="measured again"):
            api.estimate(bench.grid(grid={"loss": "lovasz"}), home=bench.home, executor=Refusing())


class Refusing(InProcessExecutor):
    """Measures nothing."""

    def measure(self, *_: object) -> Measurements:
        raise AssertionError("measured again")


class TestSums:
    def test_decoding_comes_before_and_at_most_is_said(self, bench: Bench) -> None:
        plan = planned(bench, train={"epochs": 2, "lr": 0.01, "batch_size": 2, "patience": 1})
        found = estimate_of(plan, outlook(plan.plan.trials))
        assert (found.startup, found.decoding, found.at_most) == (64.0, 0.0, True)

    def test_disk(self, bench: Bench) -> None:
        plan = planned(bench, folds={"k": 2}, seeds=[0, 1])
        found = estimate_of(plan, outlook(plan.plan.trials, workers=3))
        # 8 trials of 6 cases in 4 cohorts, cut into 8 slices, of which 3 run at once
        assert found.disk == Disk(TABLE_COPIES * 8 * (6 * 100 + 50), 4 * 10, CHECKPOINT_COPIES * 3 * 10)

    def test_memory_counts_lanes_beyond_those_that_were_measured(self, bench: Bench) -> None:
        plan = planned(bench, grid=[{"loss": "dice", "epsilon": [1, 2, 3, 4, 5]}])
        assert estimate_of(plan, outlook(plan.plan.trials)).memory == 1000 + (5 - 2) * LANE_COPIES * 10


class TestGpus:
    def test_workers_are_packed_by_what_one_of_them_took_and_measured_again_together(self, bench: Bench) -> None:
        plan = planned(bench, folds={"k": 40})
        cluster = Cluster(memory=4 * GIB)
        found = on(cluster, plan, bench)
        # 9 of 10 GiB hold one worker of 4.6 GiB; a smaller one leaves room for a second
        assert (found.resources.gpus, found.workers, cluster.measured) == (1.0, 4, [("auto", 4, 1), (1.0, 4, 1)])
        smaller = Cluster(memory=2 * GIB)
        bench.home.measurements.rename(bench.folder / "aside")
        found = on(smaller, plan, bench)
        assert (found.workers, smaller.measured[1:]) == (12, [(0.3333, 12, 1)])

    def test_cores_are_not_given_away_twice(self, bench: Bench) -> None:
        found = on(Cluster(memory=0), planned(bench, folds={"k": 40}), bench)
        assert (found.resources.gpus, found.workers) == (0.25, 16)

    def test_gpu_hours(self, bench: Bench) -> None:
        plan = planned(bench, folds={"k": 40})
        found = estimate_of(plan, on(Cluster(memory=0), plan, bench))
        assert (found.gpu_memory, found.startup) == (10 * GIB, 7.0)
        assert found.device_seconds == pytest.approx(found.forecast.busy / 4)


class TestPrinted:
    """To the letter, of measurements made up by hand."""

    def printed(self, plan: Planned, seen: Outlook, capsys: pytest.CaptureFixture[str]) -> list[str]:
        print_estimate(estimate_of(plan, seen))
        return capsys.readouterr().out.splitlines()

    def test_on_cpus(self, bench: Bench, capsys: pytest.CaptureFixture[str]) -> None:
        plan = planned(bench, train={"epochs": 2, "lr": 0.01, "batch_size": 2, "patience": 1})
        seen = outlook(plan.plan.trials, memory=700 * 2**20, weights=3000)
        # in seconds: two epochs of 2 · 8 of steps and 4 · ½ of looks, a look before, 56 of evaluation: 94 of its own;
        # 17 before, 26.4 of the warm start, 11 of batches, 0.8 of tracking: half of 55.2
        assert self.printed(plan, seen, capsys) == [
            "dataset   network   loss setting  trials  step   epoch   evaluation  a trial in all",
            "phantoms  logistic  ce            1       8.0 s  18.0 s  56.0 s      121.6 s",
            "phantoms  logistic  dice          1       8.0 s  18.0 s  56.0 s      121.6 s",
            "time: at most 0:05:13: 0:01:04 to start, 0:00:00 to decode, 0:04:03 for 1 slice on 1 worker,"
            " 0:00:06 for store and report",
            "at most, because `patience` may end training before its last epoch",
            "CPU-hours: 0.07",
            "memory: 700 MiB per worker",
            "disk: 2.54 KiB of tables, 2.93 KiB of warm starts, 23.4 KiB of checkpoints while it runs",
        ]

    def test_on_gpus(self, bench: Bench, capsys: pytest.CaptureFixture[str]) -> None:
        plan = planned(bench, folds={"k": 40}, resources={"lanes": "auto"})
        lines = self.printed(plan, on(Cluster(memory=2 * GIB), plan, bench), capsys)
        assert "on 12 workers" in lines[3]
        assert lines[4] == "measured with lanes in turn: what `lanes: auto` gains or loses is not forecast"
        assert lines[5].startswith("GPU-hours: ")
        assert lines[6] == "memory: 2 GiB of a GPU per worker, which has 10 GiB: `gpus: 0.3333` for each"
