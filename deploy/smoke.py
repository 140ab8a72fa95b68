"""Launch a sweep from outside on the running compose file and hold every part to its promise: `python deploy/smoke.py`.

Reads the secrets from .env. Ends with exit code 1 and a sentence about the first promise that is broken.
"""

import time

from stack import (
    DEPLOY,
    MLFLOW,
    RAY,
    SERVICE,
    WORKERS,
    Secrets,
    answer,
    asker,
    await_ready,
    command,
    promise,
    stopwatch,
    wait,
)


def main() -> None:
    """From ready services to a report, with times."""
    secrets, note = Secrets.read(), stopwatch()
    service = asker(SERVICE, secrets.looks)
    await_ready(secrets)
    note(f"everything is ready, {WORKERS} workers")
    promise("the service refuses strangers", answer(SERVICE + "/api/v1/sweeps")[0] == 401)
    promise("Ray refuses strangers", answer(RAY + "/api/jobs/")[0] in (401, 403))

    launch = command(secrets, ["launch", str(DEPLOY / "smoke.yaml")])
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


if __name__ == "__main__":
    main()
