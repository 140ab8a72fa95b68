"""The two tables of a sweep, gathered from its runs."""

from collections.abc import Iterable
from dataclasses import dataclass

import pyarrow as pa

from segsweep.records.manifest import PENDING, Manifest, ManifestEntry
from segsweep.records.schemas import CASES, TRIALS
from segsweep.records.tables import concatenate, table
from segsweep.tracking.protocol import CASES_FILE, TRIALS_FILE, Tracker

RECORDED = ("finished", "failed", "diverged")
"""States whose runs hold a row of the trials table; a launch leaves them as they are."""


@dataclass(frozen=True)
class Tables:
    """What every report is a function of."""

    trials: pa.Table
    cases: pa.Table


def refresh(manifest: Manifest, tracker: Tracker) -> Manifest:
    """The manifest with the runs that the store has now."""
    found = tracker.find(manifest.cohorts())
    return manifest.with_runs({trial: (run.run_id, run.state, run.reason) for trial, run in found.items()})


def is_complete(manifest: Manifest) -> bool:
    """Whether every trial has come to an end, good or bad."""
    return all(entry.state in RECORDED for entry in manifest.entries)


def collect(manifest: Manifest, tracker: Tracker) -> Tables:
    """Read the tables of every run of a sweep and put them together.

    A trial is named as this sweep names it, whatever the sweep that ran it called it. A trial that has not run, or was
    interrupted, is a row too, so that a report can say what is missing.

    Raises:
        TrackingError: a recorded run lacks its table.
    """
    trials = [_trial(entry, tracker) for entry in manifest.entries]
    cases = [tracker.read_table(str(entry.run_id), CASES_FILE) for entry in _finished(manifest)]
    return Tables(table(trials, TRIALS), _renamed(concatenate(cases, CASES), manifest))


def _finished(manifest: Manifest) -> Iterable[ManifestEntry]:
    return [entry for entry in manifest.entries if entry.state == "finished"]


def _trial(entry: ManifestEntry, tracker: Tracker) -> dict[str, object]:
    named = {"setting": entry.row["setting"], "dataset": entry.row["dataset"]}
    if entry.state in RECORDED:
        return {**tracker.read_table(str(entry.run_id), TRIALS_FILE).to_pylist()[0], **named}
    reason = "never started" if entry.state == PENDING else entry.reason or "its process ended before it did"
    return {**entry.row, "state": "interrupted", "reason": reason, "run_id": entry.run_id}


def _renamed(cases: pa.Table, manifest: Manifest) -> pa.Table:
    """Cases under this sweep's name of their dataset."""
    names = {entry.trial: str(entry.row["dataset"]) for entry in manifest.entries}
    column = pa.array([names[trial] for trial in cases["trial"].to_pylist()], pa.string())
    return cases.set_column(cases.schema.get_field_index("dataset"), CASES.field("dataset"), column)
