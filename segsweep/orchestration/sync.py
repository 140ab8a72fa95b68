"""Bringing what lies on this machine to the tracking store that it belongs in, or to another one."""

from collections.abc import Callable
from dataclasses import dataclass

from segsweep.errors import OutageError, TrackingError
from segsweep.orchestration.collect import is_complete, refresh
from segsweep.orchestration.delivering import await_delivery
from segsweep.orchestration.home import Home
from segsweep.records.manifest import Manifest
from segsweep.tracking.copying import adopt, copy_sweep
from segsweep.tracking.mlflow_tracker import MlflowTracker
from segsweep.tracking.protocol import SWEEP_FILE, SweepRecord, Undelivered
from segsweep.tracking.spool import stores_waited_for


@dataclass(frozen=True)
class Synced:
    """What went to one store.

    Args:
        store: its tracking URI.
        delivered: runs that had waited in the spool.
        copied: sweep of the embedded store to how many of its runs were new there.
        refused: runs that it does not take.
    """

    store: str
    delivered: int
    copied: dict[str, int]
    refused: tuple[Undelivered, ...]


def deliver_spool(home: Home, told: Callable[[int], None]) -> tuple[Synced, ...]:
    """Deliver every run that waits to the store that it was recorded for.

    Args:
        home: folder.
        told: called, while runs wait, with their number.

    Raises:
        OutageError: a store is away.
    """
    found = []
    for uri in stores_waited_for(home.spool):
        tracker = _tracker(Home(home.folder, None if uri == Home(home.folder).uri else uri))
        waiting = len(tracker.outbox.undelivered())
        refused = await_delivery(tracker, home, told)
        found.append(Synced(uri, waiting - len(refused), {}, refused))
    return tuple(found)


def send_home(home: Home, told: Callable[[int], None]) -> Synced:
    """Bring everything to the store that is named: what waits, for whatever store, and the sweeps of the embedded one.

    Args:
        home: folder, with the name of the store.
        told: called, while runs wait, with their number.

    Raises:
        OutageError: the store is away.
    """
    target, embedded = _tracker(home), Home(home.folder)
    target.prepare()
    source = _tracker(embedded)
    if embedded.has_runs:
        await_delivery(source, embedded, told)
    adopted = adopt(target)
    waiting = len(target.outbox.undelivered())
    delivered = waiting - len(await_delivery(target, home, told))
    for sweep in adopted:
        kept = home.sweep(sweep) / SWEEP_FILE
        if kept.exists():
            _write_manifest(Manifest.from_json(kept.read_bytes()), target)
    copied = {}
    if embedded.has_runs:
        for record in reversed(source.sweeps()):
            copied[record.name] = copy_sweep(record.name, source, target)
            await_delivery(target, home, told)
            _copy_parent(record, source, target)
    return Synced(home.uri, delivered, copied, await_delivery(target, home, told))


def _copy_parent(sweep: SweepRecord, source: MlflowTracker, target: MlflowTracker) -> None:
    """The files of a sweep's parent run, unless the sweep has grown there meanwhile."""
    manifest, parent = _manifest(sweep.run_id, source), str(target.find_sweep(sweep.name))
    if manifest is not None and _trials(_manifest(parent, target)) <= _trials(manifest):
        files = {name: source.read_file(sweep.run_id, name) for name in source.store.list_files(sweep.run_id)}
        target.write_files(parent, files)
        _write_manifest(manifest, target)


def _write_manifest(manifest: Manifest, target: MlflowTracker) -> None:
    """The list of trials with the runs that they have in this store."""
    parent = str(target.find_sweep(manifest.sweep))
    here = refresh(manifest, target)
    target.write_files(parent, {SWEEP_FILE: here.to_json()})
    target.close_sweep(parent, "finished" if is_complete(here) else "interrupted")


def _manifest(parent: str, tracker: MlflowTracker) -> Manifest | None:
    try:
        return Manifest.from_json(tracker.read_file(parent, SWEEP_FILE))
    except OutageError:
        raise
    except TrackingError:
        return None


def _trials(manifest: Manifest | None) -> set[str]:
    return set() if manifest is None else {entry.trial for entry in manifest.entries}


def _tracker(home: Home) -> MlflowTracker:
    return MlflowTracker(home.uri, home.spool, home.artifacts, home.downloads)
