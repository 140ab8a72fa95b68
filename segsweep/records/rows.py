"""A trial as a row of the trials table and as flat parameters for a tracking store."""

import json
from collections.abc import Mapping
from typing import Any

from segsweep.spec.phantom_dataset import PhantomDataset
from segsweep.spec.trials import Trial


def trial_row(trial: Trial, *, state: str, **outcome: Any) -> dict[str, Any]:
    """One row of the trials table.

    Args:
        trial: what was asked for.
        state: how it ended.
        outcome: further columns: reason, reason_class, epochs, best_epoch, seconds, device, torch_version, …
    """
    arguments = trial.loss.flat()
    return {
        "trial": trial.id,
        "cohort": trial.cohort,
        "warm_start": trial.warm_start_id,
        "state": state,
        "setting": trial.setting,
        "loss": trial.loss.name,
        "phi": _text(arguments.get("phi")),
        "epsilon": _text(arguments.get("epsilon")),
        "arguments": json.dumps(trial.loss.arguments, sort_keys=True),
        "dataset": trial.dataset.name,
        "labels": trial.labels.name,
        "fold": trial.fold,
        "seed": trial.seed,
        "network": trial.network.name,
        "batch_size": trial.train.batch_size,
        "lr": trial.train.lr,
        "spec": trial.spec(),
        **_phantom(trial),
        **outcome,
    }


def trial_parameters(trial: Trial) -> dict[str, str]:
    """Flat parameters, so that a tracking store can filter and group by every axis."""
    named: Mapping[str, Any] = {
        "setting": trial.setting,
        "loss": trial.loss.name,
        **trial.loss.flat(),
        "dataset": trial.dataset.name,
        "labels": trial.labels.name,
        **_patch(trial),
        "fold": trial.fold,
        "seed": trial.seed,
        "network": trial.network.name,
        "augment": trial.augment.name,
        "select": trial.selection.select,
        **trial.train.model_dump(),
        **{key: value for key, value in _phantom(trial).items() if value is not None},
    }
    if trial.warm_start is not None:
        named = {**named, **{f"warm_start.{key}": value for key, value in trial.warm_start.model_dump().items()}}
    return {key: str(_text(value)) for key, value in named.items()}


def _patch(trial: Trial) -> dict[str, str]:
    """What Φ calls an image, where that is not the whole image."""
    if isinstance(trial.dataset, PhantomDataset) or trial.dataset.preprocess.patch is None:
        return {}
    return {"patch": "×".join(map(str, trial.dataset.preprocess.patch.size))}


def _phantom(trial: Trial) -> dict[str, Any]:
    if not isinstance(trial.dataset, PhantomDataset):
        return {}
    return {
        "phantom_p": trial.dataset.p,
        "phantom_k": trial.dataset.k,
        "phantom_r": trial.dataset.r,
        "phantom_uncertain_volume": float(trial.dataset.uncertain_volume),
    }


def _text(value: Any) -> str | None:
    if value is None or isinstance(value, str):
        return value
    return f"{value:g}" if isinstance(value, float) else json.dumps(value)
