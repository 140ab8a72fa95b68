"""Break a running cluster in mid-sweep and see what it costs: `python deploy/faults.py docker` (or podman).

A worker is killed and started again, MLflow is restarted, and the S3 store is cut off for 20 s. The sweep must end with
one finished run of every trial, and with the numbers of a sweep that nothing happened to: it is launched a second time,
in this process. Ends with exit code 1 and a sentence about the first promise that is broken.
"""

import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable
from pathlib import Path

import pandas as pd
from stack import DEPLOY, MLFLOW, SERVICE, Secrets, asker, await_ready, command, promise, stopwatch, wait

import segsweep
from segsweep.orchestration.in_process import InProcessExecutor
from segsweep.tracking.mlflow_store import MlflowStore

GRID, TRIALS = DEPLOY / "faults.yaml", 18
OUTAGE_SECONDS = 20.0
LAUNCHES = 3
FINISHED = "tags.`segsweep.kind` = 'trial' and tags.`segsweep.state` = 'finished'"


def main() -> None:
    """From ready services to two equal tables, with times."""
    containers = Containers(sys.argv[1])
    secrets, note = Secrets.read(), stopwatch()
    service = asker(SERVICE, secrets.looks)

    def finished() -> int:
        return int(wait("the sweep is shown", lambda: service("/api/v1/sweeps/faults")["states"]).get("finished", 0))

    def more() -> None:
        """Wait until more trials are finished than are now."""
        before = finished()
        wait(f"more than {before} trials are finished", lambda: finished() > before)
        note(f"{finished()} trials are finished")

    await_ready(secrets)
    launch = command(secrets, ["launch", str(GRID)])
    more()
    worker, *_ = containers.of("ray-worker")
    containers.do("kill", worker)
    note("killed a worker")
    more()
    containers.do("start", worker)
    note("started it again")
    more()
    containers.do("restart", *containers.of("mlflow"))
    note("restarted MLflow")
    more()
    store = containers.of("s3")
    containers.do("pause", *store)
    try:
        time.sleep(OUTAGE_SECONDS)
    finally:
        containers.do("unpause", *store)
    note(f"cut the S3 store off for {OUTAGE_SECONDS:g} s")
    promise("all of it happened in mid-sweep", launch.poll() is None)
    launches = 1
    while launch.wait() != 0 and launches < LAUNCHES:
        note("the launch ended with trials left; the same command goes on")
        launch, launches = command(secrets, ["launch", str(GRID)]), launches + 1
    promise("a launch ends well", launch.returncode == 0)
    note(f"all trials are finished; launches: {launches}")
    await_ready(secrets)
    hold_to_one_process(note)


def hold_to_one_process(note: Callable[[str], None]) -> None:
    """The cluster's runs are one for each trial, and its table of cases is that of a sweep in this process."""
    store = MlflowStore(MLFLOW)
    experiment = store.client.get_experiment_by_name("faults").experiment_id
    runs = Counter(run.data.tags["segsweep.trial"] for run in store.search([experiment], FINISHED))
    note(f"{sum(runs.values())} finished runs of {len(runs)} trials")
    promise("every trial has one finished run", len(runs) == sum(runs.values()) == TRIALS)
    with tempfile.TemporaryDirectory() as folder:
        there, here = segsweep.Home(Path(folder) / "there", MLFLOW), segsweep.Home(Path(folder) / "here")
        segsweep.launch(GRID, home=here, executor=InProcessExecutor())
        cases, alone = (ordered(segsweep.tables("faults", home=home).cases) for home in (there, here))
    note(f"{len(cases)} rows of cases, {len(alone)} of the same sweep in one process")
    promise("both tables of cases are equal to the last bit", cases.equals(alone))
    note("both tables of cases are equal to the last bit")


def ordered(cases: pd.DataFrame) -> pd.DataFrame:
    """Rows in one order; lists as tuples, which can be compared."""
    lists = {column: cases[column].map(tuple) for column in ("predicted_at", "true_positive_at")}
    return cases.assign(**lists).sort_values(["trial", "case", "label", "truth"], ignore_index=True)


class Containers:
    """The containers of the compose file.

    Args:
        engine: `docker` or `podman`.
    """

    def __init__(self, engine: str) -> None:
        self._engine = engine

    def of(self, service: str) -> list[str]:
        """Ids of those of a service that run."""
        return self.do("ps", "--quiet", "--filter", f"label=com.docker.compose.service={service}").split()

    def do(self, *verb: str) -> str:
        """What an engine's verb prints."""
        return subprocess.run([self._engine, *verb], check=True, stdout=subprocess.PIPE, text=True).stdout


if __name__ == "__main__":
    main()
