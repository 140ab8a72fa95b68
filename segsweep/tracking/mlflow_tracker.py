"""The tracking store on MLflow: one experiment per sweep, a parent run, a child run per trial."""

import tempfile
from collections.abc import Callable, Iterable, Mapping
from functools import cache
from pathlib import Path

import pyarrow as pa
from mlflow.entities import Run as MlflowEntity
from mlflow.entities import RunTag

from segsweep.records import tables
from segsweep.records.schemas import CASES, OVERLAYS, TRIALS
from segsweep.tracking.mlflow_registry import register, versions
from segsweep.tracking.mlflow_store import SOURCE, STATUS, MlflowStore, translated
from segsweep.tracking.outbox import Outbox
from segsweep.tracking.protocol import (
    CASES_FILE,
    OVERLAYS_FILE,
    TRIALS_FILE,
    Curve,
    Ending,
    RegisteredModel,
    RunDescription,
    RunRecord,
    SweepRecord,
    Undelivered,
    best_runs,
    latest_first,
)
from segsweep.tracking.spool import SpooledRun

_SCHEMAS = {CASES_FILE: CASES, TRIALS_FILE: TRIALS, OVERLAYS_FILE: OVERLAYS}


class MlflowTracker:
    """A store by its tracking URI; runs go there by way of a spool, everything else directly.

    Args:
        uri: `sqlite:///…`, `postgresql+psycopg://…` or `http(s)://…`.
        spool: folder of runs on their way.
        artifacts: folder for artifacts where no server decides; None leaves it to the server.
        downloads: folder in which tables of a distant store are kept, so that none is fetched twice: a run that is
            done never changes. None where the store is near.
        sweeps: names of sweeps by their parent runs, as far as they have been opened.
    """

    def __init__(
        self,
        uri: str,
        spool: Path,
        artifacts: Path | None = None,
        downloads: Path | None = None,
        sweeps: Iterable[tuple[str, str]] = (),
    ) -> None:
        self.uri = uri
        self._spool = spool
        self._artifacts = artifacts
        self._downloads = downloads
        self._names = dict(sweeps)
        self.store = MlflowStore(uri)
        self.outbox = Outbox(spool, uri, self.store)

    def __reduce__(self) -> tuple[Callable[..., "MlflowTracker"], tuple[object, ...]]:
        """A worker has a connection and an outbox of its own."""
        return _of_this_process, (self.uri, self._spool, self._artifacts, self._downloads, tuple(self._names.items()))

    def prepare(self) -> None:
        """Create or migrate the store."""
        with translated(self.uri):
            self.store.client.search_experiments(max_results=1)

    def open_sweep(self, name: str, tags: Mapping[str, str]) -> str:
        """The parent run of a sweep, new or found again."""
        parent = self._open_sweep(name, tags)
        self._names[parent] = name
        return parent

    def _open_sweep(self, name: str, tags: Mapping[str, str]) -> str:
        with translated(self.uri):
            found = self.find_sweep(name)
            if found is not None:
                self.store.client.log_batch(found, tags=[RunTag(key, value) for key, value in tags.items()])
                self.store.client.update_run(found, status="RUNNING")
                return found
            experiment = self.store.client.get_experiment_by_name(name)
            if experiment is None:
                location = (self._artifacts / name).absolute().as_uri() if self._artifacts else None
                # the UI then opens on runs and curves, not on traces of language models
                kind = {"mlflow.experimentKind": "custom_model_development"}
                experiment_id = self.store.client.create_experiment(name, artifact_location=location, tags=kind)
            else:
                experiment_id = experiment.experiment_id
            run = self.store.client.create_run(
                experiment_id, run_name=name, tags={**tags, **SOURCE, "segsweep.kind": "sweep", "segsweep.sweep": name}
            )
            return str(run.info.run_id)

    def open_run(self, parent: str, description: RunDescription) -> SpooledRun:
        """A new run under a parent."""
        return self.outbox.open(parent, self._names.get(parent, ""), description)

    def flush(self) -> None:
        """Wait for this process's outbox."""
        self.outbox.flush()

    def deliver(self, patience: float, told: Callable[[int], None]) -> tuple[Undelivered, ...]:
        """Empty the spool."""
        return self.outbox.deliver(patience, told)

    def find(self, cohorts: Iterable[str]) -> dict[str, RunRecord]:
        """The run that stands for every trial of these cohorts."""
        with translated(self.uri):
            experiments = self.store.experiments()
            queries = (f"tags.`segsweep.cohort` = '{cohort}' and tags.`segsweep.kind` = 'trial'" for cohort in cohorts)
            return best_runs(_record(run) for query in queries for run in self.store.search(experiments, query))

    def running(self, parent: str) -> list[RunRecord]:
        """The runs under a parent that have not ended."""
        query = f"tags.`mlflow.parentRunId` = '{parent}' and tags.`segsweep.state` = 'running'"
        with translated(self.uri):
            return [_record(run) for run in self.store.search(self.store.experiments(), query)]

    def end(self, run_id: str, ending: Ending) -> None:
        """Close a run from outside."""
        self.store.end(run_id, ending)

    def read_table(self, run_id: str, name: str) -> pa.Table:
        """A table of a finished run."""
        kept = None if self._downloads is None else self._downloads / run_id / name
        if kept is not None and kept.exists():
            return tables.read(kept, _SCHEMAS[name])
        with self.store.reading(run_id, name) as path:
            found = tables.read(path, _SCHEMAS[name])
        if kept is not None:
            tables.write(found, kept)
        return found

    def write_files(self, run_id: str, files: Mapping[str, bytes]) -> None:
        """Attach files to a run."""
        with tempfile.TemporaryDirectory() as folder:
            for name, content in files.items():
                (Path(folder) / name).write_bytes(content)
            self.store.upload(run_id, (Path(folder) / name for name in files))

    def read_file(self, run_id: str, name: str) -> bytes:
        """An attached file."""
        with self.store.reading(run_id, name) as path:
            return path.read_bytes()

    def find_sweep(self, name: str) -> str | None:
        """The parent run of a sweep, if there is one."""
        with translated(self.uri):
            experiment = self.store.client.get_experiment_by_name(name)
            if experiment is None:
                return None
            query = "tags.`segsweep.kind` = 'sweep'"
            found = list(self.store.search([experiment.experiment_id], query))
            return str(found[0].info.run_id) if found else None

    def sweeps(self) -> tuple[SweepRecord, ...]:
        """Every sweep."""
        with translated(self.uri):
            found = self.store.search(self.store.experiments(), "tags.`segsweep.kind` = 'sweep'")
            # of several parent runs of one name the first counts, as in `find_sweep`
            first: dict[str, MlflowEntity] = {}
            for run in found:
                first.setdefault(run.data.tags["segsweep.sweep"], run)
        return latest_first(_sweep_record(name, run) for name, run in first.items())

    def read_curves(self, run_id: str) -> dict[str, Curve]:
        """One request per metric."""
        with translated(f"run {run_id}"):
            metrics = self.store.client.get_run(run_id).data.metrics
            found = {metric: self.store.client.get_metric_history(run_id, metric) for metric in metrics}
        return {metric: tuple(sorted({point.step: point.value for point in found[metric]}.items())) for metric in found}

    def close_sweep(self, parent: str, state: str, note: str = "") -> None:
        """Mark a parent run as ended; the note is its description in the UI."""
        with translated(self.uri):
            tags = [RunTag("segsweep.state", state), *([RunTag("mlflow.note.content", note)] if note else [])]
            self.store.client.log_batch(parent, tags=tags)
            self.store.client.set_terminated(parent, STATUS.get(state, "FAILED"))

    def register_model(self, name: str, run_id: str, tags: Mapping[str, str], note: str) -> RegisteredModel:
        """A new version of a model."""
        return register(self.store, name, run_id, tags, note)

    def models(self, name: str) -> tuple[RegisteredModel, ...]:
        """The versions of a model."""
        return versions(self.store, name)


@cache
def _of_this_process(
    uri: str, spool: Path, artifacts: Path | None, downloads: Path | None, sweeps: tuple[tuple[str, str], ...]
) -> MlflowTracker:
    """One tracker, with one thread, for all slices that a worker is given."""
    return MlflowTracker(uri, spool, artifacts, downloads, sweeps)


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


def _sweep_record(name: str, run: MlflowEntity) -> SweepRecord:
    info, running = run.info, run.info.status == "RUNNING"
    return SweepRecord(
        name=name,
        run_id=info.run_id,
        state="running" if running else run.data.tags.get("segsweep.state", "interrupted"),
        started=info.start_time / 1000,
        ended=None if running else info.end_time / 1000,
    )
