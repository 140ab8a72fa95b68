"""A trained network in the few numbers that a search goes by, all of inner cases."""

import math
from collections.abc import Iterable, Mapping
from statistics import fmean
from typing import Any

_TRUTHS = ("label", "majority")
"""What stands for the truth of a case: its label, or the majority of its raters."""


def inner_scores(cases: Iterable[Mapping[str, Any]]) -> dict[str, float]:
    """The objectives of a search for one model, each a mean over the labels; NaN where a label has no such value.

    `dice` is the mean over the cases that have a true voxel; `abs_bias` is |mean ΔV| over the mean true volume, of hard
    volumes, and `abs_bias_soft` of soft ones. The mean over cases is taken before the sign is dropped: the error of a
    mean volume is asked for, not the errors of the cases.

    Args:
        cases: rows of the cases table.
    """
    rows = [row for row in cases if row["split"] == "inner" and row["truth"] in _TRUTHS]
    labels = [[row for row in rows if row["label"] == label] for label in sorted({row["label"] for row in rows})]
    return {
        "dice": _mean(_mean(row["dice"] for row in mine if not row["empty_true"]) for mine in labels),
        "abs_bias": _mean(_relative_bias(mine, "volume_hard") for mine in labels),
        "abs_bias_soft": _mean(_relative_bias(mine, "volume_soft") for mine in labels),
    }


def _relative_bias(rows: list[Mapping[str, Any]], column: str) -> float:
    true = fmean(row["volume_true"] for row in rows)
    return abs(fmean(row[column] for row in rows) - true) / true if true > 0 else math.nan


def _mean(values: Iterable[float]) -> float:
    found = list(values)
    return fmean(found) if found else math.nan
