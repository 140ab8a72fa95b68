"""The tracking store on MLflow: one experiment per sweep, a parent run, a child run per trial."""

import logging
import os
import tempfile
import time
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

# a hospital's network is not to be called out of
os.environ.setdefault("MLFLOW_DISABLE_TELEMETRY", "true")
os.environ.setdefault("DO_NOT_TRACK", "true")
os.environ.setdefault("MLFLOW_ENABLE_ARTIFACTS_PROGRESS_BAR", "false")

import pyarrow as pa
from mlflow import MlflowClient
from mlflow.entities import Metric, Param, RunTag
from mlflow.entities import Run as MlflowEntity
from mlflow.exceptions import MlflowException
from sqlalchemy.exc import SQLAlchemyError

from segsweep.errors import TrackingError
from segsweep.records import tables
from segsweep.records.schemas import CASES, OVERLAYS, TRIALS
from segsweep.tracking.protocol import (
    CASES_FILE,
    OVERLAYS_FILE,
    TRIALS_FILE,
    Curve,
    Ending,
    RunDescription,
    RunRecord,
    SweepRecord,
    best_runs,
    latest_first,
)

# that a new SQLite store gets its tables is no news
logging.getLogger("mlflow.store.db.utils").setLevel(logging.WARNING)

_SCHEMAS = {CASES_FILE: CASES, TRIALS_FILE: TRIALS, OVERLAYS_FILE: OVERLAYS}
_FLUSH_SECONDS = 5.0
_PARAM_LENGTH = 6000
_MOST_METRICS = 1000
_PAGE = 1000
_BY_START = ["attributes.start_time ASC"]
_SOURCE = {"mlflow.source.name": "segsweep", "mlflow.source.type": "JOB"}
_MLFLOW_STATUS = {
    "finished": "FINISHED",
    "diverged": "FINISHED",
    "stopped": "FINISHED",
    "interrupted": "KILLED",
    "superseded": "KILLED",
}


class MlflowRun:
    """One child run; points are sent a batch at a time, with the time at which they were measured."""

    def __init__(self, client: MlflowClient, run_id: str) -> None:
        self._client = client
        self._run_id = run_id
        self._waiting: list[Metric] = []
        self._last_flush = time.monotonic()

    @property
    def run_id(self) -> str:
        """MLflow's id."""
        return self._run_id

    def log(self, step: int, metrics: Mapping[str, float], at: float | None = None) -> None:
        """Note metrics; they are sent some seconds later."""
        measured = round((time.time() if at is None else at) * 1000)
        self._waiting += [Metric(key, float(value), measured, step) for key, value in metrics.items()]
        if time.monotonic() - self._last_flush > _FLUSH_SECONDS:
            self._flush()

    def finish(
        self,
        ending: Ending,
        metrics: Mapping[str, float],
        tables: Mapping[str, pa.Table],
        files: Mapping[str, bytes] = {},
    ) -> None:
        """Deliver points, final metrics, tables and files; the state comes last, so that `finished` means complete."""
        self.log(0, metrics)
        with _translated(f"run {self._run_id}"):
            self._flush()
            for name, table in tables.items():
                _log_table(self._client, self._run_id, name, table)
            _log_files(self._client, self._run_id, files)
            _end(self._client, self._run_id, ending)

    def _flush(self) -> None:
        with _translated(f"run {self._run_id}"):
            while self._waiting:
                self._client.log_batch(self._run_id, metrics=self._waiting[:_MOST_METRICS])
                del self._waiting[:_MOST_METRICS]
        self._last_flush = time.monotonic()


class MlflowTracker:
    """A store by its tracking URI.

    Args:
        uri: `sqlite:///…`, `postgresql+psycopg://…` or `http(s)://…`.
        artifacts: folder for artifacts where no server decides; None leaves it to the server.
        downloads: folder in which tables of a distant store are kept, so that none is fetched twice: a run that is
            done never changes. None where the store is near.
    """

    def __init__(self, uri: str, artifacts: Path | None = None, downloads: Path | None = None) -> None:
        self.uri = uri
        self._artifacts = artifacts
        self._downloads = downloads
        with _translated(uri):
            self._client = MlflowClient(tracking_uri=uri)

    def __reduce__(self) -> tuple[type["MlflowTracker"], tuple[str, Path | None, Path | None]]:
        """A worker opens its own connection."""
        return (MlflowTracker, (self.uri, self._artifacts, self._downloads))

    def prepare(self) -> None:
        """Create or migrate the store."""
        with _translated(self.uri):
            self._client.search_experiments(max_results=1)

    def open_sweep(self, name: str, tags: Mapping[str, str]) -> str:
        """The parent run of a sweep, new or found again."""
        with _translated(self.uri):
            found = self.find_sweep(name)
            if found is not None:
                self._client.log_batch(found, tags=[RunTag(key, value) for key, value in tags.items()])
                self._client.update_run(found, status="RUNNING")
                return found
            experiment = self._client.get_experiment_by_name(name)
            if experiment is None:
                location = (self._artifacts / name).absolute().as_uri() if self._artifacts else None
                # the UI then opens on runs and curves, not on traces of language models
                kind = {"mlflow.experimentKind": "custom_model_development"}
                experiment_id = self._client.create_experiment(name, artifact_location=location, tags=kind)
            else:
                experiment_id = experiment.experiment_id
            run = self._client.create_run(
                experiment_id, run_name=name, tags={**tags, **_SOURCE, "segsweep.kind": "sweep", "segsweep.sweep": name}
            )
            return str(run.info.run_id)

    def open_run(self, parent: str, description: RunDescription) -> MlflowRun:
        """A new run under a parent."""
        with _translated(self.uri):
            experiment = self._client.get_run(parent).info.experiment_id
            tags = {
                **description.tags,
                **_SOURCE,
                "mlflow.parentRunId": parent,
                "segsweep.kind": description.kind,
                "segsweep.state": "running",
                **({"segsweep.fence": str(description.fence)} if description.kind == "trial" else {}),
            }
            run = self._client.create_run(experiment, run_name=description.name, tags=tags)
            parameters = [Param(key, value[:_PARAM_LENGTH]) for key, value in description.parameters.items()]
            self._client.log_batch(run.info.run_id, params=parameters)
            return MlflowRun(self._client, run.info.run_id)

    def find(self, cohorts: Iterable[str]) -> dict[str, RunRecord]:
        """The run that stands for every trial of these cohorts."""
        with _translated(self.uri):
            experiments = self._experiments()
            queries = (f"tags.`segsweep.cohort` = '{cohort}' and tags.`segsweep.kind` = 'trial'" for cohort in cohorts)
            return best_runs(_record(run) for query in queries for run in self._search(experiments, query))

    def running(self, parent: str) -> list[RunRecord]:
        """The runs under a parent that have not ended."""
        query = f"tags.`mlflow.parentRunId` = '{parent}' and tags.`segsweep.state` = 'running'"
        with _translated(self.uri):
            return [_record(run) for run in self._search(self._experiments(), query)]

    def end(self, run_id: str, ending: Ending) -> None:
        """Close a run from outside."""
        with _translated(f"run {run_id}"):
            _end(self._client, run_id, ending)

    def read_table(self, run_id: str, name: str) -> pa.Table:
        """A table of a finished run."""
        kept = None if self._downloads is None else self._downloads / run_id / name
        if kept is not None and kept.exists():
            return tables.read(kept, _SCHEMAS[name])
        with tempfile.TemporaryDirectory() as folder, _translated(f"run {run_id}"):
            found = tables.read(Path(self._client.download_artifacts(run_id, name, folder)), _SCHEMAS[name])
        if kept is not None:
            tables.write(found, kept)
        return found

    def write_files(self, run_id: str, files: Mapping[str, bytes]) -> None:
        """Attach files to a run."""
        with _translated(f"run {run_id}"):
            _log_files(self._client, run_id, files)

    def read_file(self, run_id: str, name: str) -> bytes:
        """An attached file."""
        with tempfile.TemporaryDirectory() as folder, _translated(f"run {run_id}"):
            return Path(self._client.download_artifacts(run_id, name, folder)).read_bytes()

    def find_sweep(self, name: str) -> str | None:
        """The parent run of a sweep, if there is one."""
        with _translated(self.uri):
            experiment = self._client.get_experiment_by_name(name)
            if experiment is None:
                return None
            query = "tags.`segsweep.kind` = 'sweep'"
            found = list(self._search([experiment.experiment_id], query))
            return str(found[0].info.run_id) if found else None

    def sweeps(self) -> tuple[SweepRecord, ...]:
        """Every sweep."""
        with _translated(self.uri):
            found = self._search(self._experiments(), "tags.`segsweep.kind` = 'sweep'")
            # of several parent runs of one name the first counts, as in `find_sweep`
            first: dict[str, MlflowEntity] = {}
            for run in found:
                first.setdefault(run.data.tags["segsweep.sweep"], run)
        return latest_first(_sweep_record(name, run) for name, run in first.items())

    def read_curves(self, run_id: str) -> dict[str, Curve]:
        """One request per metric."""
        with _translated(f"run {run_id}"):
            metrics = self._client.get_run(run_id).data.metrics
            found = {metric: self._client.get_metric_history(run_id, metric) for metric in metrics}
        return {metric: tuple(sorted({point.step: point.value for point in found[metric]}.items())) for metric in found}

    def close_sweep(self, parent: str, state: str, note: str = "") -> None:
        """Mark a parent run as ended; the note is its description in the UI."""
        with _translated(self.uri):
            tags = [RunTag("segsweep.state", state), *([RunTag("mlflow.note.content", note)] if note else [])]
            self._client.log_batch(parent, tags=tags)
            self._client.set_terminated(parent, _MLFLOW_STATUS.get(state, "FAILED"))

    def _experiments(self) -> list[str]:
        return [experiment.experiment_id for experiment in self._client.search_experiments()]

    def _search(self, experiments: list[str], query: str) -> Iterator[MlflowEntity]:
        """Runs in the order in which they were opened."""
        token: Any = None
        while True:
            page = self._client.search_runs(experiments, query, max_results=_PAGE, order_by=_BY_START, page_token=token)
            yield from page
            token = page.token
            if not token:
                return


def _record(run: MlflowEntity) -> RunRecord:
    tags = run.data.tags
    return RunRecord(
        trial=tags.get("segsweep.trial") or tags["segsweep.warm_start"],
        run_id=run.info.run_id,
        state=tags["segsweep.state"],
        reason=tags.get("segsweep.reason"),
        fence=int(tags.get("segsweep.fence", 0)),
        kind=tags.get("segsweep.reason_class"),
    )


def _end(client: MlflowClient, run_id: str, ending: Ending) -> None:
    named = {"state": ending.state, "reason": ending.reason, "reason_class": ending.kind}
    client.log_batch(run_id, tags=[RunTag(f"segsweep.{key}", value) for key, value in named.items() if value])
    client.set_terminated(run_id, _MLFLOW_STATUS.get(ending.state, "FAILED"))


def _log_files(client: MlflowClient, run_id: str, files: Mapping[str, bytes]) -> None:
    with tempfile.TemporaryDirectory() as folder:
        for name, content in files.items():
            path = Path(folder) / name
            path.write_bytes(content)
            client.log_artifact(run_id, str(path))


def _sweep_record(name: str, run: MlflowEntity) -> SweepRecord:
    info, running = run.info, run.info.status == "RUNNING"
    return SweepRecord(
        name=name,
        run_id=info.run_id,
        state="running" if running else run.data.tags.get("segsweep.state", "interrupted"),
        started=info.start_time / 1000,
        ended=None if running else info.end_time / 1000,
    )


def _log_table(client: MlflowClient, run_id: str, name: str, table: pa.Table) -> None:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / name
        tables.write(table, path)
        client.log_artifact(run_id, str(path))


@contextmanager
def _translated(what: str) -> Iterator[None]:
    try:
        yield
    except (MlflowException, SQLAlchemyError, OSError) as error:
        # the first line says what happened, further ones quote the query
        raise TrackingError(f"tracking: {what}: {next(iter(str(error).splitlines()), '')}") from error
