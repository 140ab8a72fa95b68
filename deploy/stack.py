"""The running compose file as the scripts beside it see it: where it listens, what it answers, when it is ready."""

import json
import os
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

DEPLOY = Path(__file__).parent
RAY, MLFLOW, SERVICE = "http://127.0.0.1:8265", "http://127.0.0.1:5000", "http://127.0.0.1:8300"
PATIENCE = 300.0
WORKERS = 2


@dataclass(frozen=True)
class Secrets:
    """Of .env.

    Args:
        ray: token of the Ray cluster.
        looks: token of the service that looks only.
        launches: token of the service that may launch, too.
    """

    ray: str
    looks: str
    launches: str

    @classmethod
    def read(cls) -> "Secrets":
        """From the file that deploy/secrets.sh wrote."""
        lines = (DEPLOY.parent / ".env").read_text().splitlines()
        values = dict(line.split("=", 1) for line in lines if "=" in line and not line.startswith("#"))
        tokens = {token.startswith("launch-"): token for token in values["SEGSWEEP_TOKENS"].split(",")}
        return cls(values["RAY_AUTH_TOKEN"], looks=tokens[False], launches=tokens[True])


def answer(url: str, token: str | None = None, body: bytes | None = None) -> tuple[int, bytes]:
    """Status and content; a refusal is an answer too. With a body it is a POST."""
    headers = {"Authorization": f"Bearer {token}"} if token else {}
    try:
        with urllib.request.urlopen(urllib.request.Request(url, body, headers), timeout=30) as answered:
            return answered.status, answered.read()
    except urllib.error.HTTPError as error:
        return error.code, error.read()


def asker(address: str, token: str | None = None) -> Callable[[str], Any]:
    """A function of a path that gives the JSON there, or raises `OSError` where it is refused."""

    def ask(path: str) -> Any:
        status, content = answer(address + path, token)
        if status >= 400:
            raise OSError(f"{address}{path} answers {status}")
        return json.loads(content)

    return ask


def command(secrets: Secrets, arguments: Sequence[str]) -> "subprocess.Popen[bytes]":
    """A segsweep command of this machine, against the cluster."""
    tokens = {"RAY_AUTH_MODE": "token", "RAY_AUTH_TOKEN": secrets.ray}
    return subprocess.Popen(
        [sys.executable, "-m", "segsweep", *arguments, "--address", RAY], env={**os.environ, **tokens}
    )


def await_ready(secrets: Secrets) -> None:
    """Until a launch can be taken and shown."""
    ray = asker(RAY, secrets.ray)
    wait("the service is ready", lambda: asker(SERVICE)("/readyz")["ready"])
    wait(f"{WORKERS} workers are there", lambda: len(_alive(ray)) == WORKERS + 1)


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


def stopwatch() -> Callable[[str], None]:
    """Prints texts with the time since now."""
    started = time.monotonic()
    return lambda text: print(f"{time.monotonic() - started:6.1f} s  {text}", flush=True)


def _alive(ray: Callable[[str], Any]) -> list[Any]:
    """Nodes of the cluster."""
    return [node for node in ray("/nodes?view=summary")["data"]["summary"] if node["raylet"]["state"] == "ALIVE"]
