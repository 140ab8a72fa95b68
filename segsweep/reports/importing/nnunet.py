"""Finished nnU-Net experiments: the `summary.json` of every validation fold below a folder.

A summary holds, per case and label, Dice, IoU and voxel counts: enough for intervals, comparisons and the bias of the
hard volume. It holds no probabilities, so soft volumes, calibration and thresholds stay unknown, and no voxel size, so
volumes are counted in voxels.
"""

import json
import logging
import re
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import pyarrow as pa

from segsweep.data.image_files import stem
from segsweep.errors import TableError
from segsweep.reports.importing.foreign_rows import UNKNOWN, ForeignCase, foreign_tables

_COUNTS = ("TP", "FP", "FN", "n_pred", "n_ref")
_ON_TRAINING_CASES = "fold_all"
"""Folder of a network that was trained on all cases; its validation is on these."""

_log = logging.getLogger("segsweep.reports")


def read_nnunet(folder: Path) -> tuple[pa.Table, pa.Table]:
    """The trials and the cases table of the summaries below a folder.

    In nnU-Net's own layout, `DATASET/TRAINER__PLANS__CONFIGURATION/fold_N/validation/summary.json`, the three parts
    name dataset, setting and fold. Where there is such a summary, no other is taken: what lies beside the folds are
    their cases once more. Else every summary but those of `fold_all` is one setting, named by its folder, on one
    dataset, named by the folder above. What is left out is logged.

    Args:
        folder: for example nnU-Net's results folder, or that of one dataset.

    Raises:
        TableError: there is no summary to take, or one is not what nnU-Net writes; names the file, the case and the
            label.
    """
    here = folder.absolute()  # names are read from the path, also where it is given as `.`
    paths = sorted(here.rglob("summary.json"))
    if not paths:
        raise TableError(f"{folder}: no summary.json below it")
    taken = _taken(paths)
    if not taken:
        raise TableError(f"{folder}: every summary.json below it is of {_ON_TRAINING_CASES}, on its training cases")
    if left_out := sorted(str(path.parent.relative_to(here)) for path in set(paths) - set(taken)):
        _log.warning("%s: left out, as it is no validation fold: %s", folder, ", ".join(left_out))
    return foreign_tables(case for path in taken for case in _cases(path))


def _taken(paths: Sequence[Path]) -> list[Path]:
    """Those of validation folds, or where there is none all that are not on training cases."""
    folds = [path for path in paths if _fold(path) is not None]
    return folds or [path for path in paths if _ON_TRAINING_CASES not in path.parts]


def _cases(path: Path) -> Iterator[ForeignCase]:
    try:
        summary = json.loads(path.read_text(encoding="utf-8"))
        entries = summary["metric_per_case"]
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise TableError(f"{path}: not a summary.json of nnU-Net: {error!r}") from error
    dataset, setting, fold = _place(path)
    for number, entry in enumerate(entries, start=1):
        try:
            case = _case_name(str(entry["prediction_file"]))
            measured = dict(entry["metrics"])
        except (KeyError, TypeError, ValueError) as error:
            raise TableError(f"{path}, case {number}: no prediction_file or metrics: {error!r}") from error
        for label, values in measured.items():
            yield _case(path, (dataset, setting, fold), case, str(label), values)


def _place(path: Path) -> tuple[str, str, int]:
    """Dataset, setting and fold."""
    folder, fold = path.parent, _fold(path)
    if fold is not None:
        return folder.parents[2].name, folder.parents[1].name, fold
    return folder.parent.name, folder.name, 0


def _fold(path: Path) -> int | None:
    """The fold whose validation a summary is about; None where it is about something else."""
    named = re.fullmatch(r"fold_(\d+)", path.parent.parent.name)
    return int(named[1]) if named and path.parent.name == "validation" else None


def _case_name(file: str) -> str:
    # the results may have been made under another system
    return stem(Path(re.split(r"[\\/]", file)[-1]))


def _case(path: Path, place: tuple[str, str, int], case: str, label: str, values: dict[str, Any]) -> ForeignCase:
    at = f"{path}, case {case!r}, label {label!r}"
    try:
        tp, fp, fn, predicted, true = (int(values[name]) for name in _COUNTS)
    except (KeyError, TypeError, ValueError) as error:
        raise TableError(f"{at}: {', '.join(_COUNTS)} must be whole numbers: {error!r}") from error
    if tp + fp != predicted or tp + fn != true:
        raise TableError(f"{at}: TP, FP and FN contradict n_pred and n_ref")
    dataset, setting, fold = place
    union = tp + fp + fn
    image = union + int(values.get("TN", 0))
    return ForeignCase(
        dataset=dataset,
        setting=setting,
        case=case,
        group=case,
        label=label,
        dice=2 * tp / (predicted + true) if union else UNKNOWN,
        jaccard=tp / union if union else UNKNOWN,
        fold=fold,
        volume_true=float(true),
        volume_hard=float(predicted),
        tp=tp,
        fp=fp,
        fn=fn,
        foreground_fraction=true / image if "TN" in values and image else UNKNOWN,
        empty_true=true == 0,
        empty_pred=predicted == 0,
    )
