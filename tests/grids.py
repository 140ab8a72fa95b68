"""Grid files that tests write, and the trials they come to."""

from typing import Any

import yaml

from segsweep.spec.grid import Sweep, parse_sweep
from segsweep.spec.phantom_dataset import PhantomDataset
from segsweep.spec.trials import DatasetFacts, Plan, Split, expand

PHANTOM = {"p": 0.3, "k": 4, "r": 1, "size": 16, "steps": 2, "validation": 4, "evaluation": 6}

FILE_LABELS = ("background", "lesion")


def tiny_sweep(**changes: Any) -> str:
    """A sweep of two losses on phantoms of 16² pixels, trained for two epochs; `changes` are top-level keys."""
    return yaml.safe_dump(
        {
            "name": "tiny",
            "datasets": {"phantom": PHANTOM, "name": "phantoms"},
            "network": "logistic",
            "folds": {"k": 2, "run": [0]},
            "warm_start": {"epochs": 1, "lr": 0.01},
            "train": {"epochs": 2, "lr": 0.01, "batch_size": 2},
            "grid": [{"loss": ["ce", "dice"]}],
            "report": {"resamples": 200},
            **changes,
        },
        sort_keys=False,
    )


def files_sweep(**changes: Any) -> str:
    """The same on a dataset of files, for tests of what a grid comes to; nothing needs to lie at its path."""
    return tiny_sweep(**{"datasets": {"folder": "/nowhere/images", "name": "pictures"}, **changes})


def made_up_facts(sweep: Sweep, *, labels: tuple[str, ...] = FILE_LABELS) -> dict[str, DatasetFacts]:
    """Facts as if every dataset had been measured."""
    found = {}
    for dataset in sweep.datasets:
        phantom = isinstance(dataset, PhantomDataset)
        splits = {
            fold: Split() if phantom else Split((f"train {fold}",), (f"inner {fold}",), (f"val {fold}",))
            for fold in sweep.folds.numbers()
        }
        found[dataset.name] = DatasetFacts("phantom" if phantom else "0123456789abcdef", labels, splits)
    return found


def plan_of(text: str, *, labels: tuple[str, ...] = FILE_LABELS) -> Plan:
    """The trials of a grid's text."""
    sweep = parse_sweep(text)
    return expand(sweep, made_up_facts(sweep, labels=labels))
