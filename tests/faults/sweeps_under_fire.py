"""Launching a sweep as its users do, as processes of its own, and killing some of them."""

import os
import random
import signal
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from segsweep.orchestration.home import Home

KINDS = ("worker", "head", "launcher", "all")


@dataclass(frozen=True)
class Launching:
    """A launch that is under way, in a session of its own."""

    process: "subprocess.Popen[str]"

    @classmethod
    def start(cls, grid: Path, home: Home, log: Path, *arguments: str) -> "Launching":
        """Launch a grid; what it says is appended to a log."""
        command = [sys.executable, "-m", "segsweep", "launch", str(grid), "--home", str(home.folder), *arguments]
        with log.open("a") as written:
            process = subprocess.Popen(command, stdout=written, stderr=written, start_new_session=True, text=True)
        return cls(process)

    def family(self) -> dict[int, str]:
        """The launching process and all below it: number to name."""
        parents = {pid: (parent, name) for pid, parent, name in _processes()}
        mine = {self.process.pid}
        while more := {pid for pid, (parent, _) in parents.items() if parent in mine} - mine:
            mine |= more
        return {pid: parents[pid][1] for pid in sorted(mine) if pid in parents}

    def kill(self, kind: str, rng: random.Random) -> bool:
        """Kill -9 a worker, Ray's head, the launching process or all of them; False where it is not there."""
        family = self.family()
        targets: Sequence[int]
        if kind == "worker":
            workers = [pid for pid, name in family.items() if _trains(name)]
            targets = [rng.choice(workers)] if workers else []
        elif kind == "head":
            heads = [pid for pid, name in family.items() if name in ("gcs_server", "raylet")]
            targets = [rng.choice(heads)] if heads else []
        else:
            targets = [self.process.pid] if kind == "launcher" else list(family)
        for pid in targets:
            kill(pid)
        return bool(targets)

    def wait(self, seconds: float) -> int | None:
        """Its exit code; None where it is still at it."""
        try:
            return self.process.wait(seconds)
        except subprocess.TimeoutExpired:
            return None


def kill(pid: int) -> None:
    """Kill -9."""
    with suppress(ProcessLookupError):
        os.kill(pid, signal.SIGKILL)


def bury(family: Mapping[int, str], seconds: float) -> list[str]:
    """Kill what is left of a family after a while; returns what of it was still able to train."""
    deadline = time.monotonic() + seconds
    while workers := [name for pid, _, name in _processes() if pid in family and _trains(name)]:
        if time.monotonic() > deadline:
            break
        time.sleep(0.1)
    for pid, _, _ in list(_processes()):
        if pid in family:
            kill(pid)
    return workers


def _trains(name: str) -> bool:
    """Whether it is one of Ray's workers, busy, and none of its agents."""
    return name.startswith("ray::") and not name.endswith("Agent") and "IDLE" not in name


def _processes() -> Iterator[tuple[int, int, str]]:
    """(number, parent, name) of all processes that run; Ray's workers say in their titles what they do."""
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            name, _, rest = (folder / "stat").read_text().partition("(")[2].rpartition(")")
            title = (folder / "cmdline").read_bytes().split(b"\0")[0].decode(errors="replace")
        except OSError:
            continue
        state, parent = rest.split()[:2]
        if state not in "ZX":
            yield int(folder.name), int(parent), title if title.startswith("ray::") else name
