"""A sweep and the facts about its data, multiplied out to trials."""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property
from itertools import product
from typing import Any

from segsweep.spec.blocks import LossCell
from segsweep.spec.canonical import canonical_json, derive_seed, digest
from segsweep.spec.catalogue import LossSetting, canonical, label, resolve
from segsweep.spec.datasets import Dataset
from segsweep.spec.grid import Sweep
from segsweep.spec.labels import LabelPolicy, Removal, is_where
from segsweep.spec.phantom_dataset import PhantomDataset
from segsweep.spec.settings import Augment, Network, Selection, Train, WarmStart

PROTOCOL = {"preprocess": 1, "augment": 1, "training": 1, "evaluation": 1, "phantom": 1}
"""Raised by hand when a component's numbers change, so that older results are not taken for new ones."""


@dataclass(frozen=True)
class Split:
    """The cases of one fold. Empty for phantoms, whose cases are addressed by (seed, fold, step).

    Args:
        train: gradient steps are taken on them.
        inner: they choose the checkpoint; none where the evaluation fold does.
        val: of the evaluation fold.
        test: judged by the trained network and seen by nothing before; the same ones in every fold.
    """

    train: tuple[str, ...] = ()
    inner: tuple[str, ...] = ()
    val: tuple[str, ...] = ()
    test: tuple[str, ...] = ()

    @cached_property
    def digest(self) -> str:
        """Equal for equal splits."""
        # a part that came later is no part of the digest where there is none
        later = {"test": self.test} if self.test else {}
        return digest({"train": self.train, "inner": self.inner, "val": self.val, **later})


@dataclass(frozen=True)
class DatasetFacts:
    """What identity needs to know of a dataset; measured from its files.

    Args:
        fingerprint: hash of case ids, file contents and label map.
        labels: names, background first.
        splits: fold number to the cases of that fold.
        raters: whether every case has the labels of several raters.
        meta: case id to its row of meta.csv.
        ignore: label value of voxels that count nowhere.
    """

    fingerprint: str
    labels: tuple[str, ...]
    splits: Mapping[int, Split]
    raters: bool = False
    meta: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    ignore: int | None = None


@dataclass(frozen=True)
class Trial:
    """One cell of a sweep, with everything that its result depends on."""

    dataset: Dataset
    facts: DatasetFacts
    labels: LabelPolicy
    fold: int
    seed: int
    network: Network
    augment: Augment
    selection: Selection
    train: Train
    warm_start: WarmStart | None
    loss: LossSetting
    setting: str
    """The loss setting as printed in tables; no part of the identity."""
    stated: frozenset[str] = frozenset()
    """What the block of the loss states beside it; all else is as the sweep has it. No part of the identity."""

    @property
    def split(self) -> Split:
        """The cases of this trial's fold."""
        return self.facts.splits[self.fold]

    @property
    def removed(self) -> list[tuple[str, str]]:
        """The (case, label) pairs that the label policy removes, in order."""
        return self._losing(self.labels.removal)

    @property
    def oversampled(self) -> list[str]:
        """The cases that the label policy shows several times, in order."""
        chosen = self.labels.oversample
        return [] if chosen is None else [case for case, meta in self._known() if is_where(meta, chosen.where)]

    def _losing(self, removal: Removal | None) -> list[tuple[str, str]]:
        if removal is None:
            return []
        names = self.facts.labels[1:]
        return [(case, name) for case, meta in self._known() for name in names if removal.removes(name, case, meta)]

    def _known(self) -> list[tuple[str, Mapping[str, str]]]:
        return sorted(self.facts.meta.items(), key=lambda entry: entry[0])

    def _labels_identity(self) -> dict[str, Any]:
        """The cases that are meant belong to it: what meta.csv says of them is no part of a dataset's fingerprint."""
        chosen: dict[str, Any] = {"removed": self.removed}
        if self.labels.as_many_as is not None:
            chosen["as_many_as_without"] = self._losing(self.labels.as_many_as)
        if self.labels.oversample is not None:
            chosen["oversampled"] = self.oversampled
        return {**self.labels.identity(), **chosen}

    def data_identity(self) -> dict[str, Any]:
        """What the batches depend on."""
        if isinstance(self.dataset, PhantomDataset):
            # phantoms never repeat: they are not augmented, and their checkpoint is chosen on cases of their own
            source: dict[str, Any] = self.dataset.model_dump(mode="json", exclude={"name"})
        else:
            source = {
                **self.dataset.preprocess.identity(),
                "ignore": self.facts.ignore,
                "select": self.selection.select,
                "augment": self.augment.model_dump(mode="json"),
            }
        return {
            "fingerprint": self.facts.fingerprint,
            "source": source,
            "labels": self._labels_identity(),
            "split": self.split.digest,
            "fold": self.fold,
            "seed": self.seed,
            "batch_size": self.train.batch_size,
        }

    def cohort_identity(self) -> dict[str, Any]:
        """What the trials of a cohort share."""
        return {
            "data": self.data_identity(),
            "network": self.network.model_dump(mode="json"),
            "amp": self.train.amp,
            "warm_start": self.warm_start.model_dump(mode="json") if self.warm_start else None,
            "protocol": PROTOCOL,
        }

    def identity(self) -> dict[str, Any]:
        """Everything that changes this trial's result and nothing that does not."""
        loss = canonical(
            self.loss,
            batch_size=self.train.batch_size,
            foreground_labels=len(self.facts.labels) - 1,
            soft_labels=self.labels.soft,
        )
        return {
            "cohort": self.cohort_identity(),
            "train": self.train.model_dump(mode="json", exclude={"amp", "batch_size"}),
            "loss": loss.identity(),
        }

    @cached_property
    def id(self) -> str:
        """16 hexadecimal digits; equal for cells that are the same by mathematics."""
        return digest(self.identity())

    @cached_property
    def cohort(self) -> str:
        """Shared by the trials that differ only in loss setting, learning rate and stop rule."""
        return digest(self.cohort_identity())

    @property
    def warm_start_id(self) -> str | None:
        """Names the weights that all losses of the cohort start from."""
        if self.warm_start is None:
            return None
        return digest({"warm_start_of": self.cohort_identity(), "loss": resolve(self.warm_start.loss, {}).identity()})

    def spec(self) -> str:
        """The whole trial as canonical JSON."""
        return canonical_json(self.identity())

    def stream_seed(self, purpose: str) -> int:
        """A seed for one purpose; the same for all losses of a fold and repeat."""
        return derive_seed(self.seed, self.fold, purpose)


@dataclass(frozen=True)
class Plan:
    """What a sweep comes to.

    Args:
        trials: one per id, in the order of the grid.
        aliases: trial id to the further settings that are the same trial by mathematics.
    """

    trials: tuple[Trial, ...]
    aliases: Mapping[str, tuple[str, ...]]

    def cohorts(self) -> dict[str, tuple[Trial, ...]]:
        """Cohort id to its trials."""
        found: dict[str, list[Trial]] = {}
        for trial in self.trials:
            found.setdefault(trial.cohort, []).append(trial)
        return {cohort: tuple(trials) for cohort, trials in found.items()}


def expand(sweep: Sweep, facts: Mapping[str, DatasetFacts]) -> Plan:
    """All trials of a sweep.

    Args:
        sweep: the grid.
        facts: dataset name to what was measured of it.
    """
    return unite(_cells(sweep, facts))


def unite(cells: Iterable[Trial]) -> Plan:
    """The plan of some cells: named apart, and those that are the same by mathematics made one."""
    trials = _with_settings(list(cells))
    unique: dict[str, Trial] = {}
    aliases: dict[str, list[str]] = {}
    for trial in trials:
        first = unique.setdefault(trial.id, trial)
        if first is not trial and trial.setting != first.setting:
            aliases.setdefault(trial.id, []).append(trial.setting)
    return Plan(tuple(unique.values()), {trial: tuple(settings) for trial, settings in aliases.items()})


def _cells(sweep: Sweep, facts: Mapping[str, DatasetFacts]) -> Iterator[Trial]:
    axes = product(
        sweep.datasets,
        sweep.labels,
        sweep.folds.numbers(),
        sweep.seeds,
        sweep.networks,
        sweep.augments,
        sweep.warm_starts,
        sweep.trains,
    )
    for dataset, labels, fold, seed, network, augment, warm_start, train in axes:
        for cell in sweep.cells:
            yield Trial(
                dataset=dataset,
                facts=facts[dataset.name],
                labels=labels,
                fold=fold,
                seed=seed,
                network=network,
                augment=augment,
                selection=sweep.split,
                train=train.model_copy(update=cell.overrides.train_changes()),
                warm_start=_warm_start(cell, warm_start),
                loss=cell.loss,
                setting=label(cell.loss),
                stated=cell.overrides.stated(),
            )


def _warm_start(cell: LossCell, inherited: WarmStart | None) -> WarmStart | None:
    override = cell.overrides.warm_start
    if override is None:
        return inherited
    return None if override == "none" else override


def _with_settings(trials: list[Trial]) -> list[Trial]:
    """Name beside the loss whatever else differs between the settings of a sweep; reports keep networks apart.

    What a block leaves as the sweep has it goes without saying, unless the sweep has it in several ways.
    """
    parts = [_beside_the_loss(trial) for trial in trials]
    seen, left = defaultdict(set), defaultdict(set)
    for trial, part in zip(trials, parts, strict=True):
        for key, name in part.items():
            seen[key].add(name)
            if not _states(trial, key):
                left[key].add(name)
    named = [
        [name for key, name in part.items() if len((seen if _states(trial, key) else left)[key]) > 1]
        for trial, part in zip(trials, parts, strict=True)
    ]
    return [
        replace(trial, setting=" ".join([trial.setting, *names])) for trial, names in zip(trials, named, strict=True)
    ]


def _states(trial: Trial, key: str) -> bool:
    return ("warm_start" if key.startswith("warm_") else key) in trial.stated


def _beside_the_loss(trial: Trial) -> dict[str, str]:
    train, warm = trial.train, trial.warm_start
    named = {
        "augment": f"augment={trial.augment.name}",
        "batch_size": f"B={train.batch_size}",
        "lr": f"lr={train.lr:g}",
        "epochs": f"epochs={train.epochs}",
        "plateau": f"plateau={train.plateau}",
        "factor": f"factor={train.factor:g}",
        "patience": f"patience={train.patience}",
        "amp": f"amp={train.amp}",
        "warm_start": "from scratch" if warm is None else f"warm {warm.epochs} epochs lr={warm.lr:g}",
    }
    if warm is None:
        return named
    return named | {
        "warm_plateau": f"warm plateau={warm.plateau}",
        "warm_factor": f"warm factor={warm.factor:g}",
        "warm_patience": f"warm patience={warm.patience}",
    }
