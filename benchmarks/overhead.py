"""What a trial costs beyond its own training: `python benchmarks/overhead.py [--epochs 20] [--repeats 3]`.

A trial (soft Dice on Kvasir-SEG at 128², U-Net 16-128, batch 8, from scratch) is run as a worker runs it, with journal,
checkpoints, claims and an MLflow store, and as a bare loop over the same batches in one process: forward, loss,
backward, Adam, validation after every epoch, evaluation of the same cases at the end. The two take turns,
one thread each. With 20 epochs a trial takes more than a minute. Prints the median ratio of wall and of CPU time, to
reach: 1.05.
"""

import argparse
import copy
import os
import statistics
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import torch
import yaml

import segsweep
from segsweep.api import open_tracker
from segsweep.data.open import open_batches
from segsweep.losses.build import build_loss
from segsweep.orchestration.executor import Errand
from segsweep.orchestration.work import work
from segsweep.spec.trials import Trial
from segsweep.training.evaluation import evaluate
from segsweep.training.lane import hard_dice
from segsweep.training.layout import lay_out
from segsweep.training.networks import build_network

DATA = Path(os.environ.get("SEGSWEEP_DATA", Path(__file__).parents[2] / "shared" / "data")) / "kvasir-seg"


def trial_of(folder: Path, epochs: int, cases: int) -> Trial:
    grid = {
        "name": "overhead",
        "datasets": {"folder": str(DATA), "name": "kvasir", "cases": cases, "resize": [128, 128]},
        "folds": {"k": 5, "run": [0]},
        "network": "unet-m",
        "augment": "bertels2019",
        "warm_start": "none",
        "train": {"epochs": epochs, "lr": 1e-3, "batch_size": 8, "patience": epochs},
        "grid": {"loss": "dice"},
    }
    path = folder / "grid.yaml"
    path.write_text(yaml.safe_dump(grid))
    return segsweep.plan(path, check=True).plan.trials[0]


def as_trial(trial: Trial, home: segsweep.Home) -> None:
    """As a worker runs it."""
    tracker = open_tracker(home)
    errand = Errand(tracker.open_sweep("overhead", {}), tracker, home.blobs, home.journal, home.folder)
    (ending,) = work((trial,), errand, 1, lambda progress: None, gpu=False).values()
    assert ending.state == "finished", ending


def bare(trial: Trial) -> None:
    """What one would write down to train and judge this one network."""
    device = torch.device("cpu")
    batches = open_batches(trial, device)
    network = lay_out(build_network(trial.network, axes=2, channels=batches.channels, outputs=1, seed=0), device)
    loss = build_loss(trial.loss.name, trial.loss.arguments, labels=batches.statistics)
    optimizer = torch.optim.Adam(network.parameters(), trial.train.lr, fused=True)
    best, weights = float("inf"), network.state_dict()
    for number in range(1, trial.train.epochs + 1):
        network.train()
        for batch in batches.epoch("loss", number):
            optimizer.zero_grad()
            loss(network(batch.images), batch.targets).backward()
            optimizer.step()
        network.eval()
        losses, dices = [], []
        with torch.no_grad():
            for batch in batches.selection():
                logits = network(batch.images)
                losses.append(loss(logits, batch.targets))
                dices.append(hard_dice(logits, batch.targets))
        mean = float(torch.stack(losses).mean())
        torch.cat(dices).nanmean()
        if mean < best:
            best, weights = mean, copy.deepcopy(network.state_dict())
    network.load_state_dict(weights)
    list(evaluate(network, batches.evaluation(), batches.labels, trial, device))


def timed(run: Callable[[], None]) -> tuple[float, float]:
    """Wall and CPU seconds."""
    wall, cpu = time.perf_counter(), time.process_time()
    run()
    return time.perf_counter() - wall, time.process_time() - cpu


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--epochs", type=int, default=20)
    parser.add_argument("--cases", type=int, default=400)
    parser.add_argument("--repeats", type=int, default=3)
    options = parser.parse_args()
    torch.set_num_threads(1)
    ratios = []
    print("| repeat | trial, s | bare, s | wall ratio | CPU ratio |\n| --- | --- | --- | --- | --- |")
    with tempfile.TemporaryDirectory(prefix="segsweep-overhead-") as name:
        os.environ["SEGSWEEP_CACHE"] = f"{name}/cache"
        short = trial_of(Path(name), 1, options.cases)  # what is paid once per process is no part of a trial
        bare(short)
        as_trial(short, segsweep.Home(Path(name) / "short"))
        trial = trial_of(Path(name), options.epochs, options.cases)
        for repeat in range(options.repeats):
            home = segsweep.Home(Path(name) / str(repeat))
            open_tracker(home)
            runs = [lambda home=home: as_trial(trial, home), lambda: bare(trial)]
            order = (0, 1) if repeat % 2 else (1, 0)
            found = {index: timed(runs[index]) for index in order}
            (wall, cpu), (bare_wall, bare_cpu) = found[0], found[1]
            ratios.append((wall / bare_wall, cpu / bare_cpu))
            shown = " | ".join(f"{ratio:.3f}" for ratio in ratios[-1])
            print(f"| {repeat + 1} | {wall:.1f} | {bare_wall:.1f} | {shown} |", flush=True)
    walls, cpus = zip(*ratios, strict=True)
    print(f"\nmedian: wall {statistics.median(walls):.3f}, CPU {statistics.median(cpus):.3f}")


if __name__ == "__main__":
    main()
