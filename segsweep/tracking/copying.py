"""Sweeps that lie in one store, sent to another."""

from collections import defaultdict
from collections.abc import Iterable
from pathlib import Path

from mlflow.entities import Run as MlflowEntity

from segsweep.tracking.mlflow_store import MlflowStore, translated
from segsweep.tracking.mlflow_tracker import MlflowTracker
from segsweep.tracking.protocol import Ending, Point, RunDescription
from segsweep.tracking.spool import Parcel, appearing, append, conclude, describe, files_of

_OWN_TAGS = ("key", "kind", "state", "reason", "reason_class", "fence")
"""Our tags that delivery sets; the others are part of a run's description."""
_ENDED = ("finished", "failed", "diverged", "stopped")


def copy_sweep(sweep: str, source: MlflowTracker, target: MlflowTracker) -> int:
    """Send the runs of a sweep that have ended to another store, with the same identities.

    Runs that are there already, and those of trials that are finished there, are not sent.

    Args:
        sweep: its name in both stores.
        source: where it lies.
        target: another store.

    Returns:
        How many were sent.
    """
    with translated(source.uri):
        there = source.store.client.get_run(str(source.find_sweep(sweep)))
        runs = list(source.store.children(there.info.run_id))
    tags = {key: value for key, value in there.data.tags.items() if key.startswith(("segsweep.", "mlflow.note"))}
    parent = target.find_sweep(sweep) or target.open_sweep(sweep, tags)
    with translated(target.uri):
        known = {_key(run) for run in target.store.children(parent)} | target.store.finished_trials()
    new = [run for run in runs if run.data.tags["segsweep.state"] in _ENDED and not _names(run) & known]
    for run in new:
        target.outbox.send(lambda folder, run=run: _pack(run, source.store, folder, target.uri, parent, sweep))  # type: ignore[misc]
        target.flush()  # so that not all of them lie on this machine twice
    return len(new)


def adopt(target: MlflowTracker) -> tuple[str, ...]:
    """Send to a store what dead processes left on this machine for other ones; returns the names of its sweeps."""
    return target.outbox.adopt(lambda sweep: target.find_sweep(sweep) or target.open_sweep(sweep, {}))


def _names(run: MlflowEntity) -> set[str]:
    """By which a run would be known where it need not be sent."""
    return {_key(run), run.data.tags.get("segsweep.trial", _key(run))}


def _key(run: MlflowEntity) -> str:
    """By which a run is known in every store that it is sent to; runs of earlier versions had none."""
    return str(run.data.tags.get("segsweep.key", run.info.run_id))


def _pack(run: MlflowEntity, source: MlflowStore, folder: Path, store: str, parent: str, sweep: str) -> Parcel:
    """Put a run that has ended on its way to another store.

    Args:
        run: with its parameters and tags.
        source: the store that it lies in.
        folder: of this process, in the spool.
        store: tracking URI of the other store.
        parent: run of its sweep there.
        sweep: name of that.
    """
    tags = {key: value for key, value in run.data.tags.items() if key.startswith("segsweep.")}
    own = {key: tags.pop(f"segsweep.{key}", None) for key in _OWN_TAGS}
    description = RunDescription(
        run.info.run_name, str(own["kind"]), dict(run.data.params), tags, int(own["fence"] or 0)
    )
    parcel = Parcel(folder / _key(run), store, parent, sweep, run.info.start_time / 1000, description)
    with appearing(parcel.folder) as unborn, translated(f"run {run.info.run_id}"):
        describe(unborn, parcel)
        append(unborn, _points(run, source))
        for name in source.list_files(run.info.run_id):
            source.download(run.info.run_id, name, str(files_of(unborn)))
        conclude(unborn, Ending(str(own["state"]), own["reason"], own["reason_class"]), run.info.end_time / 1000)
    return parcel


def _points(run: MlflowEntity, source: MlflowStore) -> Iterable[Point]:
    """Everything that was ever logged, what was measured together in one point."""
    together: dict[tuple[int, int], dict[str, float]] = defaultdict(dict)
    for name in run.data.metrics:
        for metric in source.client.get_metric_history(run.info.run_id, name):
            together[metric.timestamp, metric.step][name] = metric.value
    return [Point(step, metrics, at / 1000) for (at, step), metrics in sorted(together.items())]
