"""How long readers of the service wait: `python benchmarks/service.py`.

A service on a sweep of 1,000 trials × 100 cases (the tables of `benchmarks/report.py`) and 50 readers at once, each
with a connection of its own, asking for the list, the sweep's page, a page of trials and one of comparisons in turn.
First while nothing is computed, then while the report of a second sweep of the same size is. To reach: p95 < 300 ms on
2 cores.
"""

import http.client
import multiprocessing
import tempfile
import threading
import time
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from report import cases_table, trials_table

from segsweep.records.manifest import Manifest, ManifestEntry
from segsweep.records.schemas import TRIALS
from segsweep.records.tables import table
from segsweep.service.serve import serve
from segsweep.service.settings import Settings
from segsweep.tracking.memory import MemoryTracker
from segsweep.tracking.protocol import CASES_FILE, SWEEP_FILE, TRIALS_FILE, Ending, RunDescription

READERS = 50
REQUESTS = 40
"""Of each reader."""
SETTINGS = 200
PAGES = (
    "/sweeps",
    "/sweeps/first",
    "/api/v1/sweeps/first/trials?limit=100",
    "/api/v1/sweeps/first/comparisons?limit=100",
)


def add_sweep(tracker: MemoryTracker, name: str, trials: pa.Table, cases: pa.Table) -> None:
    """Finished runs that hold these tables."""
    parent = tracker.open_sweep(name, {})
    rows = trials.to_pylist()
    starts = dict(zip(*(column.to_pylist() for column in pc.value_counts(cases["trial"]).flatten()), strict=True))
    first = 0
    for row in rows:
        tags = {"segsweep.trial": row["trial"], "segsweep.cohort": row["cohort"]}
        own = cases.slice(first, starts[row["trial"]])
        first += starts[row["trial"]]
        run = tracker.open_run(parent, RunDescription(row["setting"], "trial", {}, tags))
        run.finish(Ending("finished"), {}, {TRIALS_FILE: table([row], TRIALS), CASES_FILE: own})
    manifest = Manifest(name, {}, tuple(ManifestEntry(row, ()) for row in rows))
    tracker.write_files(parent, {SWEEP_FILE: manifest.to_json()})
    tracker.close_sweep(parent, "finished")


def run_service(results: Path, address: "multiprocessing.Queue[str]", second: "multiprocessing.Event") -> None:  # type: ignore[valid-type]
    """The service's process; the second sweep appears when told."""
    tracker = MemoryTracker()
    trials = trials_table(SETTINGS)
    cases = cases_table(trials, rng=np.random.default_rng(0))
    add_sweep(tracker, "first", trials, cases)

    def later() -> None:
        second.wait()
        add_sweep(tracker, "second", trials, cases)

    threading.Thread(target=later, daemon=True).start()
    serve(Settings("127.0.0.1", 0, results), lambda: tracker, address.put)


def get(connection: http.client.HTTPConnection, path: str) -> int:
    connection.request("GET", path)
    answer = connection.getresponse()
    answer.read()
    return answer.status


def read(port: int, waits: list[float]) -> None:
    """One reader."""
    connection = http.client.HTTPConnection("127.0.0.1", port)
    for number in range(REQUESTS):
        start = time.perf_counter()
        status = get(connection, PAGES[number % len(PAGES)])
        waits.append(time.perf_counter() - start)
        assert status == 200, status


def readers(port: int) -> str:
    """All at once; what they waited."""
    waits: list[float] = []
    threads = [threading.Thread(target=read, args=(port, waits)) for _ in range(READERS)]
    start = time.perf_counter()
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    seconds = time.perf_counter() - start
    middle, high = np.percentile(1000 * np.array(waits), [50, 95])
    return f"p50 {middle:.0f} ms, p95 {high:.0f} ms, {len(waits) / seconds:.0f} requests/s"


def wait_for_results(port: int, sweep: str) -> float:
    """Seconds until they are there."""
    start = time.perf_counter()
    connection = http.client.HTTPConnection("127.0.0.1", port)
    while get(connection, f"/api/v1/sweeps/{sweep}/settings?limit=1") != 200:
        time.sleep(0.1)
    return time.perf_counter() - start


def main() -> None:
    context = multiprocessing.get_context("spawn")
    address, second = context.Queue(), context.Event()
    with tempfile.TemporaryDirectory() as folder:
        service = context.Process(target=run_service, args=(Path(folder), address, second))
        service.start()
        port = int(address.get(timeout=120).rpartition(":")[2])
        print(f"results of the first sweep after {wait_for_results(port, 'first'):.1f} s")
        print(f"{READERS} readers, nothing computed: {readers(port)}")
        second.set()
        time.sleep(4)
        print(f"{READERS} readers, while a report is computed: {readers(port)}")
        print(f"results of the second sweep after {wait_for_results(port, 'second'):.1f} s more")
        service.terminate()
        service.join()


if __name__ == "__main__":
    main()
