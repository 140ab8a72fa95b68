"""Time and memory of a report: `python benchmarks/report.py`.

Makes the tables of sweeps of 100 and 1,000 trials with 100 validation cases each (20 and 200 settings × 5 folds), then
computes and renders the report in a fresh process per size. To reach: 2 s for 100 trials and 10 s and 1 GiB for 1,000,
imports and reading of the tables not counted.
"""

import json
import os
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np
import pyarrow as pa

from segsweep.records import tables
from segsweep.records.schemas import CASES, THRESHOLDS, TRIALS
from segsweep.reports.report import build_report
from segsweep.reports.writing import write_report
from segsweep.spec.report_settings import ReportSettings

FOLDS = 5
CASES_PER_TRIAL = 100
SIZES = {"100 trials": 20, "1,000 trials": 200}
"""Settings by name of the size."""


def trials_table(settings: int) -> pa.Table:
    rows = [
        {
            "trial": f"{setting:08x}{fold:08x}",
            "cohort": f"{fold:016x}",
            "state": "finished",
            "setting": f"dice ε={setting}",
            "loss": "dice",
            "phi": "image",
            "arguments": "{}",
            "dataset": "synthetic",
            "labels": "full",
            "fold": fold,
            "seed": 0,
            "network": "unet-s",
            "batch_size": 4,
            "lr": 1e-4,
            "spec": json.dumps({"epsilon": setting}),
            "seconds": 300.0,
            "forecast_seconds": 310.0,
            "device": "cpu",
            "torch_version": "2.13.0",
        }
        for setting in range(settings)
        for fold in range(FOLDS)
    ]
    return tables.table(rows, TRIALS)


def cases_table(trials: pa.Table, *, rng: np.random.Generator) -> pa.Table:
    """Scores made of the case's difficulty, the setting's effect and noise; every case in one fold."""
    n = trials.num_rows * CASES_PER_TRIAL
    trial = np.repeat(np.arange(trials.num_rows), CASES_PER_TRIAL)
    setting, fold = trial // FOLDS, trial % FOLDS
    case = fold * CASES_PER_TRIAL + np.tile(np.arange(CASES_PER_TRIAL), trials.num_rows)
    difficulty = rng.normal(0.8, 0.08, FOLDS * CASES_PER_TRIAL)
    true = rng.gamma(4.0, 5.0, FOLDS * CASES_PER_TRIAL)[case]
    effect = rng.normal(0, 0.01, setting.max() + 1)
    dice = np.clip(difficulty[case] + effect[setting] + rng.normal(0, 0.02, n), 0.01, 0.99)
    hard = true * np.exp(rng.normal(0.02, 0.05, n))
    voxels = np.rint(1000 * true).astype(np.int64)
    found = np.rint(1000 * hard).astype(np.int64)
    overlap = np.minimum(np.rint(dice * (voxels + found) / 2).astype(np.int64), np.minimum(voxels, found))
    names = pa.array([f"case {index:04d}" for index in range(FOLDS * CASES_PER_TRIAL)]).take(pa.array(case))
    counts = {
        "predicted_at": np.rint(found[:, None] * np.linspace(1.6, 0.4, len(THRESHOLDS))).astype(np.int64),
        "true_positive_at": np.rint(overlap[:, None] * np.linspace(1.05, 0.5, len(THRESHOLDS))).astype(np.int64),
    }
    columns = {
        "trial": trials["trial"].combine_chunks().take(pa.array(trial)),
        "dataset": pa.array(["synthetic"] * n),
        "fold": pa.array(fold, pa.int32()),
        "seed": pa.array(np.zeros(n), pa.int32()),
        "case": names,
        "group": names,
        "split": pa.array(["val"] * n),
        "label": pa.array(["lesion"] * n),
        "truth": pa.array(["label"] * n),
        "dice": dice,
        "jaccard": dice / (2 - dice),
        "nsd": np.minimum(1.0, dice + 0.05),
        "volume_true": true,
        "volume_soft": hard * np.exp(rng.normal(0, 0.02, n)),
        "volume_hard": hard,
        "unit": pa.array(["ml"] * n),
        "tp": overlap,
        "fp": found - overlap,
        "fn": voxels - overlap,
        "foreground_fraction": true / 500,
        "truth_cut_off": np.zeros(n),
        "empty_true": np.zeros(n, dtype=bool),
        "empty_pred": np.zeros(n, dtype=bool),
        "ece": rng.gamma(2.0, 0.005, n),
    }
    for name, values in counts.items():
        offsets = pa.array(np.arange(n + 1, dtype=np.int32) * len(THRESHOLDS))
        columns[name] = pa.ListArray.from_arrays(offsets, pa.array(values.ravel()))
    missing = {field.name: pa.nulls(n, field.type) for field in CASES if field.name not in columns}
    return pa.table({name: (columns | missing)[name] for name in CASES.names}, schema=CASES)


def measure(folder: Path) -> dict[str, float]:
    """Compute and render in this process."""
    trials = tables.read(folder / "trials.parquet", TRIALS)
    cases = tables.read(folder / "cases.parquet", CASES)
    start = time.perf_counter()
    report = build_report(trials, cases, ReportSettings(), name="benchmark")
    computed = time.perf_counter()
    write_report(report, folder / "report")
    end = time.perf_counter()
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20
    size = sum(path.stat().st_size for path in (folder / "report").rglob("*") if path.is_file())
    return {"compute": computed - start, "render": end - computed, "GiB": peak, "MB out": size / 1e6}


def main() -> None:
    if len(sys.argv) > 1:
        print(json.dumps(measure(Path(sys.argv[1]))))
        return
    for name, settings in SIZES.items():
        with tempfile.TemporaryDirectory() as folder:
            trials = trials_table(settings)
            tables.write(trials, Path(folder) / "trials.parquet")
            tables.write(cases_table(trials, rng=np.random.default_rng(0)), Path(folder) / "cases.parquet")
            command = [sys.executable, __file__, folder]
            one_thread = os.environ | {"OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1"}
            ran = subprocess.run(command, check=True, capture_output=True, text=True, env=one_thread)
            found = json.loads(ran.stdout)
        total = found["compute"] + found["render"]
        print(f"{name}: {total:.1f} s = {found['compute']:.1f} s compute + {found['render']:.1f} s render; ", end="")
        print(f"peak {found['GiB']:.2f} GiB; {found['MB out']:.1f} MB written")


if __name__ == "__main__":
    main()
