"""A trial's cases in a few numbers, for the list of runs."""

from collections.abc import Iterable, Mapping
from statistics import fmean
from typing import Any

_SHOWN = ("dice", "jaccard", "hd95", "assd", "nsd", "ece")


def summarise(cases: Iterable[Mapping[str, Any]]) -> dict[str, float]:
    """Means over the evaluation fold by label; a case without a value of a metric is left out of that mean."""
    rows = [row for row in cases if row["split"] == "val"]
    found: dict[str, float] = {}
    for label in sorted({row["label"] for row in rows}):
        mine = [row for row in rows if row["label"] == label]
        columns = {metric: [row[metric] for row in mine if row[metric] is not None] for metric in _SHOWN}
        for kind in ("soft", "hard"):
            unit = mine[0]["unit"]
            columns[f"volume_error_{kind}_{unit}"] = [row[f"volume_{kind}"] - row["volume_true"] for row in mine]
        found |= {f"val_{name}/{_key(label)}": fmean(values) for name, values in columns.items() if values}
    return found


def _key(label: str) -> str:
    """Tracking stores take letters, digits and a few signs in a metric's name."""
    return "".join(letter if letter.isalnum() or letter in "_-. " else "_" for letter in label)
