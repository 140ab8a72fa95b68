"""Results that are being computed, one at a time, beside the requests."""

import asyncio
import multiprocessing
import time
from dataclasses import dataclass
from enum import Enum
from multiprocessing.context import SpawnProcess

from segsweep.records.manifest import Manifest
from segsweep.service.compute import compute
from segsweep.service.results_folder import ResultsFolder
from segsweep.tracking.protocol import Tracker

LONGEST = 900.0
"""Seconds after which a computation is given up."""
_PATIENCE = 60.0
"""Seconds before what failed is tried again."""
_POLL = 0.05
_processes = multiprocessing.get_context("spawn")


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

    def request(self, tracker: Tracker, manifest: Manifest, key: str) -> None:
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

    async def _run(self, tracker: Tracker, manifest: Manifest, key: str) -> None:
        async with self._turn:
            started = time.monotonic()
            listening, speaking = _processes.Pipe(duplex=False)
            process = _processes.Process(
                target=compute, args=(tracker, manifest, key, self.kept, speaking), daemon=True, name="segsweep report"
            )
            await asyncio.to_thread(process.start)
            speaking.close()
            try:
                async with asyncio.timeout(LONGEST):
                    await _end_of(process)
                reason = listening.recv() if listening.poll() else f"its process ended with code {process.exitcode}"
            except TimeoutError:
                reason = f"it took longer than {LONGEST:g} s"
            except EOFError:
                reason = f"its process ended with code {process.exitcode}"
            finally:
                await _stop(process)
                listening.close()
            self.seconds += time.monotonic() - started
            self.ended[Outcome.FAILED if reason else Outcome.DONE] += 1
            if reason:
                self._failures[key] = Failure(reason, time.monotonic())


async def _end_of(process: SpawnProcess) -> None:
    while process.is_alive():
        await asyncio.sleep(_POLL)


async def _stop(process: SpawnProcess) -> None:
    if process.is_alive():
        process.terminate()
    await asyncio.to_thread(process.join)
