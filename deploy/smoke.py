"""Launch a sweep from outside on the running compose file and hold every part to its promise: `python deploy/smoke.py`.

Reads the secrets from .env. Ends with exit code 1 and a sentence about the first promise that is broken.
"""

import json
import os
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Callable
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parent.parent
RAY, MLFLOW, SERVICE = "http://127.0.0.1:8265", "http://127.0.0.1:5000", "http://127.0.0.1:8300"
PATIENCE = 300.0
WORKERS = 2


def main() -> None:
    """From ready services to a report, with times."""
    token = secrets()["RAY_AUTH_TOKEN"]
    service, ray = asker(SERVICE, secrets()["SEGSWEEP_TOKENS"].split(",")[0]), asker(RAY, token)
    note = stopwatch()
    await_ready(ray)
    note(f"everything is ready, {WORKERS} workers")
    promise("the service refuses strangers", refused(SERVICE + "/api/v1/sweeps") == 401)
    promise("Ray refuses strangers", refused(RAY + "/api/jobs/") in (401, 403))

    command = [sys.executable, "-m", "segsweep"]
    launch = subprocess.Popen(
        [*command, "launch", str(ROOT / "deploy" / "smoke.yaml"), "--address", RAY],
        env={**os.environ, "RAY_AUTH_MODE": "token", "RAY_AUTH_TOKEN": token},
    )
    wait("the service shows the sweep", lambda: service("/api/v1/sweeps/smoke")["state"] in ("running", "finished"))
    seen: set[str] = set()
    while launch.poll() is None:
        found = service("/api/v1/sweeps/smoke")
        if found["state"] == "running":
            seen |= set(found["states"])
        time.sleep(1)
    promise("the launch ends well", launch.returncode == 0)
    note(f"launched and ended; seen live: {', '.join(sorted(seen)) or 'nothing'}")
    promise("the sweep was seen live", bool(seen))

    wait("all trials are finished", lambda: service("/api/v1/sweeps/smoke")["states"] == {"finished": 6})
    wait("results are there", lambda: service("/api/v1/sweeps/smoke")["current"])
    rows = service("/api/v1/sweeps/smoke/volume-bias")["items"]
    errors = {row["setting"].split()[0]: row["bias"] for row in rows if row["estimator"] == "soft"}
    note(f"soft volume errors: {errors}")
    promise("soft Dice leaves out more of the uncertain area than cross-entropy does", errors["dice"] < errors["ce"])
    run = service("/api/v1/sweeps/smoke/trials")["items"][0]["run_id"]
    listed = asker(MLFLOW)(f"/api/2.0/mlflow/artifacts/list?run_id={run}")["files"]
    promise(
        "tables lie in the artifact store", {"cases.parquet", "trials.parquet"} <= {file["path"] for file in listed}
    )
    note("report, tables and volume bias are right")


def await_ready(ray: Callable[..., Any]) -> None:
    """Until a launch can be taken and shown."""
    wait("the service is ready", lambda: asker(SERVICE)("/readyz")["ready"])
    wait(f"{WORKERS} workers are there", lambda: len(alive(ray)) == WORKERS + 1)


def secrets() -> dict[str, str]:
    """Of .env."""
    return dict(line.split("=", 1) for line in (ROOT / ".env").read_text().splitlines() if "=" in line[1:])


def stopwatch() -> Callable[[str], None]:
    """Prints texts with the time since now."""
    started = time.monotonic()
    return lambda text: print(f"{time.monotonic() - started:6.1f} s  {text}", flush=True)


def asker(address: str, token: str | None = None) -> Callable[..., Any]:
    """A function of a path that gives the JSON there."""

    def ask(path: str) -> Any:
        headers = {"Authorization": f"Bearer {token}"} if token else {}
        with urllib.request.urlopen(urllib.request.Request(address + path, headers=headers), timeout=30) as answer:
            return json.load(answer)

    return ask


def alive(ray: Callable[..., Any]) -> list[Any]:
    """Nodes of the cluster."""
    return [node for node in ray("/nodes?view=summary")["data"]["summary"] if node["raylet"]["state"] == "ALIVE"]


def refused(url: str) -> int:
    """Status of a request without a token."""
    try:
        with urllib.request.urlopen(url, timeout=30) as answer:
            return int(answer.status)
    except urllib.error.HTTPError as error:
        return error.code


def wait(what: str, happens: Callable[[], Any]) -> Any:
    """Until something is so; returns it."""
    end, problem = time.monotonic() + PATIENCE, ""
    while time.monotonic() < end:
        try:
            if found := happens():
                return found
        except (OSError, KeyError) as error:
            problem = f": {error}"
        time.sleep(1)
    sys.exit(f"not within {PATIENCE:g} s: {what}{problem}")


def promise(what: str, kept: bool) -> None:
    """End where it is broken."""
    if not kept:
        sys.exit(f"not so: {what}")


if __name__ == "__main__":
    main()
