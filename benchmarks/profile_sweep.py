"""Where the time of a sweep goes.

    SEGSWEEP_DATA=... OMP_NUM_THREADS=1 python benchmarks/profile_sweep.py [sweeps/kvasir.yaml sweeps/hippocampus.yaml]

Runs the first fold of each grid in this process, from an empty cache, with 2 epochs of warm start and 2 of every loss,
and books every second on the innermost part that spends it. The last column is the share of a whole sweep on one core:
all folds, and as many epochs as the grid asks for, had nothing stopped early. What a process pays before it can work is
measured in processes of their own.
"""

import argparse
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections import defaultdict
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from functools import wraps
from pathlib import Path
from typing import Any

import torch
import yaml
from monai.networks.nets import UNet

import segsweep
from segsweep.data import augmentation, decode_dataset, facts
from segsweep.data.file_batches import FileBatches
from segsweep.data.geometry import Geometry
from segsweep.losses.loss import Loss
from segsweep.orchestration import launch
from segsweep.orchestration.in_process import InProcessExecutor
from segsweep.orchestration.planning import plan_sweep
from segsweep.tracking.mlflow_tracker import MlflowTracker
from segsweep.tracking.spool import SpooledRun
from segsweep.training import cohort, examples, inference, judgement
from segsweep.training.adam import Adam
from segsweep.training.lane import Lane

SHIPPED = [Path(__file__).parents[1] / "sweeps" / name for name in ("kvasir.yaml", "hippocampus.yaml")]
EPOCHS = 2
REST = "everything else"

Named = list[tuple[Any, str]]
ONCE: dict[str, Named] = {
    "files hashed": [(facts, "fingerprint")],
    "cases decoded": [(decode_dataset, "decode")],
    "report": [(launch, "collect"), (launch, "keep_tables"), (launch, "write_tables_report")],
}
PER_BATCH: dict[str, Named] = {
    "batches read": [(FileBatches, "_load")],
    "augmentation": [(augmentation, "bertels2019")],
}
PER_LANE: dict[str, Named] = {
    "forward": [(UNet, "forward")],
    "loss": [(Loss, "__call__")],
    "backward": [(torch.Tensor, "backward")],
    "optimizer": [(Adam, "step")],
    "selection": [(Lane, "judge")],
}
PER_TRIAL: dict[str, Named] = {
    "evaluation: cases listed": [(FileBatches, "evaluation")],
    "evaluation: forward": [(inference, "probabilities")],
    "evaluation: to native grid": [(Geometry, "to_native")],
    "evaluation: surface distances": [(judgement, "surface_distances")],
    "evaluation: thresholds": [(judgement, "counts_at_thresholds")],
    "evaluation: calibration": [(judgement, "expected_calibration_error")],
    "evaluation: pictures": [(examples, "render")],
    "evaluation: rest": [(cohort._Slice, "_conclude")],
    "tracking": [(SpooledRun, "log"), (SpooledRun, "finish"), (MlflowTracker, "open_run"), (MlflowTracker, "find")],
}
WHOLE = ("selection", "evaluation: forward")
"""Parts that keep what other parts spend within them."""
OUTSIDE = {
    "imports of `segsweep plan`": "import segsweep.orchestration.planning, segsweep.terminal.verbs",
    "imports of a worker": "import segsweep.orchestration.work, segsweep.tracking.mlflow_tracker",
    "Ray: imports, start and end": (
        "from segsweep.orchestration.ray_executor import RayExecutor\n"
        "with RayExecutor(): import segsweep.orchestration.tuning"
    ),
}


class Stopwatch:
    """Seconds by part, each second on the innermost part only."""

    def __init__(self) -> None:
        self.seconds: dict[str, float] = defaultdict(float)
        self._open: list[str] = [REST]
        self._since = time.perf_counter()

    def _turn(self) -> None:
        now = time.perf_counter()
        self.seconds[self._open[-1]] += now - self._since
        self._since = now

    @contextmanager
    def part(self, name: str) -> Iterator[None]:
        self._turn()
        self._open.append(self._open[-1] if self._open[-1] in WHOLE else name)
        try:
            yield
        finally:
            self._turn()
            self._open.pop()

    def stop(self) -> None:
        """Book what is open."""
        self._turn()

    @contextmanager
    def watching(self, owner: Any, attribute: str, name: str) -> Iterator[None]:
        """Book what a function or method of somebody spends."""
        inner: Callable[..., Any] = getattr(owner, attribute)

        @wraps(inner)
        def timed(*given: Any, **named: Any) -> Any:
            with self.part(name):
                return inner(*given, **named)

        setattr(owner, attribute, timed)
        try:
            yield
        finally:
            setattr(owner, attribute, inner)


@dataclass(frozen=True)
class Scale:
    """How many times a whole sweep pays what the short one paid."""

    once: float
    trial: float
    batch: float
    lane: float


def short(grid: Path, folder: Path) -> tuple[Path, Scale]:
    """The grid with one fold and few epochs."""
    losses = len({trial.setting for trial in plan_sweep(grid).plan.trials})
    values = yaml.safe_load(grid.read_text())
    folds, warm, own = len(values["folds"]["run"]), values["warm_start"]["epochs"], values["train"]["epochs"]
    values["folds"]["run"] = values["folds"]["run"][:1]
    values["warm_start"]["epochs"] = values["train"]["epochs"] = EPOCHS
    path = folder / grid.name
    path.write_text(yaml.safe_dump(values))
    batch = folds * (warm + own) / (2 * EPOCHS)
    return path, Scale(1.0, folds, batch, folds * (warm + losses * own) / (EPOCHS * (1 + losses)))


def profile(grid: Path) -> None:
    with tempfile.TemporaryDirectory(prefix="segsweep-profile-") as name:
        os.environ["SEGSWEEP_CACHE"] = f"{name}/cache"
        path, scale = short(grid, Path(name))
        watch = Stopwatch()
        parts = {"once": ONCE, "batch": PER_BATCH, "lane": PER_LANE, "trial": PER_TRIAL}
        with ExitStack() as patched:
            for named in parts.values():
                for part, places in named.items():
                    for owner, attribute in places:
                        patched.enter_context(watch.watching(owner, attribute, part))
            segsweep.launch(path, home=segsweep.Home(Path(name) / "home"), executor=InProcessExecutor())
            watch.stop()
    kinds = {part: kind for kind, named in parts.items() for part in named}
    whole = {part: spent * getattr(scale, kinds.get(part, "trial")) for part, spent in watch.seconds.items()}
    print(f"\n| {grid.stem} | measured, s | paid per | whole sweep, s | share |\n| --- | --- | --- | --- | --- |")
    for part in [*kinds, REST]:
        share = whole[part] / sum(whole.values())
        print(f"| {part} | {watch.seconds[part]:.2f} | {kinds.get(part, '')} | {whole[part]:.1f} | {share:.1%} |")
    print(f"| all | {sum(watch.seconds.values()):.1f} | | {sum(whole.values()):.0f} | |", flush=True)


def outside() -> None:
    print("| a process of its own | s |\n| --- | --- |")
    for part, program in OUTSIDE.items():
        seconds = []
        for _ in range(3):
            start = time.perf_counter()
            subprocess.run([sys.executable, "-c", program], check=True)
            seconds.append(time.perf_counter() - start)
        print(f"| {part} | {statistics.median(seconds):.2f} |", flush=True)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("grids", type=Path, nargs="*", default=SHIPPED)
    torch.set_num_threads(1)
    outside()
    for grid in parser.parse_args().grids:
        profile(grid)


if __name__ == "__main__":
    main()
