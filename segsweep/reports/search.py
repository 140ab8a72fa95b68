"""What a search tried, and what its best candidates are worth on cases that it has not seen."""

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow as pa

from segsweep.reports.estimates import Mean, PanelEstimates
from segsweep.reports.results import Results
from segsweep.reports.scores import Estimator


@dataclass(frozen=True)
class Candidate:
    """One candidate of a study.

    Attributes:
        number: in the order in which they were asked for.
        setting: its name.
        loss: by which it is coloured.
        parameters: what was drawn from ranges.
        values: objective to value on inner cases; NaN where it has none.
        state: `searched`, or why it has no values.
        reason: the same in a line.
        front: whether no other candidate is better in one objective and as good in all.
    """

    number: int
    setting: str
    loss: str
    parameters: Mapping[str, float]
    values: Mapping[str, float]
    state: str
    reason: str
    front: bool


@dataclass(frozen=True)
class Judged:
    """A candidate of the front on outer cases.

    Attributes:
        setting: its name.
        label: of the dataset.
        dice: mean Dice.
        bias: mean ΔV over mean true volume, with its sign.
    """

    setting: str
    label: str
    dice: Mean
    bias: Mean


@dataclass(frozen=True)
class Study:
    """One search.

    Attributes:
        name: what is searched.
        objectives: what was searched for.
        candidates: in the order in which they were asked for; a setting asked for twice stands once.
        logarithmic: arguments with a logarithmic range.
        judged: the front on outer cases, by label.
    """

    name: str
    objectives: tuple[str, ...]
    candidates: tuple[Candidate, ...]
    logarithmic: frozenset[str]
    judged: tuple[Judged, ...]

    @property
    def front(self) -> tuple[Candidate, ...]:
        """The Pareto members, from the lowest to the highest Dice."""
        return tuple(sorted((one for one in self.candidates if one.front), key=lambda one: one.values["dice"]))

    @property
    def bias(self) -> str:
        """The volume objective that is shown beside Dice."""
        return next((name for name in self.objectives if name != "dice"), "abs_bias")


def studies(search: pa.Table, results: Results, estimates: Iterable[PanelEstimates]) -> tuple[Study, ...]:
    """Every study of a sweep.

    Args:
        search: table of schema `segsweep.records.schemas.SEARCH`.
        results: the trials, by which reports name settings.
        estimates: of the validation cases.
    """
    names = {trial.trial: trial.setting for trial in results.trials}
    panels = [panel for panel in estimates if panel.panel.key.split == "val"]
    by_study: dict[str, list[dict[str, Any]]] = {}
    for row in search.to_pylist():
        by_study.setdefault(row["study"], []).append(row)
    return tuple(_study(name, rows, names, panels) for name, rows in by_study.items())


def _study(
    name: str, rows: Sequence[dict[str, Any]], names: Mapping[str, str], panels: Sequence[PanelEstimates]
) -> Study:
    found: dict[str, Candidate] = {}
    for row in rows:
        candidate = _candidate(row, names)
        found.setdefault(candidate.setting, candidate)
    where = (rows[0]["dataset"], rows[0]["labels"], rows[0]["network"])
    mine = [item for item in panels if (item.panel.key.dataset, item.panel.key.labels, item.panel.key.network) == where]
    objectives = tuple(rows[0]["objectives"])
    estimator = Estimator.SOFT if "abs_bias_soft" in objectives and "abs_bias" not in objectives else Estimator.HARD
    members = [one.setting for one in found.values() if one.front]
    return Study(
        name=name,
        objectives=objectives,
        candidates=tuple(found.values()),
        logarithmic=frozenset(argument for row in rows for argument in row["logarithmic"]),
        judged=tuple(
            _judged(item, member, estimator) for item in mine for member in members if member in item.panel.settings
        ),
    )


def _candidate(row: dict[str, Any], names: Mapping[str, str]) -> Candidate:
    return Candidate(
        number=row["number"],
        setting=names.get(row["trials"][0], row["setting"]),
        loss=row["loss"],
        parameters=json.loads(row["parameters"]),
        values={
            objective: float("nan") if row[objective] is None else row[objective]
            for objective in ("dice", "abs_bias", "abs_bias_soft")
        },
        state=row["state"],
        reason=row["reason"] or "",
        front=row["front"],
    )


def _judged(estimates: PanelEstimates, setting: str, estimator: Estimator) -> Judged:
    panel = estimates.panel
    place = panel.settings.index(setting)
    error = estimates.errors[estimator][place]
    volume = float(np.nanmean(panel.values("volume_true")[place]))
    scale = 1 / volume if volume > 0 else float("nan")
    low, high = sorted((error.low * scale, error.high * scale))
    bias = Mean(error.estimate * scale, low, high, error.n, error.p)
    return Judged(setting, panel.key.label, estimates.dice[place], bias)
