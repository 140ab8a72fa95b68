"""From a grid file to the trials it comes to, without anything heavy."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from segsweep.data.decode_dataset import decode_dataset
from segsweep.data.facts import measure
from segsweep.errors import GridError
from segsweep.spec.catalogue import check_labels
from segsweep.spec.datasets import FileDataset
from segsweep.spec.grid import Sweep, read_sweep
from segsweep.spec.trials import Plan, Trial, expand


@dataclass(frozen=True)
class Planned:
    """A sweep and its trials."""

    sweep: Sweep
    plan: Plan


def plan_sweep(path: Path) -> Planned:
    """Read a grid file, list and hash its data, and multiply it out.

    Raises:
        GridError: the grid file is wrong, or one of its losses does not fit its data.
        DataError: a dataset is not what the grid says it is.
    """
    sweep = read_sweep(path)
    plan = expand(sweep, measure(sweep))
    for trial in plan.trials:
        try:
            check_labels(trial.loss, foreground_labels=len(trial.facts.labels) - 1, soft_labels=False)
        except GridError as error:
            raise GridError(f"{path}: grid: {trial.dataset.name}: {error}") from error
    return Planned(sweep, plan)


def decode_all(planned: Planned, progress: Callable[[str, int, int], None]) -> None:
    """Decode every dataset of a sweep into this node's cache, so that bad data stops a sweep before it starts.

    Args:
        planned: the sweep.
        progress: called with (dataset, cases done, cases in all).

    Raises:
        DataError: a case cannot be used; names the case and the file.
    """
    fingerprints = {trial.dataset.name: trial.facts.fingerprint for trial in planned.plan.trials}
    for dataset in planned.sweep.datasets:
        if isinstance(dataset, FileDataset):
            decode_dataset(
                dataset,
                fingerprints[dataset.name],
                lambda done, total, name=dataset.name: progress(name, done, total),  # type: ignore[misc]
            )


def check_names(planned: Planned) -> None:
    """Build every network, augmentation and loss that MONAI or the user provides, and throw them away.

    Raises:
        GridError: one of them does not exist or refuses its arguments.
    """
    foreign = {_foreign_parts(trial): trial for trial in planned.plan.trials}
    foreign.pop((), None)
    if foreign:
        from segsweep.training.check import build_parts  # noqa: PLC0415 (torch and MONAI: 6 s most grids need not pay)

        for trial in foreign.values():
            build_parts(trial)


def _foreign_parts(trial: Trial) -> tuple[str, ...]:
    parts = [trial.loss.encoded + trial.loss.name] if ":" in trial.loss.name else []
    parts += [trial.network.model_dump_json()] if trial.network.monai else []
    return tuple(parts + ([trial.augment.model_dump_json()] if trial.augment.monai else []))
