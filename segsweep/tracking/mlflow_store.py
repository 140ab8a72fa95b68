"""Single requests to MLflow: what a delivery consists of, and errors told apart by whether another attempt may help."""

import logging
import os
import tempfile
import time
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from functools import cached_property
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit
from urllib.request import url2pathname

# a hospital's network is not to be called out of
os.environ.setdefault("MLFLOW_DISABLE_TELEMETRY", "true")
os.environ.setdefault("DO_NOT_TRACK", "true")
os.environ.setdefault("MLFLOW_ENABLE_ARTIFACTS_PROGRESS_BAR", "false")
# files go by way of the server: the object store behind it may have a name that only the server knows
os.environ.setdefault("MLFLOW_ENABLE_PROXY_MULTIPART_DOWNLOAD", "false")
os.environ.setdefault("MLFLOW_ENABLE_PROXY_MULTIPART_UPLOAD", "false")
# a request that may have been served is not sent again without asking: it may have created a run. MLflow would do so
# for minutes, and nobody would learn that the store is away
os.environ["MLFLOW_HTTP_REQUEST_MAX_RETRIES"] = "0"
os.environ.setdefault("MLFLOW_HTTP_REQUEST_TIMEOUT", "15")

from mlflow import MlflowClient
from mlflow.entities import Metric, Param, RunTag
from mlflow.entities import Run as MlflowEntity
from mlflow.exceptions import MlflowException
from requests import HTTPError
from sqlalchemy.exc import OperationalError, SQLAlchemyError

from segsweep.errors import OutageError, TrackingError
from segsweep.tracking.protocol import Ending, Point, RunDescription

# that a new SQLite store gets its tables is no news
logging.getLogger("mlflow.store.db.utils").setLevel(logging.WARNING)

SOURCE = {"mlflow.source.name": "segsweep", "mlflow.source.type": "JOB"}
_PARAM_LENGTH = 6000
_MOST_METRICS = 1000
_PAGE = 1000
_BY_START = ["attributes.start_time ASC"]
_REFUSED = frozenset(range(400, 500)) - {408, 429}
"""HTTP states of requests that will not go better another time."""
STATUS = {
    "finished": "FINISHED",
    "diverged": "FINISHED",
    "stopped": "FINISHED",
    "searched": "FINISHED",
    "interrupted": "KILLED",
    "superseded": "KILLED",
}


class MlflowStore:
    """An MLflow store by its tracking URI; every request is one attempt that takes seconds at most.

    Args:
        uri: `sqlite:///…`, `postgresql+psycopg://…` or `http(s)://…`.
    """

    def __init__(self, uri: str) -> None:
        self.uri = uri
        self._artifacts: dict[str, str] = {}
        self._experiments: dict[str, str] = {}

    @cached_property
    def client(self) -> MlflowClient:
        """The connection, opened when it is first needed."""
        return MlflowClient(tracking_uri=self.uri)

    def create_run(self, parent: str, description: RunDescription, key: str, opened: float) -> str:
        """A new run under a parent."""
        with translated(self.uri):
            tags = {
                **description.tags,
                **SOURCE,
                "mlflow.parentRunId": parent,
                "segsweep.key": key,
                "segsweep.kind": description.kind,
                "segsweep.state": "running",
                **({"segsweep.fence": str(description.fence)} if description.kind == "trial" else {}),
            }
            run = self.client.create_run(
                self._experiment_of(parent), start_time=_milliseconds(opened), run_name=description.name, tags=tags
            )
            return str(run.info.run_id)

    def keyed(self, parent: str, key: str) -> list[str]:
        """The runs under a parent that were created with a key."""
        with translated(self.uri):
            found = self.search([self._experiment_of(parent)], f"tags.`segsweep.key` = '{key}'")
            return [str(run.info.run_id) for run in found]

    def log_parameters(self, run_id: str, parameters: Mapping[str, str]) -> None:
        """Set a run's parameters."""
        with translated(f"run {run_id}"):
            self.client.log_batch(
                run_id, params=[Param(key, value[:_PARAM_LENGTH]) for key, value in parameters.items()]
            )

    def log_points(self, run_id: str, points: Iterable[Point]) -> None:
        """Add points to curves, as many at a time as a request takes."""
        with translated(f"run {run_id}"):
            metrics = [
                Metric(key, value, _milliseconds(point.at), point.step)
                for point in points
                for key, value in point.metrics.items()
            ]
            for start in range(0, len(metrics), _MOST_METRICS):
                self.client.log_batch(run_id, metrics=metrics[start : start + _MOST_METRICS])

    def upload(self, run_id: str, paths: Iterable[Path]) -> None:
        """Attach files to a run."""
        with translated(f"run {run_id}"):
            for path in paths:
                self.client.log_artifact(run_id, str(path))

    def download(self, run_id: str, name: str, folder: str) -> Path:
        """Fetch an attached file into a folder."""
        with translated(f"run {run_id}"):
            return Path(self.client.download_artifacts(run_id, name, folder))

    @contextmanager
    def reading(self, run_id: str, name: str) -> Iterator[Path]:
        """An attached file, to be read only: where it lies, if that is on this machine, else a copy."""
        with translated(f"run {run_id}"):
            folder = _folder(self._artifacts.get(run_id) or self._run(run_id).info.artifact_uri)
        if folder is not None and (folder / name).is_file():  # MLflow's own way takes ten times as long
            yield folder / name
            return
        with tempfile.TemporaryDirectory() as copies:
            yield self.download(run_id, name, copies)

    def list_files(self, run_id: str) -> list[str]:
        """The names of a run's files."""
        with translated(f"run {run_id}"):
            return [file.path for file in self.client.list_artifacts(run_id) if not file.is_dir]

    def end(self, run_id: str, ending: Ending, at: float | None = None) -> None:
        """Close a run; our own state comes last, so that `finished` means complete."""
        with translated(f"run {run_id}"):
            ended = _milliseconds(time.time() if at is None else at)
            self.client.set_terminated(run_id, STATUS.get(ending.state, "FAILED"), ended)
            named = {"state": ending.state, "reason": ending.reason, "reason_class": ending.kind}
            tags = [RunTag(f"segsweep.{key}", value) for key, value in named.items() if value]
            self.client.log_batch(run_id, tags=tags)

    def children(self, parent: str) -> Iterator[MlflowEntity]:
        """The runs under a parent."""
        return self.search([self._experiment_of(parent)], f"tags.`mlflow.parentRunId` = '{parent}'")

    def finished_trials(self) -> set[str]:
        """Trials that are finished, in whatever sweep."""
        query = "tags.`segsweep.kind` = 'trial' and tags.`segsweep.state` = 'finished'"
        return {run.data.tags["segsweep.trial"] for run in self.search(self.experiments(), query)}

    def experiments(self) -> list[str]:
        """Ids of all experiments, one for each sweep."""
        return [experiment.experiment_id for experiment in self.client.search_experiments()]

    def search(self, experiments: list[str], query: str) -> Iterator[MlflowEntity]:
        """Runs in the order in which they were opened."""
        token: Any = None
        while True:
            page = self.client.search_runs(experiments, query, max_results=_PAGE, order_by=_BY_START, page_token=token)
            self._artifacts.update((run.info.run_id, run.info.artifact_uri) for run in page)
            yield from page
            token = page.token
            if not token:
                return

    def _run(self, run_id: str) -> MlflowEntity:
        run = self.client.get_run(run_id)
        self._artifacts[run_id] = run.info.artifact_uri
        return run

    def _experiment_of(self, run_id: str) -> str:
        if run_id not in self._experiments:  # a run stays in its experiment, and every trial asks for its parent's
            self._experiments[run_id] = str(self._run(run_id).info.experiment_id)
        return self._experiments[run_id]


@contextmanager
def translated(what: str) -> Iterator[None]:
    """MLflow's errors, its database's and its server's as ours."""
    try:
        yield
    except (MlflowException, SQLAlchemyError, OSError) as error:
        # the first line says what happened, further ones quote the query
        message = f"tracking: {what}: {next(iter(str(error).splitlines()), '')}"
        raise (OutageError if _may_pass(error) else TrackingError)(message) from error


def _folder(artifacts: str) -> Path | None:
    """The folder on this machine that an address of artifacts names; None where they lie elsewhere."""
    parts = urlsplit(artifacts)
    if parts.scheme == "file":
        return Path(url2pathname(parts.path))
    return None if parts.scheme else Path(artifacts)


def _may_pass(error: MlflowException | SQLAlchemyError | OSError) -> bool:
    """Whether the same request may go well another time."""
    if isinstance(error, MlflowException):
        return error.get_http_status_code() not in _REFUSED
    if isinstance(error, HTTPError) and error.response is not None:
        return error.response.status_code not in _REFUSED
    return isinstance(error, (OSError, OperationalError))


def _milliseconds(seconds: float) -> int:
    return round(seconds * 1000)
