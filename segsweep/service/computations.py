"""Results that are being computed, one at a time, beside the requests."""

import asyncio
import pickle
import sys
import time
from asyncio.subprocess import PIPE, Process
from contextlib import suppress
from dataclasses import dataclass
from enum import Enum

from segsweep.records.manifest import Manifest
from segsweep.service import compute
from segsweep.service.results_folder import ResultsFolder
from segsweep.tracking.protocol import Reader

LONGEST = 900.0
"""Seconds after which a computation is given up."""
_PATIENCE = 60.0
"""Seconds before what failed is tried again."""
# not multiprocessing: starting one of its processes waits for ever for a child that dies before it has read its task
_COMMAND = (sys.executable, "-P", "-m", compute.__name__)


class Outcome(Enum):
    """How a computation ended."""

    DONE = "done"
    FAILED = "failed"


@dataclass(frozen=True)
class Failure:
    """Why there are no results, and since when."""

    reason: str
    at: float


class Computations:
    """Used from one event loop.

    Args:
        kept: where results go.
    """

    def __init__(self, kept: ResultsFolder) -> None:
        self.kept = kept
        self.ended: dict[Outcome, int] = dict.fromkeys(Outcome, 0)
        self.seconds = 0.0
        self._tasks: dict[str, asyncio.Task[None]] = {}
        self._failures: dict[str, Failure] = {}
        self._turn = asyncio.Semaphore(1)

    @property
    def waiting(self) -> int:
        """Computations that run or wait for their turn."""
        return len(self._tasks)

    def request(self, tracker: Reader, manifest: Manifest, key: str) -> None:
        """Have results computed, unless they are there, under way, or failed a moment ago."""
        failure = self._failures.get(key)
        recent = failure is not None and time.monotonic() - failure.at < _PATIENCE
        if key in self._tasks or recent or self.kept.find(manifest.sweep, key) is not None:
            return
        self._failures.pop(key, None)
        task = asyncio.create_task(self._run(tracker, manifest, key))
        self._tasks[key] = task
        task.add_done_callback(lambda _: self._tasks.pop(key))

    def why_failed(self, key: str) -> str | None:
        """Why a content has no results, if it was tried."""
        failure = self._failures.get(key)
        return failure.reason if failure is not None else None

    async def close(self) -> None:
        """Give up what is under way."""
        tasks = list(self._tasks.values())
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    async def _run(self, tracker: Reader, manifest: Manifest, key: str) -> None:
        async with self._turn:
            started = time.monotonic()
            process = await asyncio.create_subprocess_exec(*_COMMAND, stdin=PIPE, stdout=PIPE)
            try:
                async with asyncio.timeout(LONGEST):
                    said, _ = await process.communicate(pickle.dumps((tracker, manifest, key, self.kept)))
                reason = (
                    said.decode() if process.returncode == 0 else f"its process ended with code {process.returncode}"
                )
            except TimeoutError:
                reason = f"it took longer than {LONGEST:g} s"
            finally:
                await _stop(process)
            self.seconds += time.monotonic() - started
            self.ended[Outcome.FAILED if reason else Outcome.DONE] += 1
            if reason:
                self._failures[key] = Failure(reason, time.monotonic())


async def _stop(process: Process) -> None:
    with suppress(ProcessLookupError):  # it has ended
        process.kill()
    await process.wait()
