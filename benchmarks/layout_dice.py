"""Whether the layout of a network moves results: `OMP_NUM_THREADS=1 python benchmarks/layout_dice.py [--seeds 5]`.

The same trials (U-Net 16-128; 60 images of Kvasir-SEG at 64², 30 hippocampi at 32³; five losses, two folds) are
trained with networks as they are made and as they are laid out for a CPU. Rounding differs, and training carries
that on: printed is the paired difference in Dice over the seeds, each the mean over folds, losses and cases, with
Student's 95 % interval. To reach: inside ±0.01.
"""

import argparse
import os
import tempfile
from pathlib import Path
from unittest import mock

import numpy as np
import torch
import yaml
from scipy import stats

from segsweep import api
from segsweep.orchestration.home import Home
from segsweep.orchestration.in_process import InProcessExecutor
from segsweep.training import lane

DATA = Path(os.environ.get("SEGSWEEP_DATA", Path(__file__).parents[2] / "shared" / "data"))
DATASETS = {
    "kvasir": {"folder": str(DATA / "kvasir-seg"), "cases": 60, "resize": [64, 64]},
    "hippocampus": {"msd": str(DATA / "Task04_Hippocampus"), "cases": 30, "resize": [32, 32, 32]},
}
TRAINING = {"kvasir": {"epochs": 4, "batch_size": 8}, "hippocampus": {"epochs": 3, "batch_size": 4}}


def grid(name: str, seeds: int) -> str:
    return yaml.safe_dump(
        {
            "name": name,
            "datasets": {**DATASETS[name], "name": name},
            "folds": {"k": 5, "run": [0, 1]},
            "seeds": list(range(seeds)),
            "network": "unet-m",
            "augment": "bertels2019",
            "warm_start": {"epochs": TRAINING[name]["epochs"], "lr": 0.002},
            "train": {**TRAINING[name], "lr": 0.001},
            "grid": [{"loss": ["ce", "wce", "dice", "jaccard", "lovasz"]}],
            "report": {"resamples": 200},
        }
    )


def as_made(network: torch.nn.Module, device: torch.device) -> torch.nn.Module:
    return network.to(device)


def mean_dice(name: str, seeds: int, *, laid_out: bool) -> np.ndarray:
    """Mean Dice of the validation cases of each seed."""
    with tempfile.TemporaryDirectory() as folder:
        path, home = Path(folder) / "grid.yaml", Home(Path(folder) / "home")
        path.write_text(grid(name, seeds))
        with mock.patch.object(lane, "lay_out", lane.lay_out if laid_out else as_made):
            api.launch(path, home=home, executor=InProcessExecutor())
        cases = api.tables(name, home=home).cases
    return cases[cases["split"] == "val"].groupby("seed")["dice"].mean().sort_index().to_numpy()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--seeds", type=int, default=5)
    seeds = parser.parse_args().seeds
    torch.set_num_threads(1)
    print("| dataset | Dice as made | laid out | difference [95 % interval] |\n| --- | --- | --- | --- |")
    for name in DATASETS:
        made, laid = (mean_dice(name, seeds, laid_out=laid_out) for laid_out in (False, True))
        apart = laid - made
        half = stats.t.ppf(0.975, seeds - 1) * stats.sem(apart)
        low, high = apart.mean() - half, apart.mean() + half
        print(
            f"| {name} | {made.mean():.4f} | {laid.mean():.4f} | {apart.mean():+.4f} [{low:+.4f}, {high:+.4f}] |",
            flush=True,
        )


if __name__ == "__main__":
    main()
