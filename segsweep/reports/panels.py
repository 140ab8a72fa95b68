"""Panels: one dataset × label policy × network × label, as dense arrays settings × repeats × cases.

A panel is where settings may be compared: the same cases, the same folds, the same unit. Nothing is ever pooled over
panels.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from segsweep.errors import TableError
from segsweep.reports.results import Codes, Floats, Indices, Results

_TRUTHS = ("label", "majority", "mean")
"""Which truth stands for the case where it has several; the raters one by one are a section of their own."""


@dataclass(frozen=True, order=True)
class PanelKey:
    """What a panel is about."""

    dataset: str
    labels: str
    network: str
    label: str
    split: str = "val"


@dataclass(frozen=True, eq=False)
class Panel:
    """Case results of one panel.

    Attributes:
        key: what it is about.
        unit: unit of its volumes.
        settings: names in the order of the grid.
        repeats: one name per repeat. Seeds, where every case lies in one fold; fold and seed together, where every
            fold's model is evaluated on the same cases (phantoms, an untouched test set).
        seed: of each repeat, shape (repeats,).
        cases: case ids, sorted.
        groups: patient or series of each case.
        fold: fold that evaluated each case, shape (cases,); -1 where all folds did.
        row: row of the cases table, shape (settings, repeats, cases); -1 = there is none.
    """

    results: Results
    key: PanelKey
    unit: str
    truth: str
    settings: tuple[str, ...]
    repeats: tuple[str, ...]
    seed: Indices
    cases: tuple[str, ...]
    groups: tuple[str, ...]
    fold: Indices
    row: Indices

    def values(self, name: str) -> Floats:
        """A column of numbers or truth values (0, 1), shape (settings, repeats, cases); NaN = missing."""
        return gather(self.results.floats(name), self.row)

    def models(self) -> Iterator[tuple[int, Indices, NDArray[np.bool_]]]:
        """Every trained model: its setting, the rows it was trained on, and where its cases are.

        The last is of shape (repeats, cases).
        """
        trial = np.where(self.row >= 0, self.results.trial_index[self.row], -1)
        for setting in range(len(self.settings)):
            for number in np.unique(trial[setting][trial[setting] >= 0]):
                rows = self.results.rows(int(number), "train", self.key.label, self.truth)
                yield setting, rows, trial[setting] == number

    @property
    def seeds(self) -> int:
        """How many seeds there are among the repeats."""
        return len(np.unique(self.seed))

    @property
    def shared(self) -> NDArray[np.bool_]:
        """The repeats that settings are compared by, shape (repeats,).

        Where every model judges the same cases, those that all settings have: one that lacks the model of a fold is
        compared without that fold, as on the validation folds. All, where there is no such repeat.
        """
        common = np.asarray(self.present.any(axis=2).all(axis=0))
        crossed = bool((self.fold < 0).all())
        return common if crossed and common.any() else np.ones_like(common)

    @property
    def trainings(self) -> int:
        """Trainings that tell a loss from a training, among the repeats that settings are compared by.

        The folds of a test set are none: their models differ in the cases that they were trained on, too.
        """
        return len(np.unique(self.seed[self.shared])) if self.key.split == "test" else int(self.shared.sum())

    @property
    def present(self) -> NDArray[np.bool_]:
        """Where there is a row, shape (settings, repeats, cases)."""
        return self.row >= 0


def gather(column: Floats, row: Indices) -> Floats:
    """`column[row]`, NaN where row is -1."""
    padded = np.append(column, np.nan)
    return np.asarray(padded[row])


def build_panels(results: Results, *, split: str = "val", truths: tuple[str, ...] = _TRUTHS) -> tuple[Panel, ...]:
    """Every panel of the finished trials, in the order in which the trials table names them, labels by alphabet.

    Args:
        results: the two tables.
        split: whose cases.
        truths: which truth stands for a case, the first that there is; without any of them there is no panel.

    Raises:
        TableError: two rows for one case, label and truth of one trial; two units within one panel.
    """
    if results.cases_table.num_rows == 0:
        return ()
    trial = results.trial_index
    finished = np.array([item.state == "finished" for item in results.trials])
    split_codes, label_codes, truth_codes = results.words("split"), results.words("label"), results.words("truth")
    keep = finished[trial] & _is_word(split_codes.index, split_codes.words, split)
    panel_of_trial, keys = _panels_of_trials(results)
    panels = []
    for number, key in enumerate(keys):
        in_panel = keep & (panel_of_trial[trial] == number)
        for label in sorted(label_codes.words[code] for code in np.unique(label_codes.index[in_panel])):
            here = in_panel & _is_word(label_codes.index, label_codes.words, label)
            found = {truth_codes.words[code] for code in np.unique(truth_codes.index[here])}
            truth = next((name for name in truths if name in found), None)
            if truth is None:
                continue
            rows = np.flatnonzero(here & _is_word(truth_codes.index, truth_codes.words, truth))
            panels.append(_panel(results, PanelKey(*key, label, split), truth, rows))
    return tuple(panels)


def _is_word(index: Indices, words: tuple[str, ...], word: str) -> NDArray[np.bool_]:
    return np.asarray(index == (words.index(word) if word in words else -1))


def _panels_of_trials(results: Results) -> tuple[Indices, list[tuple[str, str, str]]]:
    keys: dict[tuple[str, str, str], int] = {}
    index = [keys.setdefault((item.dataset, item.labels, item.network), len(keys)) for item in results.trials]
    return np.array(index, dtype=np.int64), list(keys)


def _panel(results: Results, key: PanelKey, truth: str, rows: Indices) -> Panel:
    trial = results.trial_index[rows]
    used, position = np.unique(trial, return_inverse=True)
    trials = [results.trials[index] for index in used]
    settings = tuple(dict.fromkeys(item.setting for item in trials))
    setting = np.array([settings.index(item.setting) for item in trials])[position]
    cases, first, case = _ranked(results.words("case"), rows)
    fold = np.array([item.fold for item in trials])[position]
    seed = np.array([item.seed for item in trials])[position]
    crossed = bool(np.any(fold != fold[first][case]))
    pairs = np.stack([fold if crossed else np.zeros_like(fold), seed], axis=1)
    models, repeat = np.unique(pairs, axis=0, return_inverse=True)
    row = np.full((len(settings), len(models), len(cases)), -1, dtype=np.int64)
    row[setting, repeat, case] = rows
    if np.count_nonzero(row >= 0) < len(rows):
        _name_the_double(results, rows, row[setting, repeat, case], key.dataset)
    groups = results.words("group")
    return Panel(
        results=results,
        key=key,
        unit=_only_unit(results, key, rows),
        truth=truth,
        settings=settings,
        repeats=tuple(f"fold {one}, seed {two}" if crossed else f"seed {two}" for one, two in models),
        seed=models[:, 1],
        cases=cases,
        groups=tuple(groups.words[code] for code in groups.index[rows][first]),
        fold=np.full(len(cases), -1) if crossed else fold[first],
        row=row,
    )


def _ranked(codes: Codes, rows: Indices) -> tuple[tuple[str, ...], Indices, Indices]:
    """Distinct words of `rows` in alphabetical order, the first row of each, and each row's place among them."""
    alphabetical = np.array(sorted(range(len(codes.words)), key=codes.words.__getitem__))
    rank = np.empty(len(codes.words), dtype=np.int64)
    rank[alphabetical] = np.arange(len(codes.words))
    found, first, place = np.unique(rank[codes.index[rows]], return_index=True, return_inverse=True)
    return tuple(codes.words[alphabetical[index]] for index in found), first, place


def _only_unit(results: Results, key: PanelKey, rows: Indices) -> str:
    units = results.words("unit")
    found = np.unique(units.index[rows])
    if len(found) > 1:
        other = int(rows[np.flatnonzero(units.index[rows] != units.index[rows[0]])[0]])
        raise TableError(
            f"cases, row {other}, column 'unit': {units.words[units.index[other]]!r} beside "
            f"{units.words[units.index[rows[0]]]!r} for label {key.label!r} of {key.dataset!r}; volumes of different "
            "units cannot be compared"
        )
    return units.words[int(found[0])]


def _name_the_double(results: Results, rows: Indices, kept: Indices, dataset: str) -> None:
    place = int(np.flatnonzero(kept != rows)[0])
    case = results.words("case")
    raise TableError(
        f"cases, rows {rows[place]} and {kept[place]}: case {case.words[case.index[rows[place]]]!r} of {dataset!r} "
        "stands twice for the same setting, fold, seed, label and truth"
    )


def panel_names(panels: Iterable[Panel]) -> dict[PanelKey, str]:
    """`hippocampus, anterior`; label policy and network only where they tell panels apart or are not the plain ones."""
    keys = [panel.key for panel in panels]
    networks = {key.network for key in keys}
    return {key: ", ".join(_name_parts(key, several_networks=len(networks) > 1)) for key in keys}


def _name_parts(key: PanelKey, *, several_networks: bool) -> Iterator[str]:
    yield key.dataset
    yield key.label
    if key.labels != "full":
        yield f"labels {key.labels}"
    if several_networks:
        yield key.network
    if key.split == "test":
        yield "test set"
