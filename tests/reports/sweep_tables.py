"""Synthetic trials and cases tables shaped like real sweeps: skewed volumes, cases hard for every setting."""

import json
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pyarrow as pa

from segsweep.records import tables
from segsweep.records.schemas import CASES, THRESHOLDS, TRIALS


@dataclass(frozen=True)
class Effect:
    """What a setting does: Dice gained on each case, and the share by which volumes are over-reported."""

    setting: str
    loss: str
    gain: float = 0.0
    soft_bias: float = 0.0
    hard_bias: float = 0.0
    phi: str | None = None


LOSSES = (
    Effect("ce", "ce", gain=-0.03, soft_bias=0.0, hard_bias=-0.06),
    Effect("wce weight=balanced", "wce", gain=-0.07, soft_bias=0.35, hard_bias=0.30),
    Effect("dice Φ=image", "dice", gain=0.0, soft_bias=0.07, hard_bias=0.06, phi="image"),
    Effect("jaccard Φ=image", "jaccard", gain=0.001, soft_bias=0.08, hard_bias=0.07, phi="image"),
    Effect("lovasz Φ=image", "lovasz", gain=-0.002, soft_bias=0.06, hard_bias=0.05, phi="image"),
)

_OVERLAP = '{"phi": "image", "epsilon": 1e-7, "epsilon_in": "both", "denominator": "linear", "background": false}'
ARGUMENTS = {"dice": _OVERLAP, "jaccard": _OVERLAP, "lovasz": '{"phi": "image", "background": false}'}


@dataclass
class Sweep:
    """Rows under construction; `tables()` makes the two tables."""

    trials: list[dict[str, Any]] = field(default_factory=list)
    cases: list[dict[str, Any]] = field(default_factory=list)

    def tables(self) -> tuple[pa.Table, pa.Table]:
        return tables.table(self.trials, TRIALS), tables.table(self.cases, CASES)


def trial_row(name: str, effect: Effect, **values: Any) -> dict[str, Any]:
    row = {
        "trial": name,
        "cohort": "c0",
        "state": "finished",
        "setting": effect.setting,
        "loss": effect.loss,
        "phi": effect.phi,
        "arguments": ARGUMENTS.get(effect.loss, "{}"),
        "dataset": "hippocampus",
        "labels": "full",
        "fold": 0,
        "seed": 0,
        "network": "unet-s",
        "batch_size": 4,
        "lr": 1e-4,
        "epochs": 60,
        "best_epoch": 41,
        "seconds": 312.0,
        "forecast_seconds": 300.0,
        "device": "cpu",
        "torch_version": "2.13.0",
    }
    row.update(values)
    row["spec"] = json.dumps({"loss": effect.setting, "batch_size": row["batch_size"], "lr": row["lr"]})
    return row


def case_row(trial: dict[str, Any], case: str, label: str = "anterior", **values: Any) -> dict[str, Any]:
    """A consistent case: counts follow from Dice and the volumes (1 voxel = 0.001 ml)."""
    row = {
        "trial": trial["trial"],
        "dataset": trial["dataset"],
        "fold": trial["fold"],
        "seed": trial["seed"],
        "case": case,
        "group": case,
        "split": "val",
        "label": label,
        "truth": "label",
        "dice": 0.8,
        "jaccard": 0.8 / 1.2,
        "volume_true": 1.0,
        "volume_soft": 1.0,
        "volume_hard": 1.0,
        "unit": "ml",
        "tp": 800,
        "fp": 200,
        "fn": 200,
        "foreground_fraction": 0.03,
        "truth_cut_off": 0.0,
        "empty_true": False,
        "empty_pred": False,
        "ece": 0.01,
        "predicted_at": [1000] * len(THRESHOLDS),
        "true_positive_at": [800] * len(THRESHOLDS),
    }
    return row | values


def noisy_case(
    trial: dict[str, Any], effect: Effect, case: str, label: str, *, scale: float, rng: np.random.Generator
) -> dict[str, Any]:
    """A case whose difficulty and volume depend on its name alone, so that settings pair up."""
    own = np.random.default_rng([ord(letter) for letter in f"{case}/{label}"])
    true = float(own.gamma(9.0, scale / 9.0))
    dice = float(np.clip(own.normal(0.86, 0.04) + effect.gain + rng.normal(0, 0.012), 0.01, 0.99))
    soft = max(0.0, true * (1 + effect.soft_bias) + float(rng.normal(0, 0.05 * scale)) - 0.15 * (true - scale))
    hard = max(0.0, true * (1 + effect.hard_bias) + float(rng.normal(0, 0.06 * scale)) - 0.15 * (true - scale))
    positives, found = round(1000 * true), round(1000 * hard)
    overlap = min(round(dice * (positives + found) / 2), positives, found)
    dice = 2 * overlap / (positives + found)
    spread = np.linspace(1.6, 0.4, len(THRESHOLDS))
    return case_row(
        trial,
        case,
        label,
        dice=dice,
        jaccard=dice / (2 - dice),
        hd95=float(rng.gamma(4, 0.4)),
        assd=float(rng.gamma(4, 0.1)),
        nsd=min(1.0, dice + 0.08),
        volume_true=true,
        volume_soft=soft,
        volume_hard=hard,
        tp=overlap,
        fp=found - overlap,
        fn=positives - overlap,
        foreground_fraction=true / 80,
        ece=float(rng.gamma(3, 0.002)),
        predicted_at=[round(found * share) for share in spread],
        true_positive_at=[min(round(overlap * share**0.3), positives) for share in spread],
    )


def hippocampus(*, folds: int = 2, per_fold: int = 20, seeds: int = 1, effects: tuple[Effect, ...] = LOSSES) -> Sweep:
    """Two labels in ml; every setting on every fold and seed; training cases too."""
    rng = np.random.default_rng(7)
    sweep = Sweep()
    for fold in range(folds):
        for seed in range(seeds):
            for effect in effects:
                name = f"{len(sweep.trials):016x}"
                trial = trial_row(name, effect, fold=fold, seed=seed, seconds=float(rng.normal(310, 15)))
                sweep.trials.append(trial)
                for index in range(folds * per_fold):
                    case = f"hippocampus_{index:03d}"
                    split = "val" if index % folds == fold else "train"
                    for label, scale in (("anterior", 1.6), ("posterior", 1.4)):
                        row = noisy_case(trial, effect, case, label, scale=scale, rng=rng)
                        sweep.cases.append(row | {"split": split, "meta": json.dumps({"site": "AB"[index % 2]})})
    return sweep


def phantoms(*, p: float, k: int = 16, per_fold: int = 60, folds: int = 2) -> Sweep:
    """Phantoms whose soft volumes lie near the theory's: the same cases under every fold."""
    rng = np.random.default_rng(11)
    sweep = Sweep()
    bias = {"ce": 0.0, "dice Φ=image": -p if p < 0.45 else 1 - p, "jaccard Φ=image": -p if p < 0.45 else 1 - p}
    for fold in range(folds):
        for effect in LOSSES:
            if effect.setting not in bias:
                continue
            name = f"{int(1000 * p):08x}{len(sweep.trials):08x}"
            trial = trial_row(
                name,
                effect,
                dataset=f"phantom p={p:g}",
                fold=fold,
                batch_size=8,
                phantom_p=p,
                phantom_k=k,
                phantom_r=1.0,
                phantom_uncertain_volume=100.0,
                seconds=7.0,
                forecast_seconds=6.0,
            )
            sweep.trials.append(trial)
            for index in range(per_fold):
                labelled = 100.0 * np.random.default_rng(index).binomial(k, p) / k
                predicted = 100 + 100 * (p + bias[effect.setting]) + float(rng.normal(0, 1.5))
                sweep.cases.append(
                    case_row(
                        trial,
                        f"eval-{index:03d}",
                        "object",
                        unit="px",
                        volume_true=100 + labelled,
                        volume_soft=predicted,
                        volume_hard=100.0 if predicted < 150 else 200.0,
                        dice=float(np.clip(0.8 + rng.normal(0, 0.05), 0, 1)),
                        jaccard=0.67,
                    )
                )
    return sweep
