"""A sweep as the tutorials put it together against `segsweep launch`: time of whole processes, and the Dice of both.

    SEGSWEEP_DATA=... python benchmarks/sweep.py [--settings 5] [--repeats 3] [--epochs 4]

Both train the same loss settings on the same cases of the same two folds (60 images of Kvasir-SEG at 64², U-Net 16-128,
batch 8, `--epochs` of cross-entropy and as many of the loss) on the cores of this machine, one thread a trial. The
tutorials' way (benchmarks/tutorial/sweep.py) runs with a fresh actor per trial and with reused ones; segsweep starts
from an empty cache and an empty home, judges every case on its native grid and writes its report. The three take turns.
Prints medians, ratios and the paired difference in Dice; to reach: 2.5 and 1.5 with 5 settings, 6 and 3 with 20.
"""

import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np
import yaml
from scipy import stats

import segsweep

DATA = Path(os.environ.get("SEGSWEEP_DATA", Path(__file__).parents[2] / "shared" / "data")) / "kvasir-seg"
TUTORIAL = Path(__file__).parent / "tutorial" / "sweep.py"
GRIDS = {
    5: [
        {"loss": "ce"},
        {"loss": "wce", "weight": 4.0},
        {"loss": ["dice", "jaccard"], "phi": "image", "epsilon": 1e-7},
        {"loss": "lovasz", "phi": "image"},
    ],
    20: [
        {"loss": "ce"},
        {"loss": "wce", "weight": [2.0, 4.0, 8.0]},
        {"loss": "dice", "phi": ["image", "batch"], "epsilon": [1e-7, 1.0, 10.0, 100.0]},
        {"loss": "jaccard", "phi": ["image", "batch"], "epsilon": [1e-7, 1.0, 10.0]},
        {"loss": "lovasz", "phi": ["image", "batch"]},
    ],
}
"""The settings of the tutorials' script, in its order."""


def grid(settings: int, epochs: int) -> str:
    return yaml.safe_dump(
        {
            "name": "benchmark",
            "datasets": {"folder": str(DATA), "name": "kvasir", "cases": 60, "resize": [64, 64]},
            "folds": {"k": 5, "run": [0, 1]},
            # the tutorials choose the checkpoint on the fold that they report
            "split": {"select": "fold"},
            "network": "unet-m",
            "augment": "bertels2019",
            "warm_start": {"epochs": epochs, "lr": 2e-3},
            "train": {"epochs": epochs, "lr": 1e-3, "batch_size": 8},
            "grid": GRIDS[settings],
        }
    )


def seconds_of(command: list[str], home: Path) -> float:
    """Wall time of a whole process; what it prints is kept in its folder, and shown if it fails."""
    quiet = {"RAY_USAGE_STATS_ENABLED": "0", "MLFLOW_DISABLE_TELEMETRY": "true", "DO_NOT_TRACK": "true"}
    environment = {**os.environ, **quiet, "OMP_NUM_THREADS": "1", "SEGSWEEP_CACHE": str(home / "cache")}
    home.mkdir()
    start = time.perf_counter()
    done = subprocess.run(command, env=environment, cwd=home, capture_output=True, text=True, check=False)
    seconds = time.perf_counter() - start
    if done.returncode:
        sys.exit(f"{' '.join(command)} ended with {done.returncode}:\n{done.stdout[-2000:]}\n{done.stderr[-2000:]}")
    return seconds


def dice_of_tutorial(home: Path) -> np.ndarray:
    """Mean Dice by (setting, fold)."""
    rows = json.loads((home / "results.json").read_text())
    return np.array([row["dice"] for row in rows])


def dice_of_segsweep(home: Path) -> np.ndarray:
    """Mean Dice by (setting, fold), in the order of the grid."""
    planned = segsweep.plan(home.parent / "grid.yaml")
    cases = segsweep.tables("benchmark", home=segsweep.Home(home / "runs")).cases
    means = cases[cases["split"] == "val"].groupby("trial")["dice"].mean()
    folds = {
        trial.fold: [each for each in planned.plan.trials if each.fold == trial.fold] for trial in planned.plan.trials
    }
    return np.array([means[trial.id] for pair in zip(*folds.values(), strict=True) for trial in pair])


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--settings", type=int, choices=tuple(GRIDS), default=5)
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--epochs", type=int, default=4)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="segsweep-benchmark-") as name:
        folder = Path(name)
        (folder / "grid.yaml").write_text(grid(options.settings, options.epochs))
        trials = segsweep.plan(folder / "grid.yaml").plan.trials
        splits = {trial.fold: {"train": trial.split.train, "val": trial.split.val} for trial in trials}
        (folder / "folds.json").write_text(json.dumps(list(splits.values())))
        common = ["--settings", str(options.settings), "--epochs", str(options.epochs), "--storage", "."]
        tutorial = [sys.executable, str(TUTORIAL), str(DATA), str(folder / "folds.json"), *common]
        ours = [str(Path(sys.executable).with_name("segsweep")), "launch", str(folder / "grid.yaml"), "--home", "runs"]
        ways = {"fresh actors": tutorial, "reused actors": [*tutorial, "--reuse-actors"], "segsweep": ours}
        seconds: dict[str, list[float]] = {way: [] for way in ways}
        for repeat in range(options.repeats):
            for way, command in ways.items():
                seconds[way].append(seconds_of(command, folder / f"{way} {repeat}"))
                print(f"{way}: {seconds[way][-1]:.1f} s", flush=True)
        theirs, own = (
            np.concatenate([found(folder / f"{way} {repeat}") for repeat in range(options.repeats)])
            for way, found in (("fresh actors", dice_of_tutorial), ("segsweep", dice_of_segsweep))
        )
    report(len(trials), seconds, theirs, own)


def report(trials: int, seconds: dict[str, list[float]], theirs: np.ndarray, own: np.ndarray) -> None:
    medians = {way: statistics.median(values) for way, values in seconds.items()}
    print(f"\n| way, {trials} trials | median, s | segsweep is faster by |\n| --- | --- | --- |")
    for way, median in medians.items():
        ratios = [other / mine for other, mine in zip(seconds[way], seconds["segsweep"], strict=True)]
        print(f"| {way} | {median:.1f} | {statistics.median(ratios):.2f}× |")
    difference = own - theirs
    half = float(stats.t.ppf(0.975, len(difference) - 1)) * difference.std(ddof=1) / len(difference) ** 0.5
    print(f"\nmean Dice: tutorials {theirs.mean():.3f}, segsweep {own.mean():.3f};", end=" ")
    print(f"paired difference over trials {difference.mean():+.3f} ± {half:.3f} (95 %)")


if __name__ == "__main__":
    main()
