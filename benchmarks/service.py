"""How long readers of the service wait: `python benchmarks/service.py [FOLDER]`.

`segsweep serve` on a sweep of 1,000 trials × 100 cases (the tables of `benchmarks/report.py`) in MLflow's embedded
store, and 50 readers at once, each with a connection of its own, asking for the list, the sweep's page, a page of
trials and one of comparisons in turn. First while nothing is computed, then while the report of a second sweep of the
same trials is. To reach: p95 < 300 ms on 2 cores. Filling the store takes minutes; in a FOLDER it is kept for the next
time.
"""

import http.client
import resource
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from report import cases_table, trials_table

from segsweep.api import open_tracker
from segsweep.orchestration.home import Home
from segsweep.records.manifest import Manifest, ManifestEntry
from segsweep.records.schemas import TRIALS
from segsweep.records.tables import table
from segsweep.tracking.protocol import CASES_FILE, SWEEP_FILE, TRIALS_FILE, Ending, RunDescription, Tracker

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


def fill(tracker: Tracker, trials: pa.Table, cases: pa.Table) -> None:
    """A finished sweep whose runs hold these tables."""
    parent = open_sweep(tracker, "first", trials)
    for row in trials.to_pylist():
        tags = {"segsweep.trial": row["trial"], "segsweep.cohort": row["cohort"]}
        own = cases.filter(pc.equal(cases["trial"], row["trial"]))
        run = tracker.open_run(parent, RunDescription(row["setting"], "trial", {}, tags))
        run.finish(Ending("finished"), {}, {TRIALS_FILE: table([row], TRIALS), CASES_FILE: own})
    tracker.flush()
    tracker.close_sweep(parent, "finished")


def open_sweep(tracker: Tracker, name: str, trials: pa.Table) -> str:
    """Of trials that may have been run by another."""
    parent = tracker.open_sweep(name, {})
    manifest = Manifest(name, {}, tuple(ManifestEntry(row, ()) for row in trials.to_pylist()))
    tracker.write_files(parent, {SWEEP_FILE: manifest.to_json()})
    return parent


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
    middle, high, last = np.percentile(1000 * np.array(waits), [50, 95, 100])
    return f"p50 {middle:.0f} ms, p95 {high:.0f} ms, longest {last:.0f} ms, {len(waits) / seconds:.0f} requests/s"


def wait_for(port: int, path: str) -> float:
    """Seconds until it is answered with 200."""
    start = time.perf_counter()
    connection = http.client.HTTPConnection("127.0.0.1", port)
    while get(connection, path) != 200:
        time.sleep(0.1)
    return time.perf_counter() - start


def measure(home: Home, trials: pa.Table) -> None:
    """Start the service, read, and end it."""
    command = [sys.executable, "-m", "segsweep", "serve", "--home", str(home.folder), "--port", "0"]
    with (home.folder / "service.log").open("w") as log:
        service = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=log, text=True)
    assert service.stdout is not None
    port = int(service.stdout.readline().rpartition(":")[2])
    wait_for(port, "/api/v1/sweeps/first")
    print(f"results of the first sweep after {wait_for(port, '/api/v1/sweeps/first/settings'):.1f} s")
    print(f"{READERS} readers, nothing computed: {readers(port)}", flush=True)
    tracker = open_tracker(home)
    second = f"second-{time.time():.0f}"
    tracker.close_sweep(open_sweep(tracker, second, trials), "finished")
    wait_for(port, f"/api/v1/sweeps/{second}")
    start = time.perf_counter()
    computed = threading.Thread(target=wait_for, args=(port, f"/api/v1/sweeps/{second}/settings"))
    computed.start()
    waits = readers(port)
    still = computed.is_alive()
    computed.join()
    seconds = time.perf_counter() - start
    print(f"{READERS} readers, while a report is computed ({seconds:.1f} s, still under way: {still}): {waits}")
    peak = Path(f"/proc/{service.pid}/status").read_text().partition("VmHWM:")[2].split()[0]
    service.terminate()
    service.wait()
    largest = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss
    print(f"peak of the service {int(peak) / 2**10:.0f} MiB, of the largest process {largest / 2**10:.0f} MiB")


def main() -> None:
    with tempfile.TemporaryDirectory() as temporary:
        home = Home(Path(sys.argv[1] if len(sys.argv) > 1 else temporary))
        trials = trials_table(SETTINGS)
        if not home.has_runs:
            start = time.perf_counter()
            fill(open_tracker(home), trials, cases_table(trials, rng=np.random.default_rng(0)))
            print(f"store filled in {time.perf_counter() - start:.0f} s", flush=True)
        measure(home, trials)


if __name__ == "__main__":
    main()
