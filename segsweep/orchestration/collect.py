"""The tables of a sweep, gathered from its runs."""

from collections.abc import Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from typing import Any

import pyarrow as pa

from segsweep.errors import TrackingError
from segsweep.records.manifest import PENDING, Manifest, ManifestEntry, Told
from segsweep.records.schemas import CASES, OVERLAYS, SEARCH, TRIALS
from segsweep.records.tables import concatenate, table
from segsweep.reports.examples import Key, wanted_pictures
from segsweep.tracking.protocol import CASES_FILE, OVERLAYS_FILE, TRIALS_FILE, Reader

RECORDED = ("finished", "failed", "diverged")
"""States whose runs hold a row of the trials table; a launch leaves them as they are."""

SHELVED = ("stopped", "searched")
"""States whose runs hold a row as well, though the trial could go on from its checkpoint: whether it does is up to the
sweep."""

_READERS = 8
"""Requests at once: a distant store answers each after a while, however small the table."""


@dataclass(frozen=True)
class Tables:
    """What every report is a function of.

    Args:
        trials: of schema `TRIALS`.
        cases: of schema `CASES`.
        overlays: of schema `OVERLAYS`: pictures of the cases that a report shows, as far as there are any.
        search: of schema `SEARCH`: what was tried, where the sweep is a search.
    """

    trials: pa.Table
    cases: pa.Table
    overlays: pa.Table = field(default_factory=OVERLAYS.empty_table)
    search: pa.Table = field(default_factory=SEARCH.empty_table)


def refresh(manifest: Manifest, tracker: Reader) -> Manifest:
    """The manifest with the runs that the store has now."""
    found = tracker.find(manifest.cohorts())
    return manifest.with_runs(
        {trial: Told(run.run_id, run.state, run.reason, run.kind) for trial, run in found.items()}
    )


def why_unfinished(entry: ManifestEntry) -> str:
    """Why a trial has no result, in one line."""
    if entry.state == PENDING:
        return "never started"
    return "it has not ended" if entry.state == "running" else entry.reason or "its process ended before it did"


def is_complete(manifest: Manifest) -> bool:
    """Whether every trial has come to an end, good or bad."""
    return all(entry.state in (*RECORDED, *SHELVED) for entry in manifest.entries)


def collect(manifest: Manifest, tracker: Reader, search: pa.Table | None = None) -> Tables:
    """Read the tables of every run of a sweep and put them together.

    A trial is named as this sweep names it, whatever the sweep that ran it called it. A trial that has not run, or was
    interrupted, is a row too, so that a report can say what is missing. Of what a search tried, only the front is
    compared, whatever else has been finished by other sweeps.

    Args:
        manifest: the trials, with their runs.
        tracker: the store.
        search: the search table, where the sweep is a search.

    Raises:
        TrackingError: a recorded run lacks its table.
    """
    tried = SEARCH.empty_table() if search is None else search
    manifest = replace(manifest, entries=_without_beaten(manifest.entries, tried))
    with ThreadPoolExecutor(_READERS) as readers:
        trials = table(readers.map(lambda entry: _trial(entry, tracker), manifest.entries), TRIALS)
        found = readers.map(lambda entry: tracker.read_table(str(entry.run_id), CASES_FILE), _finished(manifest))
    names = {entry.trial: str(entry.row["dataset"]) for entry in manifest.entries}
    cases = renamed(concatenate(found, CASES), names)
    return Tables(trials, cases, _overlays(wanted_pictures(trials, cases), manifest, tracker), tried)


def _without_beaten(entries: Iterable[ManifestEntry], search: pa.Table) -> tuple[ManifestEntry, ...]:
    beaten = beaten_trials(search)
    return tuple(
        replace(entry, state="searched") if entry.trial in beaten and entry.state == "finished" else entry
        for entry in entries
    )


def beaten_trials(search: pa.Table) -> frozenset[str]:
    """The trials of what a search tried and did not choose."""
    rows = search.select(["trials", "front"]).to_pylist()
    members = {trial for row in rows if row["front"] for trial in row["trials"]}
    return frozenset(trial for row in rows for trial in row["trials"]) - members


def _finished(manifest: Manifest) -> Iterable[ManifestEntry]:
    return [entry for entry in manifest.entries if entry.state == "finished"]


def _trial(entry: ManifestEntry, tracker: Reader) -> dict[str, object]:
    named = {"setting": entry.row["setting"], "dataset": entry.row["dataset"], "run_id": entry.run_id}
    if entry.state in (*RECORDED, *SHELVED):
        return {**_row(entry, tracker), **named, "state": entry.state}
    return {
        **entry.row,
        "state": entry.state if entry.state in (PENDING, "running") else "interrupted",
        "reason": why_unfinished(entry),
        "reason_class": entry.kind,
        **named,
    }


def _row(entry: ManifestEntry, tracker: Reader) -> dict[str, Any]:
    """The row that a run holds; only a finished one has to have it."""
    try:
        found: dict[str, Any] = tracker.read_table(str(entry.run_id), TRIALS_FILE).to_pylist()[0]
    except TrackingError:
        if entry.state == "finished":
            raise
        return {**entry.row, "state": entry.state, "reason": entry.reason, "reason_class": entry.kind}
    return found


def renamed(cases: pa.Table, names: Mapping[str, str]) -> pa.Table:
    """Cases under a sweep's names of their datasets, which are given by trial."""
    column = pa.array([names[trial] for trial in cases["trial"].to_pylist()], pa.string())
    return cases.set_column(cases.schema.get_field_index("dataset"), CASES.field("dataset"), column)


def _overlays(wanted: frozenset[Key], manifest: Manifest, tracker: Reader) -> pa.Table:
    """The pictures that a report shows, from the few runs that hold them; each once, whatever its ranks there."""
    runs = {entry.trial: str(entry.run_id) for entry in _finished(manifest)}
    rows = [row for trial in sorted({trial for trial, _, _ in wanted}) for row in _kept(runs[trial], tracker)]
    by_key = {(row["trial"], row["case"], row["label"]): row for row in rows}
    return table((by_key[key] for key in sorted(wanted & by_key.keys())), OVERLAYS)


def _kept(run_id: str, tracker: Reader) -> Iterable[dict[str, object]]:
    """Rows of a run's overlays; none of a run that an earlier version made."""
    try:
        return list(tracker.read_table(run_id, OVERLAYS_FILE).to_pylist())
    except TrackingError:
        return []
