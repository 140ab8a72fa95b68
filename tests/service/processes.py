"""`segsweep serve` as a process of its own."""

import json
import os
import subprocess
import sys
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from segsweep.orchestration.home import Home

COMMAND = [sys.executable, "-m", "segsweep", "serve", "--port", "0"]


@contextmanager
def serving(home: Home, *options: str, **environment: str) -> Iterator[tuple[subprocess.Popen[str], str]]:
    """The process and its address; its log lies in the home folder."""
    with (home.folder / "log").open("w") as log:
        process = subprocess.Popen(
            [*COMMAND, "--home", str(home.folder), *options],
            stdout=subprocess.PIPE,
            stderr=log,
            text=True,
            env={**os.environ, **environment},
        )
    try:
        assert process.stdout is not None
        yield process, process.stdout.readline().removeprefix("segsweep: ").strip()
    finally:
        process.kill()
        process.communicate()


def ask(url: str, body: Any = None, **headers: str) -> tuple[int, Any]:
    """Status and JSON of an answer; with a body it is a POST, and an iterable is sent in chunks."""
    try:
        with urllib.request.urlopen(urllib.request.Request(url, body, headers=headers)) as answer:
            return answer.status, json.load(answer)
    except urllib.error.HTTPError as error:
        return error.code, json.load(error)
