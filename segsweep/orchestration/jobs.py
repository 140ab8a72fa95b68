"""A segsweep command as a job on a distant Ray cluster: handed over, followed, left, followed again."""

import re
import shlex
import shutil
import tempfile
import time
import uuid
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from importlib.machinery import PathFinder
from pathlib import Path
from typing import Any

from segsweep.errors import ClusterError, InputError
from segsweep.orchestration.planning import find_modules_in
from segsweep.spec.grid import Sweep, read_sweep
from segsweep.spec.loss_names import NameKind, kind_of, own_target

_LOOK_SECONDS = 2.0
_PATIENCE = 60.0
"""Seconds without an answer after which a cluster counts as gone."""


def submit_launch(grid: Path, address: str, options: Sequence[str], *, verb: str = "launch") -> str:
    """Hand a grid over to a cluster, with the modules of the user's own losses. Where it is tracked the cluster knows.

    Args:
        grid: file.
        address: of the cluster's Jobs API, `http://…:8265`.
        options: of the command.
        verb: `launch` or `retry`.

    Returns:
        Name of the job.

    Raises:
        InputError: the grid cannot be used, or the cluster refuses the job or does not answer.
    """
    find_modules_in(grid.absolute().parent)
    sweep = read_sweep(grid)
    with tempfile.TemporaryDirectory() as folder:
        shutil.copy(grid, Path(folder) / "grid.yaml")
        for module in _own_modules(sweep):
            _copy_module(module, Path(folder))
        return submit([verb, "grid.yaml", "--address", "auto", *options], address, name=sweep.name, folder=folder)


def submit_text(text: str, sweep: str, address: str, options: Sequence[str]) -> str:
    """Hand the text of a grid over to a cluster, as it came and without any module.

    Args:
        text: of the grid.
        sweep: its name.
        address: of the cluster's Jobs API.
        options: of `segsweep launch`.

    Returns:
        Name of the job.

    Raises:
        InputError: the cluster refuses the job or does not answer.
    """
    with tempfile.TemporaryDirectory() as folder:
        (Path(folder) / "grid.yaml").write_text(text, encoding="utf-8")
        return submit(["launch", "grid.yaml", "--address", "auto", *options], address, name=sweep, folder=folder)


def find_job(sweep: str, address: str) -> str | None:
    """The job that launches a sweep now, if there is one.

    Raises:
        InputError: the cluster does not answer.
    """
    with _translated(address):
        jobs = [job for job in _client(address).list_jobs() if not job.status.is_terminal()]
    named = re.compile(rf"{re.escape(sweep)}-[0-9a-f]{{8}}")
    return next((job.submission_id for job in jobs if named.fullmatch(job.submission_id or "")), None)


def submit(arguments: Sequence[str], address: str, *, name: str, folder: str | None = None) -> str:
    """Hand a command over.

    Args:
        arguments: of `segsweep`.
        address: of the cluster's Jobs API.
        name: that the job's begins with.
        folder: copied to where the command runs.

    Returns:
        Name of the job.

    Raises:
        InputError: the cluster refuses the job or does not answer.
    """
    with _translated(address):
        return str(
            _client(address).submit_job(
                entrypoint=shlex.join(["segsweep", *arguments]),
                submission_id=f"{name}-{uuid.uuid4().hex[:8]}",
                runtime_env={"working_dir": folder} if folder is not None else {},
            )
        )


def follow(job: str, address: str, say: Callable[[str], None]) -> bool:
    """Give what a job has printed and prints, until it ends. Whoever stops listening stops nothing else.

    Args:
        job: its name.
        address: of the cluster's Jobs API.
        say: called with pieces of text.

    Returns:
        Whether it ended well.

    Raises:
        InputError: there is no such job.
        ClusterError: the cluster has not answered for a minute.
    """
    with _translated(address):
        client = _client(address)
        client.get_job_status(job)
    said, heard = 0, time.monotonic()
    while True:
        try:
            # the state first: whatever is printed before the end is in the text that is read after it
            status, text = client.get_job_status(job), client.get_job_logs(job)
        except (RuntimeError, OSError) as error:
            if time.monotonic() - heard > _PATIENCE:
                raise ClusterError(f"{address} does not answer any more: {_first_line(error)}") from error
        else:
            heard = time.monotonic()
            say(text[said:])
            said = len(text)
            if status.is_terminal():
                return bool(status == "SUCCEEDED")
        time.sleep(_LOOK_SECONDS)


def _client(address: str) -> Any:
    from ray.job_submission import JobSubmissionClient  # noqa: PLC0415 (seconds that a local launch need not pay)

    return JobSubmissionClient(address)


@contextmanager
def _translated(address: str) -> Iterator[None]:
    try:
        yield
    except (ConnectionError, RuntimeError, OSError) as error:
        raise InputError(f"{address}: {_first_line(error)}") from error


def _first_line(error: Exception) -> str:
    return next((line for line in str(error).splitlines() if line.strip()), type(error).__name__)


def _own_modules(sweep: Sweep) -> Iterator[str]:
    """Top-level modules and packages that the grid's own losses lie in."""
    names = {cell.loss.name for cell in sweep.cells if kind_of(cell.loss.name) is NameKind.OWN}
    yield from dict.fromkeys((own_target(name) or name).partition(":")[0].partition(".")[0] for name in sorted(names))


def _copy_module(module: str, folder: Path) -> None:
    found = PathFinder.find_spec(module)
    if found is None:
        raise InputError(f"no module {module} to hand over")
    if found.submodule_search_locations is not None:
        shutil.copytree(next(iter(found.submodule_search_locations)), folder / module)
    elif found.origin is not None:
        shutil.copy(found.origin, folder)
