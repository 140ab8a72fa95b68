"""Tracking stores that hold sweeps as a launch would have left them, without training anything."""

from collections.abc import Mapping
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from segsweep.records import schemas
from segsweep.records.manifest import Manifest, ManifestEntry
from segsweep.records.schemas import OVERLAYS, THRESHOLDS, TRIALS
from segsweep.records.tables import table
from segsweep.tracking.protocol import (
    CASES_FILE,
    OVERLAYS_FILE,
    SWEEP_FILE,
    TRIALS_FILE,
    Ending,
    RunDescription,
    Tracker,
)

FOLDS = 2
CASES = 20
_GAIN = {"ce": 0.0, "dice": 0.03, "jaccard": 0.031}

# one black pixel
PNG = bytes.fromhex(
    "89504e470d0a1a0a0000000d4948445200000001000000010802000000907753de0000000c49444154789c6360606000000004000"
    "1f61738550000000049454e44ae426082"
)


def sweep_tables(*losses: str) -> tuple[pa.Table, pa.Table]:
    """Trials of some losses on two folds, and their cases; a loss has the same trials in every sweep."""
    trials = [_trial(loss, fold) for loss in losses for fold in range(FOLDS)]
    cases = [_case(trial, case) for trial in trials for case in range(trial["fold"], CASES, FOLDS)]
    return table(trials, TRIALS), table(cases, schemas.CASES)


def _trial(loss: str, fold: int) -> dict[str, Any]:
    return {
        "trial": f"{list(_GAIN).index(loss):08x}{fold:08x}",
        "cohort": f"{fold:016x}",
        "state": "finished",
        "setting": loss,
        "loss": loss,
        "arguments": "{}",
        "dataset": "polyps",
        "labels": "full",
        "fold": fold,
        "seed": 0,
        "network": "unet-s",
        "batch_size": 4,
        "lr": 1e-3,
        "spec": f'{{"loss": "{loss}"}}',
        "seconds": 60.0,
        "device": "cpu",
        "torch_version": "2.13.0",
    }


def _case(trial: Mapping[str, Any], case: int) -> dict[str, Any]:
    rng = np.random.default_rng([case, list(_GAIN).index(trial["loss"])])
    true = 800 + 20 * case
    overlap = round(true * (0.8 + _GAIN[trial["loss"]] + rng.normal(0, 0.005)))
    return {
        "trial": trial["trial"],
        "dataset": "polyps",
        "fold": trial["fold"],
        "seed": 0,
        "case": f"polyp {case:02d}",
        "group": f"polyp {case:02d}",
        "split": "val",
        "label": "polyp",
        "truth": "label",
        "dice": overlap / true,
        "jaccard": overlap / (2 * true - overlap),
        "volume_true": float(true),
        "volume_soft": true + 5.0 + rng.normal(),
        "volume_hard": float(true),
        "unit": "px",
        "tp": overlap,
        "fp": true - overlap,
        "fn": true - overlap,
        "foreground_fraction": true / 10_000,
        "truth_cut_off": 0.0,
        "empty_true": False,
        "empty_pred": False,
        "ece": 0.01,
        "predicted_at": [true] * len(THRESHOLDS),
        "true_positive_at": [overlap] * len(THRESHOLDS),
    }


def add_sweep(
    tracker: Tracker,
    name: str,
    trials: pa.Table,
    cases: pa.Table,
    *,
    states: Mapping[int, str] | None = None,
    state: str = "finished",
) -> str:
    """Track a sweep whose runs hold these tables.

    Args:
        tracker: store.
        name: of the sweep.
        trials: table of trials.
        cases: table of cases.
        states: of trials by their place where they are not those of the table; `pending` ones have no run.
        state: of the sweep; `running` leaves it open.
    """
    parent = tracker.open_sweep(name, {})
    rows = trials.to_pylist()
    for place, row in enumerate(rows):
        how = (states or {}).get(place, row["state"])
        if how != "pending":
            run_trial(tracker, parent, row, cases, how)
    entries = tuple(ManifestEntry(row, ()) for row in rows)
    tracker.write_files(parent, {SWEEP_FILE: Manifest(name, {}, entries).to_json(), "grid.yaml": b"name: sweep\n"})
    if state != "running":
        tracker.close_sweep(parent, state)
    return parent


def run_trial(tracker: Tracker, parent: str, row: Mapping[str, Any], cases: pa.Table, how: str) -> None:
    """A run with curves, and if it ended with tables."""
    tags = {"segsweep.trial": row["trial"], "segsweep.cohort": row["cohort"]}
    run = tracker.open_run(parent, RunDescription(row["setting"], "trial", {}, tags))
    noise = np.random.default_rng([ord(letter) for letter in row["trial"]]).normal(0, 0.01, 12)
    for epoch in range(1, 12):
        run.log(epoch, {"train/loss": 1 / epoch + noise[epoch], "select/dice": 0.8 - 0.3 / epoch + noise[epoch]})
    if how == "running":
        return
    own = cases.filter(pc.equal(cases["trial"], row["trial"]))
    tables = {TRIALS_FILE: table([{**row, "state": how}], TRIALS)}
    if how == "finished":
        tables |= {CASES_FILE: own.cast(schemas.CASES), OVERLAYS_FILE: _pictures(row["trial"], own)}
    reason = {"failed": "no space left on device", "diverged": "loss became infinite at step 12"}.get(how)
    run.finish(Ending(how, row.get("reason") or reason), {}, tables)


def _pictures(trial: str, cases: pa.Table) -> pa.Table:
    if cases.num_rows == 0:
        return OVERLAYS.empty_table()
    case = cases.slice(0, 1).to_pylist()[0]
    row = {"trial": trial, "case": case["case"], "label": case["label"], "rank": "best", "dice": case["dice"]}
    return table([{**row, "slice": 12, "png": PNG}], OVERLAYS)
