"""Which process holds something, and whether it is still there."""

import os
import socket
from dataclasses import dataclass
from functools import cache
from pathlib import Path


@dataclass(frozen=True)
class Process:
    """A process, told apart from any later one with its number.

    Args:
        host: for people.
        realm: the running kernel and its space of process numbers; empty where the system does not tell.
        pid: number in that space.
        started: clock ticks between the kernel's start and the process's.
    """

    host: str
    realm: str
    pid: int
    started: int

    def is_here(self) -> bool:
        """Whether it is one that this process can see: of the same machine, and of the same container if any."""
        return bool(self.realm) and self.realm == _realm()

    def is_gone(self) -> bool:
        """Whether it is known to have ended. A process that cannot be seen may be there or not."""
        return self.is_here() and _started(self.pid) != self.started

    def __str__(self) -> str:
        return f"process {self.pid} on {self.host}"


def this_process() -> Process:
    """The process that asks."""
    pid = os.getpid()
    return Process(socket.gethostname(), _realm(), pid, _started(pid) or 0)


def children_named(*names: str) -> tuple[Process, ...]:
    """The child processes of this one that run a program of one of these names; none where the system does not tell."""
    found = []
    for listed in Path("/proc/self/task").glob("*/children"):
        for pid in map(int, listed.read_text().split()):
            started = _started(pid)
            if started is not None and Path(f"/proc/{pid}/comm").read_text().strip() in names:
                found.append(Process(socket.gethostname(), _realm(), pid, started))
    return tuple(found)


@cache
def _realm() -> str:
    try:
        boot = Path("/proc/sys/kernel/random/boot_id").read_text().strip()
        return f"{boot} {os.readlink('/proc/self/ns/pid')}"
    except OSError:
        return ""


def _started(pid: int) -> int | None:
    """None where there is no such process, or only what a parent has not yet buried of it."""
    try:
        # the name, in brackets, may itself hold blanks and brackets
        state, *fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except OSError:
        return None
    return None if state in "ZX" else int(fields[18])
