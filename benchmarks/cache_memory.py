"""Memory of a decoded dataset that several workers train on: `python benchmarks/cache_memory.py [--workers 4]`.

Decodes random volumes, lets each worker read every batch of an epoch and look at every case, and asks the kernel how
much of each worker's memory lies in the files of the cache: the whole of what it has mapped (Rss), and its share of
that (Pss). The shares of all workers together should come to the cache once, not once per worker. Linux only.
"""

import argparse
import multiprocessing as mp
import os
import tempfile
from multiprocessing.synchronize import Barrier
from pathlib import Path
from typing import Any

import nibabel
import numpy as np
import torch
import yaml

import segsweep
from segsweep.data.open import open_batches
from segsweep.spec.trials import Trial

CASES = 40
SIDE = 80
MIB = 2**20


def write_volumes(folder: Path) -> None:
    rng = np.random.default_rng(0)
    for kind in ("images", "masks"):
        (folder / kind).mkdir(parents=True)
    for number in range(CASES):
        image = rng.normal(size=(SIDE,) * 3).astype(np.float32)
        for kind, array in (("images", image), ("masks", (image > 1).astype(np.uint8))):
            nibabel.save(nibabel.Nifti1Image(array, np.eye(4)), folder / kind / f"{number:03d}.nii")


def trial_on(folder: Path) -> Trial:
    grid = {
        "name": "memory",
        "datasets": {"folder": str(folder / "data"), "name": "volumes"},
        "augment": "none",
        "grid": {"loss": "dice"},
    }
    (folder / "grid.yaml").write_text(yaml.safe_dump(grid))
    return segsweep.plan(folder / "grid.yaml", check=True).plan.trials[0]


def mapped(folder: Path) -> dict[str, int]:
    """Bytes of this process in the files of a folder: `Rss`, `Pss`."""
    found = {"Rss": 0, "Pss": 0}
    inside = False
    for line in Path("/proc/self/smaps").read_text().splitlines():
        head, *rest = line.split()
        if not head.endswith(":"):
            inside = str(folder) in line
        elif inside and head[:-1] in found:
            found[head[:-1]] += int(rest[0]) * 1024
    return found


def work(trial: Trial, cache: Path, barrier: Barrier, results: Any) -> None:
    torch.set_num_threads(1)
    batches = open_batches(trial, torch.device("cpu"))
    for batch in batches.epoch("loss", 1):
        batch.images.sum()
    cases = batches.evaluation()
    for case in cases:
        case.image.sum()
        case.truth.sum()
    barrier.wait()
    found = mapped(cache)
    barrier.wait()
    results.put(found)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--workers", type=int, default=4)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="segsweep-memory-") as name:
        folder = Path(name)
        os.environ["SEGSWEEP_CACHE"] = str(folder / "cache")
        write_volumes(folder / "data")
        trial = trial_on(folder)
        size = sum(path.stat().st_size for path in (folder / "cache" / "decoded").rglob("*.npy"))
        print(f"decoded: {size / MIB:.0f} MiB\n")
        print("| workers | mapped in all (Rss), MiB | shares in all (Pss), MiB | shares / decoded |")
        print("| --- | --- | --- | --- |")
        context = mp.get_context("spawn")
        for workers in sorted({1, options.workers}):
            barrier, results = context.Barrier(workers), context.Queue()
            given = (trial, folder / "cache", barrier, results)
            processes = [context.Process(target=work, args=given) for _ in range(workers)]
            for process in processes:
                process.start()
            found = [results.get() for _ in processes]
            for process in processes:
                process.join()
            rss, pss = (sum(each[kind] for each in found) for kind in ("Rss", "Pss"))
            print(f"| {workers} | {rss / MIB:.0f} | {pss / MIB:.0f} | {pss / size:.2f} |", flush=True)


if __name__ == "__main__":
    main()
