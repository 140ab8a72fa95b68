"""One trial as a page shows it: its curves, its pictures and its cases."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from segsweep.errors import TrackingError
from segsweep.records.manifest import ManifestEntry
from segsweep.records.schemas import RANKS
from segsweep.reports.numbers import decimals_for
from segsweep.service.chart import Chart, chart
from segsweep.tracking.protocol import CASES_FILE, OVERLAYS_FILE, Reader

MOST_CASES = 300
_COLUMNS = ("case", "group", "label", "truth", "split", "dice", "volume_true", "volume_soft", "volume_hard", "unit")


@dataclass(frozen=True)
class TrialView:
    """What the store has of a trial.

    Args:
        charts: a chart per metric with a curve.
        pictures: rows of the overlays table, by label from best to worst.
        cases: rows of the cases table that are an evaluation, worst Dice first.
        missing: why something of it could not be read.
    """

    charts: tuple[Chart, ...] = ()
    pictures: Sequence[Mapping[str, Any]] = ()
    cases: Sequence[Mapping[str, Any]] = ()
    missing: str | None = None

    @property
    def decimals(self) -> int:
        """Of volumes, so that their errors have three digits."""
        hard, soft = ([row[name] - row["volume_true"] for row in self.cases] for name in ("volume_hard", "volume_soft"))
        return decimals_for(hard + soft)


def trial_view(entry: ManifestEntry, tracker: Reader) -> TrialView:
    """Read it; what cannot be read is said rather than raised."""
    if entry.run_id is None:
        return TrialView()
    try:
        curves = tracker.read_curves(entry.run_id)
    except TrackingError as error:
        return TrialView(missing=str(error))
    charts = tuple(found for metric, curve in curves.items() if (found := chart(metric, [(metric, curve)])) is not None)
    if entry.state != "finished":
        return TrialView(charts)
    try:
        return TrialView(charts, _pictures(entry.run_id, tracker), _cases(entry.run_id, tracker))
    except TrackingError as error:
        return TrialView(charts, missing=str(error))


def _cases(run_id: str, tracker: Reader) -> list[dict[str, Any]]:
    rows = tracker.read_table(run_id, CASES_FILE).select(list(_COLUMNS)).to_pylist()
    judged = [row for row in rows if row["split"] in ("val", "test")]
    return sorted(judged, key=lambda row: (row["dice"] is None, row["dice"], row["case"], row["label"]))


def _pictures(run_id: str, tracker: Reader) -> list[dict[str, Any]]:
    try:
        rows = tracker.read_table(run_id, OVERLAYS_FILE).to_pylist()
    except TrackingError:  # not every sweep keeps pictures
        return []
    return sorted(rows, key=lambda row: (row["label"], RANKS.index(row["rank"])))
