"""trials.json: what a sweep consists of, which run holds each trial, and how it stands."""

import json
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, replace
from typing import Any, NamedTuple

from segsweep.errors import TrackingError
from segsweep.records.rows import trial_row
from segsweep.spec.trials import Plan

PENDING = "pending"


@dataclass(frozen=True)
class ManifestEntry:
    """One trial of a sweep.

    Args:
        row: its columns of the trials table, as far as they are known before it has run.
        aliases: further settings of this sweep that are the same trial by mathematics.
        state: as in the trials table.
        run_id: of the run that holds it.
        reason: why it is not finished.
        kind: class of the reason.
    """

    row: Mapping[str, Any]
    aliases: tuple[str, ...]
    state: str = PENDING
    run_id: str | None = None
    reason: str | None = None
    kind: str | None = None

    @property
    def trial(self) -> str:
        """Trial id."""
        return str(self.row["trial"])


class Told(NamedTuple):
    """What a trial's run tells without its tables."""

    run_id: str
    state: str
    reason: str | None = None
    kind: str | None = None


@dataclass(frozen=True)
class Manifest:
    """A sweep's trials in the order of its grid, and how it wants to be reported.

    Args:
        sweep: its name.
        report: its settings.
        entries: its trials.
        searched: whether they are what a search tried; there is a search table then.
    """

    sweep: str
    report: Mapping[str, Any]
    entries: tuple[ManifestEntry, ...]
    searched: bool = False

    @classmethod
    def of(cls, sweep: str, plan: Plan, report: Mapping[str, Any], *, searched: bool = False) -> "Manifest":
        """The manifest of a plan before any of it has run."""
        entries = tuple(
            ManifestEntry(trial_row(trial, state=PENDING), plan.aliases.get(trial.id, ())) for trial in plan.trials
        )
        return cls(sweep, report, entries, searched)

    def with_runs(self, runs: Mapping[str, Told]) -> "Manifest":
        """The same trials with what is known of their runs, by trial id."""
        return replace(self, entries=tuple(_with_run(entry, runs.get(entry.trial)) for entry in self.entries))

    def with_reasons(self, reasons: Mapping[str, tuple[str | None, str | None]]) -> "Manifest":
        """The same trials; one that was begun and of which no run tells anything was interrupted.

        Args:
            reasons: trial id to why, and the class of that.
        """
        return replace(self, entries=tuple(_with_reason(entry, reasons.get(entry.trial)) for entry in self.entries))

    def states(self) -> dict[str, str]:
        """Trial id to state."""
        return {entry.trial: entry.state for entry in self.entries}

    def cohorts(self) -> Iterable[str]:
        """Cohort ids, each once."""
        return dict.fromkeys(str(entry.row["cohort"]) for entry in self.entries)

    def to_json(self) -> bytes:
        """As a file."""
        return json.dumps(asdict(self), ensure_ascii=False).encode()

    @classmethod
    def from_json(cls, content: bytes) -> "Manifest":
        """From a file.

        Raises:
            TrackingError: the file is damaged or of another version.
        """
        try:
            values = json.loads(content)
            entries = tuple(
                ManifestEntry(**{**entry, "aliases": tuple(entry["aliases"])}) for entry in values["entries"]
            )
            return cls(values["sweep"], values["report"], entries, values.get("searched", False))
        except (ValueError, KeyError, TypeError) as error:
            raise TrackingError(f"trials.json cannot be read: {error}") from error


def _with_run(entry: ManifestEntry, run: Told | None) -> ManifestEntry:
    return entry if run is None else replace(entry, **run._asdict())


def _with_reason(entry: ManifestEntry, reason: tuple[str | None, str | None] | None) -> ManifestEntry:
    unknown = entry.state in (PENDING, "interrupted") and entry.reason is None
    if not unknown or reason is None:
        return entry
    return replace(entry, state="interrupted", reason=reason[0], kind=reason[1])
