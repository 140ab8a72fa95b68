"""The trials and the cases table joined once and held as columns, ready to be laid out as dense arrays."""

from dataclasses import dataclass
from functools import cached_property

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from segsweep.errors import TableError
from segsweep.reports.setting_names import setting_names

Floats = NDArray[np.float64]
Indices = NDArray[np.int64]


@dataclass(frozen=True)
class Codes:
    """A column of words as indices into its distinct words, in order of first appearance."""

    index: Indices
    words: tuple[str, ...]


@dataclass(frozen=True)
class Trial:
    """What reports need to know of one trial."""

    trial: str
    state: str
    setting: str
    loss: str
    arguments: str
    dataset: str
    labels: str
    network: str
    fold: int
    seed: int
    batch_size: int
    phantom: tuple[float, int, float, float] | None
    """Probability, blocks, ratio and uncertain volume of the phantoms; None for real images."""


class Results:
    """The two tables, joined.

    Args:
        trials: table of schema `segsweep.records.schemas.TRIALS`.
        cases: table of schema `segsweep.records.schemas.CASES`.

    Raises:
        TableError: a case row belongs to no trial.
    """

    def __init__(self, trials: pa.Table, cases: pa.Table) -> None:
        self.trials_table = trials
        self.cases_table = cases
        self._words: dict[str, Codes] = {}
        names = setting_names(trials)
        self.trials = tuple(_trial(row, name) for row, name in zip(trials.to_pylist(), names, strict=True))

    @cached_property
    def trial_index(self) -> Indices:
        """Index into `trials` of every case row, shape (rows,)."""
        position = {trial.trial: index for index, trial in enumerate(self.trials)}
        codes = self.words("trial")
        if unknown := [word for word in codes.words if word not in position]:
            row = int(np.flatnonzero(codes.index == codes.words.index(unknown[0]))[0])
            raise TableError(f"cases, row {row}, column 'trial': {unknown[0]!r} is not in the trials table")
        return np.array([position[word] for word in codes.words], dtype=np.int64)[codes.index]

    @cached_property
    def _by_trial_and_split(self) -> dict[tuple[int, str, str, str], Indices]:
        """Rows of the cases table by trial, split, label and truth."""
        columns = [self.words(name) for name in ("split", "label", "truth")]
        keys = np.stack([self.trial_index, *(codes.index for codes in columns)], axis=1)
        found, inverse = np.unique(keys, axis=0, return_inverse=True)
        order = np.argsort(inverse, kind="stable")
        parts = np.split(order, np.flatnonzero(np.diff(inverse[order])) + 1)
        split, label, truth = (codes.words for codes in columns)
        return {
            (int(key[0]), split[key[1]], label[key[2]], truth[key[3]]): part
            for key, part in zip(found, parts, strict=True)
        }

    def rows(self, trial: int, split: str, label: str, truth: str) -> Indices:
        """Rows of one trial's cases, for example those it was trained on; empty where there are none."""
        return self._by_trial_and_split.get((trial, split, label, truth), np.empty(0, dtype=np.int64))

    def words(self, name: str) -> Codes:
        """A column of words of the cases table."""
        if name not in self._words:
            self._words[name] = self._encoded(name)
        return self._words[name]

    def _encoded(self, name: str) -> Codes:
        encoded = pc.dictionary_encode(self.cases_table[name].combine_chunks())
        if isinstance(encoded, pa.ChunkedArray):
            encoded = encoded.combine_chunks()
        index = encoded.indices.to_numpy(zero_copy_only=False).astype(np.int64)
        return Codes(index, tuple(encoded.dictionary.to_pylist()))

    def floats(self, name: str) -> Floats:
        """A column of numbers of the cases table, shape (rows,); NaN where there is none."""
        column = self.cases_table[name].cast(pa.float64()).combine_chunks()
        return np.asarray(column.to_numpy(zero_copy_only=False), dtype=np.float64)

    def integers(self, name: str) -> Indices:
        """A column of whole numbers or truth values of the cases table, shape (rows,)."""
        return np.asarray(self.cases_table[name].cast(pa.int64()).to_numpy(), dtype=np.int64)

    def counts(self, name: str) -> Indices:
        """`predicted_at` or `true_positive_at`: voxels at each threshold, shape (rows, 101)."""
        flat = self.cases_table[name].combine_chunks().flatten().to_numpy(zero_copy_only=False)
        rows = self.cases_table.num_rows
        if flat.size == 0:
            return np.empty((rows, 0), dtype=np.int64)
        if flat.size % rows:
            raise TableError(f"cases, column {name!r}: every row must hold the same number of thresholds")
        return np.asarray(flat.reshape(rows, -1), dtype=np.int64)


def _trial(row: dict[str, object], setting: str) -> Trial:
    phantom = None
    if row["phantom_p"] is not None:
        phantom = (
            float(str(row["phantom_p"])),
            int(str(row["phantom_k"])),
            float(str(row["phantom_r"])),
            float(str(row["phantom_uncertain_volume"])),
        )
    return Trial(
        trial=str(row["trial"]),
        state=str(row["state"]),
        setting=setting,
        loss=str(row["loss"]),
        arguments=str(row["arguments"]),
        dataset=str(row["dataset"]),
        labels=str(row["labels"]),
        network=str(row["network"]),
        fold=int(str(row["fold"])),
        seed=int(str(row["seed"])),
        batch_size=int(str(row["batch_size"])),
        phantom=phantom,
    )
