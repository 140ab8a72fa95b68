"""The cases that stand for a setting, and the pictures of them that a report shows."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from segsweep.records.example_cases import choose_examples, eligible
from segsweep.records.schemas import OVERLAYS
from segsweep.reports.panels import Panel, build_panels
from segsweep.reports.results import Floats, Indices, Results
from segsweep.reports.scores import over_repeats

MOST_PICTURED = 10
"""Settings of a panel whose cases are shown; beyond that a page would be megabytes that nobody scrolls through."""

Key = tuple[str, str, str]
"""Trial, case and label: what a picture is of."""


@dataclass(frozen=True)
class Example:
    """A case that stands for the cases of a setting.

    Attributes:
        rank: `best`, `median` or `worst`, over all folds and seeds.
        trial: whose model predicted it.
        repeat: name of the model where there are several, e.g. `seed 1`; else empty.
    """

    setting: str
    rank: str
    trial: str
    case: str
    label: str
    repeat: str
    dice: float

    @property
    def key(self) -> Key:
        """What a picture of it is found by."""
        return self.trial, self.case, self.label


@dataclass(frozen=True)
class Picture:
    """The outlines of truth and prediction over the image, and the axial slice shown; None in 2D."""

    png: bytes
    slice: int | None


@dataclass(frozen=True)
class Examples:
    """The examples of a panel, setting by setting.

    Attributes:
        cases: of all settings, best, median and worst of each.
        pictured: settings whose cases are shown.
        pictures: of those that there is a picture of.
    """

    cases: tuple[Example, ...]
    pictured: tuple[str, ...]
    pictures: Mapping[Key, Picture]


def panel_examples(panel: Panel, pictures: Mapping[Key, Picture]) -> Examples:
    """The best, the worst and a median case of every setting, over all folds and seeds.

    Args:
        panel: the cases.
        pictures: all that there are.
    """
    dice, volume, empty = (panel.values(name) for name in ("dice", "volume_true", "empty_true"))
    trial = np.where(panel.present, panel.results.trial_index[panel.row], -1)
    cases = []
    for place in range(len(panel.settings)):
        # case by case, then repeat by repeat: where two are equal, the first of them is chosen
        case, repeat = np.nonzero(panel.present[place].T)
        where = (place, repeat, case)
        chosen = _chosen(dice[where], volume[where], empty[where] == 1, trial[where])
        cases += [_example(panel, rank, where[0], repeat[at], case[at], dice[where][at]) for rank, at in chosen.items()]
    shown = {case.key: pictures[case.key] for case in cases if case.key in pictures}
    return Examples(tuple(cases), _pictured(dice, panel.settings), shown)


def pictures_by_key(overlays: pa.Table) -> dict[Key, Picture]:
    """Rows of a table of schema `segsweep.records.schemas.OVERLAYS`, found by what they show."""
    rows = overlays.select(OVERLAYS.names).to_pylist()
    return {(row["trial"], row["case"], row["label"]): Picture(row["png"], row["slice"]) for row in rows}


def wanted_pictures(trials: pa.Table, cases: pa.Table) -> frozenset[Key]:
    """What a report on these tables would show.

    Raises:
        TableError: the tables contradict themselves.
    """
    panels = build_panels(Results(trials, cases))
    return frozenset(
        case.key
        for examples in (panel_examples(panel, {}) for panel in panels)
        for case in examples.cases
        if case.setting in examples.pictured
    )


def _pictured(dice: Floats, settings: tuple[str, ...]) -> tuple[str, ...]:
    """All settings, or those with the highest mean Dice; in the order of the grid."""
    scores = over_repeats(dice)
    scored = np.isfinite(scores)
    means = np.where(scored, scores, 0.0).sum(axis=1) / np.maximum(scored.sum(axis=1), 1)
    best = np.sort(np.argsort(-means, kind="stable")[:MOST_PICTURED])
    return tuple(settings[place] for place in best)


def _chosen(dice: Floats, volume: Floats, empty: NDArray[np.bool_], trial: Indices) -> dict[str, int]:
    """Rank to position among the rows of a setting, each of shape (rows,).

    A trial keeps pictures of its own best, median and worst case only. The best of all is some trial's best and the
    worst of all some trial's worst, but the median of all need not be any trial's median: the nearest of those stands
    for it.
    """
    chosen = choose_examples(dice, volume, empty)
    if not chosen:
        return {}
    allowed = set(eligible(dice, empty).tolist())
    medians = []
    for number in np.unique(trial):
        mine = np.flatnonzero(trial == number)
        own = choose_examples(dice[mine], volume[mine], empty[mine])
        medians += [int(mine[own["median"]])] if own else []
    pooled = dice[chosen["median"]]
    nearest = min((at for at in medians if at in allowed), key=lambda at: (abs(dice[at] - pooled), at))
    return {**chosen, "median": nearest}


def _example(panel: Panel, rank: str, setting: int, repeat: int, case: int, dice: float) -> Example:
    results = panel.results
    return Example(
        setting=panel.settings[setting],
        rank=rank,
        trial=results.trials[int(results.trial_index[panel.row[setting, repeat, case]])].trial,
        case=panel.cases[case],
        label=panel.key.label,
        repeat=panel.repeats[repeat] if len(panel.repeats) > 1 else "",
        dice=float(dice),
    )
