"""Send a grid to the service of the running compose file: `python deploy/sent.py`.

Refused with a token that only looks, it becomes a job of the Ray cluster with one that may launch. The service shows it
live, in its interface and on its page; it is cancelled in mid-sweep and sent again. What was finished must not be run
again, and the report must say what theory says. Ends with exit code 1 and a sentence about the first promise that is
broken.
"""

import json
from typing import Any

from stack import DEPLOY, RAY, SERVICE, Secrets, answer, asker, await_ready, command, promise, stopwatch, wait

GRID = DEPLOY / "sent.yaml"
SWEEPS, SWEEP, TRIALS = "/api/v1/sweeps", "/api/v1/sweeps/sent", 12
OPTIMUM, BAND = -0.30, 0.05
"""Volume error of soft Dice beside cross-entropy's, of the uncertain volume: at p = 0.30 all of it is left out."""
UNCERTAIN_VOLUME = 48.0
"""Pixels of the grid's phantom."""


def main() -> None:
    """From a request to a report, with times."""
    secrets, note = Secrets.read(), stopwatch()
    service, ray = asker(SERVICE, secrets.looks), asker(RAY, secrets.ray)

    def send(token: str) -> tuple[int, Any]:
        status, said = answer(SERVICE + SWEEPS, token, GRID.read_bytes())
        return status, json.loads(said)

    def finished() -> set[str]:
        """Runs of finished trials."""
        return {trial["run_id"] for trial in service(f"{SWEEP}/trials?state=finished")["items"]}

    await_ready(secrets)
    promise("a token that only looks launches nothing", send(secrets.looks)[0] == 403)
    status, said = send(secrets.launches)
    promise(f"the service takes a grid: {status} {said}", status == 202)
    promise("it is a job of the cluster", ray(f"/api/jobs/{said['job']}")["status"] in ("PENDING", "RUNNING"))
    promise("it is launched once at a time", send(secrets.launches)[0] == 409)
    note(f"sent, and launched as {said['job']}")

    wait("some trials are finished", finished)
    shown, (status, page) = service(SWEEP), answer(SERVICE + said["page"], secrets.looks)
    promise("the interface shows it live", shown["state"] == "running" and 0 < shown["states"]["finished"] < TRIALS)
    promise("the page shows it live", status == 200 and b'<div id="progress" data-live' in page)
    note(f"seen live: {shown['states']}")

    promise("it can be cancelled", command(secrets, ["cancel", "sent"]).wait() == 0)
    wait("it has stopped", lambda: service(SWEEP)["state"] != "running")
    before = wait("its trials are known", finished)
    note(f"cancelled: {service(SWEEP)['states']}")
    promise("it was cancelled in mid-sweep", len(before) < TRIALS)
    wait("it is taken again", lambda: send(secrets.launches)[0] == 202)

    wait("all trials are finished", lambda: service(SWEEP)["states"] == {"finished": TRIALS})
    promise("what was finished was not run again", before <= finished())
    wait("results are there", lambda: service(SWEEP)["state"] == "finished" and service(SWEEP)["current"])
    rows = service(f"{SWEEP}/volume-bias")["items"]
    error = {row["setting"].split()[0]: row["bias"] / UNCERTAIN_VOLUME for row in rows if row["estimator"] == "soft"}
    left_out = {loss: error[loss] - error["ce"] for loss in ("dice", "jaccard")}
    note(f"soft volume errors beside cross-entropy's, of the uncertain volume: {left_out}")
    promise("they are theory's", all(abs(found - OPTIMUM) < BAND for found in left_out.values()))
    status, page = answer(f"{SERVICE}{SWEEP}/report.html", secrets.looks)
    promise("there is a report", status == 200 and all(loss.encode() in page for loss in error))
    note("sent again, and reported as theory says")


if __name__ == "__main__":
    main()
