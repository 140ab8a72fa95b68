"""Grids that are sent to the service: checked, then handed over to a cluster as jobs."""

import asyncio
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from itertools import chain

from segsweep.errors import GridError, InputError
from segsweep.orchestration.jobs import find_job, submit_text
from segsweep.service.settings import Settings
from segsweep.spec.confined import parse_confined

LARGEST_GRID = 1 << 16
"""Bytes; people write four thousand at most. While YAML is read it takes a thousand times its size."""


@dataclass(frozen=True)
class Job:
    """A launch that is on the cluster.

    Args:
        sweep: name.
        name: of the job.
    """

    sweep: str
    name: str


class AlreadyRunning(InputError):  # noqa: N818 (it is no mistake)
    """A job launches the sweep now."""


class Launches:
    """Hands over one grid at a time, on a thread of its own: a cluster that does not answer holds nothing else up.

    Args:
        cluster: address of its Jobs API.
        data_roots: that a grid may take datasets from.
    """

    def __init__(self, cluster: str, data_roots: tuple[str, ...]) -> None:
        self.cluster = cluster
        self._data_roots = data_roots
        self._thread = ThreadPoolExecutor(1, "launches")

    @classmethod
    def of(cls, settings: Settings) -> "Launches | None":
        """None where nothing is launched."""
        return None if settings.cluster is None else cls(settings.cluster, settings.data_roots)

    async def launch(self, grid: bytes) -> Job:
        """Hand a grid over.

        Args:
            grid: text of the grid, UTF-8.

        Raises:
            GridError: in one line: what is wrong with it, or what it names that it may not.
            AlreadyRunning: a job launches the sweep now.
            InputError: the cluster refuses the job or does not answer.
        """
        return await asyncio.get_running_loop().run_in_executor(self._thread, self._launch, grid)

    def close(self) -> None:
        """Take no more."""
        self._thread.shutdown(wait=False, cancel_futures=True)

    def _launch(self, grid: bytes) -> Job:
        text = _decoded(grid)
        sweep = parse_confined(text, self._data_roots).name
        running = find_job(sweep, self.cluster)
        if running is not None:
            raise AlreadyRunning(f"{sweep}: the job {running} launches it now")
        # the cluster looks again: only there is it seen where a link leads
        roots = list(chain.from_iterable(("--data-root", root) for root in self._data_roots))
        return Job(sweep, submit_text(text, sweep, self.cluster, roots))


def _decoded(grid: bytes) -> str:
    try:
        return grid.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise GridError(f"the text is no UTF-8: {error}") from error
