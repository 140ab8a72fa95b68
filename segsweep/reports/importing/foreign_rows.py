"""Foreign case rows completed to the trials and the cases table: what is unknown stays unknown."""

import hashlib
import json
import math
from collections.abc import Iterable
from dataclasses import dataclass, field

import pyarrow as pa

from segsweep.records import tables
from segsweep.records.schemas import CASES, TRIALS

UNKNOWN = float("nan")


@dataclass(frozen=True)
class ForeignCase:
    """One case of one setting, as far as it is known.

    Attributes:
        loss: name in the catalogue of losses, if known; decides the group in the table after Bertels et al. 2019.
        dice: NaN = truth and prediction are both empty, or it is not known.
        volume_true: in `unit`; likewise the other volumes. NaN = not known.
        tp: voxels; likewise fp and fn. Counts are used for nothing that volumes and Dice do not give; 0 where unknown.
        meta: further columns, for subgroups.
    """

    dataset: str
    setting: str
    case: str
    group: str
    label: str
    dice: float
    jaccard: float
    loss: str = "unknown"
    fold: int = 0
    seed: int = 0
    split: str = "val"
    truth: str = "label"
    hd95: float = UNKNOWN
    assd: float = UNKNOWN
    nsd: float = UNKNOWN
    ece: float = UNKNOWN
    volume_true: float = UNKNOWN
    volume_soft: float = UNKNOWN
    volume_hard: float = UNKNOWN
    unit: str = "px"
    tp: int = 0
    fp: int = 0
    fn: int = 0
    foreground_fraction: float = UNKNOWN
    empty_true: bool = False
    empty_pred: bool = False
    meta: dict[str, str] = field(default_factory=dict)


def foreign_tables(cases: Iterable[ForeignCase]) -> tuple[pa.Table, pa.Table]:
    """The trials and the cases table; one trial per dataset × setting × fold × seed."""
    trials: dict[str, dict[str, object]] = {}
    rows = []
    for case in cases:
        trial = _trial_id(case)
        trials.setdefault(trial, _trial_row(trial, case))
        rows.append(_case_row(trial, case))
    return tables.table(trials.values(), TRIALS), tables.table(rows, CASES)


def _trial_id(case: ForeignCase) -> str:
    key = json.dumps([case.dataset, case.setting, case.fold, case.seed])
    return hashlib.sha256(key.encode()).hexdigest()[:16]


def _trial_row(trial: str, case: ForeignCase) -> dict[str, object]:
    return {
        "trial": trial,
        "cohort": "imported",
        "state": "finished",
        "setting": case.setting,
        "loss": case.loss,
        "arguments": "{}",
        "dataset": case.dataset,
        "labels": "full",
        "fold": case.fold,
        "seed": case.seed,
        "network": "not known",
        "batch_size": 0,
        "lr": UNKNOWN,
        "spec": "{}",
    }


def _case_row(trial: str, case: ForeignCase) -> dict[str, object]:
    nullable = {name: getattr(case, name) for name in ("dice", "jaccard", "hd95", "assd", "nsd")}
    kept = ("dataset", "fold", "seed", "case", "group", "split", "label", "truth", "volume_true", "volume_soft")
    counted = ("volume_hard", "unit", "tp", "fp", "fn", "foreground_fraction", "empty_true", "empty_pred", "ece")
    return {
        "trial": trial,
        **{name: getattr(case, name) for name in (*kept, *counted)},
        **{name: None if math.isnan(value) else value for name, value in nullable.items()},
        "truth_cut_off": 0.0,
        "predicted_at": [],
        "true_positive_at": [],
        "meta": json.dumps(case.meta, ensure_ascii=False) if case.meta else None,
    }
