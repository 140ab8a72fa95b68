"""What goes wrong in one trial has a class and one clear line, and the rest of the sweep is completed."""

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from grids import PHANTOM, tiny_sweep
from tiny_datasets import write_decathlon

from segsweep.orchestration.home import Home
from segsweep.records.schemas import TRIALS
from segsweep.records.tables import read
from segsweep.tracking.protocol import TRIALS_FILE

pytestmark = pytest.mark.faults

LOSSES = """
import os, resource, signal, threading, time
import numpy as np
import torch
from torch.nn.functional import binary_cross_entropy_with_logits as fine

STEPS = 0


def nan_at_step_5(logits, target):
    global STEPS
    STEPS += torch.is_grad_enabled()
    return fine(logits, target) * (float("nan") if STEPS == 5 else 1.0)


def killed(logits, target):
    os.kill(os.getpid(), signal.SIGKILL)


def eats_the_node(logits, target):
    kept = []
    for _ in range(200):
        kept.append(np.ones(2**25))  # 256 MiB
        time.sleep(0.1)


def full_disk(logits, target):
    # no file of this process may grow beyond 10 kB for a while: checkpoints are larger, all else that it writes is not
    hard = resource.getrlimit(resource.RLIMIT_FSIZE)[1]
    resource.setrlimit(resource.RLIMIT_FSIZE, (10_000, hard))
    threading.Timer(2, resource.setrlimit, (resource.RLIMIT_FSIZE, (hard, hard))).start()
    return fine(logits, target)
"""


def launch(folder: Path, environment: dict[str, str] | None = None, **changes: object) -> tuple[int, str]:
    """Exit code and all that was said."""
    (folder / "losses_in_trouble.py").write_text(LOSSES)
    (folder / "grid.yaml").write_text(tiny_sweep(**changes))
    command = [sys.executable, "-m", "segsweep", "launch", str(folder / "grid.yaml"), "--home", str(folder / "home")]
    done = subprocess.run(
        command, env={**os.environ, **(environment or {})}, capture_output=True, text=True, check=False, timeout=300
    )
    return done.returncode, done.stdout + done.stderr


def reasons(folder: Path) -> dict[str, tuple[str, str | None, str | None]]:
    """Loss to state, class and reason."""
    rows = read(Home(folder / "home").sweep("tiny") / TRIALS_FILE, TRIALS).to_pylist()
    return {row["loss"]: (row["state"], row["reason_class"], row["reason"]) for row in rows}


def own(*names: str) -> list[str]:
    return [f"losses_in_trouble:{name}" for name in names]


def test_of_losses_and_workers(tmp_path: Path) -> None:
    names = own("nan_at_step_5", "killed")
    code, said = launch(
        tmp_path,
        network="unet-s",
        train={"epochs": 2, "lr": 0.01, "batch_size": 2},
        datasets={"phantom": {**PHANTOM, "steps": 6}, "name": "phantoms"},
        grid=[{"loss": [*names, "dice"]}],
        resources={"workers": 2},
    )
    found = reasons(tmp_path)
    assert code == 1, said
    assert found["dice"] == ("finished", None, None), said
    assert found[names[0]] == ("diverged", "diverged", "the training loss became nan at step 5 of epoch 1"), said
    state, kind, reason = found[names[1]]
    assert (state, kind) == ("interrupted", "killed"), said
    assert reason is not None
    assert reason.startswith("its process died")
    for name in names:
        assert name in said


def test_of_a_full_disk(tmp_path: Path) -> None:
    (name,) = own("full_disk")
    code, said = launch(
        tmp_path,
        network="unet-s",
        train={"epochs": 2, "lr": 0.01, "batch_size": 2},
        # one worker, and the other slice first: a limit on files is one on all that a process does
        grid=[{"loss": "dice"}, {"loss": name, "batch_size": 3}],
        resources={"workers": 1},
        retry=0,
    )
    found = reasons(tmp_path)
    assert code == 1, said
    assert found["dice"] == ("finished", None, None), said
    assert found[name] == ("interrupted", "disk", "OSError: [Errno 27] File too large"), said
    assert "OSError: [Errno 27] File too large" in said


def test_of_a_worker_that_ray_kills_for_memory(tmp_path: Path) -> None:
    fields = dict(line.split()[:2] for line in Path("/proc/meminfo").read_text().splitlines())
    total, available = int(fields["MemTotal:"]), int(fields["MemAvailable:"])
    threshold = 1 - available / total + 2.5 * 2**20 / total  # 2.5 GiB from here
    (name,) = own("eats_the_node")
    code, said = launch(
        tmp_path,
        {"RAY_memory_usage_threshold": f"{threshold:.3f}", "RAY_memory_monitor_refresh_ms": "100"},
        grid=[{"loss": [name, "dice"]}],
        warm_start="none",
        retry=1,
        resources={"workers": 2},
    )
    found = reasons(tmp_path)
    assert code == 1, said
    assert found["dice"][0] == "finished", said
    assert found[name] == ("interrupted", "memory", "Ray killed its worker: the node was out of memory"), said


def truncated(image: Path, label: Path) -> None:
    image.write_bytes(image.read_bytes()[: image.stat().st_size // 2])


def other_shape(image: Path, label: Path) -> None:
    _rewrite(label, lambda values: values[:-1])


def undeclared(image: Path, label: Path) -> None:
    _rewrite(label, lambda values: np.where(values > 0, 7, values))


def no_numbers(image: Path, label: Path) -> None:
    def spoil(values: np.ndarray) -> np.ndarray:
        values = values.astype(np.float32)
        values.flat[0] = np.nan
        return values

    _rewrite(image, spoil)


def _rewrite(path: Path, change: Callable[[np.ndarray], np.ndarray]) -> None:
    import nibabel

    read = nibabel.load(path)
    nibabel.save(nibabel.Nifti1Image(change(np.asarray(read.dataobj)), read.affine), path)


SPOILED = {"truncated": truncated, "other-shape": other_shape, "undeclared": undeclared, "no-numbers": no_numbers}


def test_of_a_case(tmp_path: Path) -> None:
    datasets: list[dict[str, object]] = [{"phantom": PHANTOM, "name": "phantoms"}]
    for name, spoil in SPOILED.items():
        folder = write_decathlon(tmp_path / name, 6)
        image = sorted((folder / "imagesTr").glob("*.nii.gz"))[2]
        spoil(image, folder / "labelsTr" / image.name)
        datasets.append({"msd": str(folder), "name": name, "size": [8, 8, 8]})
    code, said = launch(tmp_path, datasets=datasets, grid=[{"loss": "dice"}])
    rows = read(Home(tmp_path / "home").sweep("tiny") / TRIALS_FILE, TRIALS).to_pylist()
    found = {row["dataset"]: row for row in rows}
    assert code == 1, said
    assert found["phantoms"]["state"] == "finished", said
    for name in SPOILED:
        row = found[name]
        assert (row["state"], row["reason_class"]) == ("failed", "data"), said
        assert f"case {image.name.removesuffix('.nii.gz')}: " in row["reason"]
        assert "\n" not in row["reason"]
        assert row["reason"] in said
