"""Kill -9 of anything at any moment, then the same command: nothing is lost or there twice, little is redone."""

import os
import random
import time
from collections import Counter, defaultdict
from collections.abc import Sequence
from itertools import pairwise
from pathlib import Path

import pyarrow as pa
import pytest
from grids import PHANTOM, tiny_sweep
from mlflow import MlflowClient
from sweeps_under_fire import KINDS, Launching, bury

from segsweep import api
from segsweep.orchestration.home import Home
from segsweep.orchestration.in_process import InProcessExecutor
from segsweep.records.schemas import CASES
from segsweep.records.tables import read
from segsweep.tracking.protocol import CASES_FILE
from segsweep.training.checkpoint import SECONDS_AT_RISK
from segsweep.training.journal import Started, read_journals

pytestmark = pytest.mark.faults

KILLS = int(os.environ.get("SEGSWEEP_KILLS", "4"))
"""`make faults` makes 20 of them."""
SEED = 20
GRID = {
    "name": "under-fire",
    "datasets": {"phantom": {**PHANTOM, "size": 32, "steps": 40, "validation": 16}, "name": "phantoms"},
    "network": "unet-s",
    "folds": {"k": 2, "run": [0, 1]},
    "warm_start": {"epochs": 3, "lr": 0.003},
    "train": {"epochs": 6, "lr": 0.001, "batch_size": 8},
    "grid": [{"loss": ["ce", "dice", "jaccard", "lovasz"]}, {"loss": "wce", "weight": [2.0, 4.0]}],
    "resources": {"workers": 2},
    # a kill must not be able to use up the attempts of a trial
    "retry": 100,
}


@pytest.fixture(scope="module")
def uninterrupted(tmp_path_factory: pytest.TempPathFactory) -> pa.Table:
    """The cases of the sweep where nothing happens to it."""
    folder = tmp_path_factory.mktemp("uninterrupted")
    grid = folder / "grid.yaml"
    grid.write_text(tiny_sweep(**GRID))
    home = Home(folder / "home")
    launched = api.launch(grid, home=home, executor=InProcessExecutor())
    assert launched.started == 12
    return read(home.sweep("under-fire") / CASES_FILE, CASES)


def test_kill_anything_run_the_same_command(uninterrupted: pa.Table, tmp_path: Path) -> None:
    rng = random.Random(SEED)
    kinds = [KINDS[number % len(KINDS)] for number in range(KILLS)]
    rng.shuffle(kinds)
    sweeps = 0
    while kinds:
        sweeps += 1
        folder = tmp_path / str(sweeps)
        folder.mkdir()
        (folder / "grid.yaml").write_text(tiny_sweep(**GRID))
        kinds = _fire(folder, kinds, rng)
        _check(folder, uninterrupted)


def _fire(folder: Path, kinds: Sequence[str], rng: random.Random) -> list[str]:
    """Launch one sweep until it has ended by itself, killing as it goes; returns the kinds that were not used."""
    left, home, log = list(kinds), Home(folder / "home"), folder / "log.txt"
    while True:
        launching = Launching.start(folder / "grid.yaml", home, log)
        code = launching.wait(rng.uniform(5, 30)) if left else launching.wait(600)
        while code is None and left:
            family = launching.family()
            if launching.kill(left[0], rng):
                kind = left.pop(0)
                with log.open("a") as written:
                    written.write(f"*** killed: {kind}\n")
                if kind != "worker":  # with a dead worker the launch goes on by itself
                    code = launching.wait(120)
                    assert code is not None, "a launch without its head has to end"
                    assert bury(family, 60) == []
                    break
            code = launching.wait(rng.uniform(1, 8)) if left else launching.wait(600)
        if code == 0:
            return left


def _check(folder: Path, uninterrupted: pa.Table) -> None:
    home = Home(folder / "home")
    log = (folder / "log.txt").read_text()
    assert read(home.sweep("under-fire") / CASES_FILE, CASES).equals(uninterrupted), log
    finished = Counter(_finished_runs(home))
    assert len(finished) == 12, log
    assert set(finished.values()) == {1}, log
    for trial, seconds in redone(list(read_journals(home.journal))).items():
        assert seconds <= SECONDS_AT_RISK + 1, f"{trial}: {seconds:.1f} s done twice\n{log}"


def _finished_runs(home: Home) -> list[str]:
    client = MlflowClient(home.uri)
    experiments = [experiment.experiment_id for experiment in client.search_experiments()]
    query = "tags.`segsweep.state` = 'finished' and tags.`segsweep.kind` = 'trial'"
    return [run.data.tags["segsweep.trial"] for run in client.search_runs(experiments, query)]


def redone(journal: Sequence[Started]) -> dict[str, float]:
    """By trial or warm start: the most seconds of whole epochs that any interruption made to be done again.

    The epoch that was under way when it happened is not counted: it was never done.
    """
    started: dict[str, list[Started]] = defaultdict(list)
    for entry in sorted(journal, key=lambda entry: entry.start):
        started[entry.trial].append(entry)
    found = {}
    for trial, entries in started.items():
        worst = 0.0
        for before, after in pairwise(entries):
            if after.epoch < before.epoch:
                lost_from = next(entry.start for entry in reversed(entries) if _is(entry, after.epoch, before))
                worst = max(worst, before.start - lost_from)
        found[trial] = worst
    return found


def _is(entry: Started, epoch: int, before: Started) -> bool:
    return entry.epoch == epoch and entry.start <= before.start


def test_what_was_redone_is_read_from_the_journal() -> None:
    now = time.time()
    lines = [(1, 0), (2, 10), (3, 20), (2, 100), (3, 110), (3, 200), (4, 210), (1, 300)]
    journal = [Started("trial", epoch, 1, now + start) for epoch, start in lines]
    # first epoch 2 was lost (10 s), then none (epoch 3 was under way), then 1, 2 and 3, begun last at 0, 100 and 200
    assert redone(journal) == {"trial": pytest.approx(210)}
    assert redone(journal[:6]) == {"trial": pytest.approx(10)}
