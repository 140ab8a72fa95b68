"""The pictures that a trial leaves behind: its best, median and worst evaluation case of every label."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn

from segsweep.data.batches import Batches, EvaluationCase
from segsweep.records.example_cases import choose_examples
from segsweep.training.evaluation import counted, main_truth
from segsweep.training.inference import decide, predict
from segsweep.training.overlays import Overlay, render

_MAIN_TRUTHS = ("label", "majority")
"""Which truth is outlined: the one that stands for the case, not those of its raters."""


def example_rows(
    network: nn.Module, batches: Batches, cases: Sequence[Mapping[str, Any]], device: torch.device
) -> Iterator[dict[str, Any]]:
    """Rows of the overlays table.

    The few cases that are shown are predicted once more, which costs less than to keep every prediction until the
    scores are known.

    Args:
        network: in evaluation mode.
        batches: of the fold.
        cases: the trial's rows of the cases table.
        device: to predict on.
    """
    chosen = [
        (row, rank)
        for label in batches.labels[1:]
        for rank, row in _chosen(row for row in cases if row["label"] == label).items()
    ]
    wanted = {row["case"] for row, _ in chosen}
    for case in batches.evaluation():
        if case.split == "val" and case.id in wanted:
            mine = [(row, rank) for row, rank in chosen if row["case"] == case.id]
            yield from _rows_of_case(network, case, mine, batches.labels, device)


def _chosen(rows: Iterable[Mapping[str, Any]]) -> dict[str, Mapping[str, Any]]:
    """Rank to row, of one label; in the order of case ids, which decides between equals."""
    ranked = sorted((row for row in rows if row["split"] == "val" and row["truth"] in _MAIN_TRUTHS), key=_case)
    dice = np.array([row["dice"] for row in ranked], dtype=np.float64)
    volume = np.array([row["volume_true"] for row in ranked], dtype=np.float64)
    empty = np.array([row["empty_true"] for row in ranked], dtype=np.bool_)
    return {rank: ranked[position] for rank, position in choose_examples(dice, volume, empty).items()}


def _case(row: Mapping[str, Any]) -> str:
    return str(row["case"])


def _rows_of_case(
    network: nn.Module,
    case: EvaluationCase,
    chosen: Sequence[tuple[Mapping[str, Any], str]],
    labels: Sequence[str],
    device: torch.device,
) -> Iterator[dict[str, Any]]:
    (found,) = predict(network, [case], device)
    decided = decide(counted(case.geometry.to_native(found), case))
    image = _native_image(case)
    drawn: dict[str, Overlay] = {}
    for row, rank in chosen:
        label = row["label"]
        if label not in drawn:
            value = labels.index(label)
            drawn[label] = render(image, main_truth(case, value), decided == value, case.geometry.spacing)
        named = {name: row[name] for name in ("trial", "case", "label", "dice")}
        yield {**named, "rank": rank, "slice": drawn[label].slice, "png": drawn[label].png}


def _native_image(case: EvaluationCase) -> NDArray[np.float32]:
    """What the network saw, on the native grid; what it did not see is as dark as the darkest that it saw."""
    darkest = case.image.min()
    return np.asarray(case.geometry.to_native(case.image - darkest) + darkest)
