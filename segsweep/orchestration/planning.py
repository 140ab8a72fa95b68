"""From a grid file to the trials it comes to, without anything heavy."""

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from segsweep.data.facts import Copying, measure
from segsweep.errors import GridError, InputError
from segsweep.spec.catalogue import check_labels
from segsweep.spec.datasets import FileDataset
from segsweep.spec.grid import Sweep, read_sweep
from segsweep.spec.labels import ALL, Where, written
from segsweep.spec.loss_names import NameKind, kind_of
from segsweep.spec.trials import DatasetFacts, Plan, Trial, expand

Progress = Callable[[str, int, int], None]
"""Called with (dataset, cases done, cases in all)."""

Notice = Callable[[str], None]
"""Called with a sentence on the data that stops nothing and should be known before anything is trained."""


@dataclass(frozen=True)
class Planned:
    """A sweep and its trials.

    Args:
        sweep: the grid.
        plan: what it comes to.
        path: of the grid file.
    """

    sweep: Sweep
    plan: Plan
    path: Path

    @property
    def folder(self) -> Path:
        """Where the user's own losses are found."""
        return self.path.absolute().parent


def plan_sweep(
    path: Path, copying: Copying = lambda dataset, done, total: None, rewrite: Callable[[str], str] = str
) -> Planned:
    """Read a grid file, list and hash its data, and multiply it out.

    Args:
        path: of the grid file.
        copying: called with (dataset, bytes done, bytes in all) while one is brought here from a bucket.
        rewrite: what is made of the grid's text first, see `segsweep.spec.tiny`.

    Raises:
        GridError: the grid file is wrong, or one of its losses does not fit its data.
        DataError: a dataset is not what the grid says it is.
    """
    find_modules_in(path.absolute().parent)
    sweep = read_sweep(path, rewrite)
    with naming(path):
        plan = expand(sweep, measure(sweep, copying))
        for trial in plan.trials:
            _check_fit(trial)
    return Planned(sweep, plan, path)


@contextmanager
def naming(path: Path) -> Iterator[None]:
    """Whatever cannot be used is reported with the grid file that asks for it."""
    try:
        yield
    except InputError as error:
        raise type(error)(f"{path}: {error}") from error


def find_modules_in(folder: Path) -> None:
    """Let `module:function` losses be imported from a folder, after everything that is installed."""
    if str(folder) not in sys.path:
        sys.path.append(str(folder))


def _check_fit(trial: Trial) -> None:
    """Refuse a trial whose label policy, loss or network does not fit its data."""
    try:
        phantom = not isinstance(trial.dataset, FileDataset)
        if phantom and trial.labels.raters not in (None, "mean"):
            raise GridError(f"labels: {trial.labels.name}: of phantoms only the raters' mean is known")
        if trial.labels.raters is not None and not trial.facts.raters:
            raise GridError(f"labels: {trial.labels.name}: the dataset has no labels of several raters (raters/)")
        if trial.labels.raters is not None and trial.facts.ignore is not None:
            raise GridError(f"labels: {trial.labels.name}: of several raters no voxel can be ignored")
        _check_policy(trial)
        foreground = len(trial.facts.labels) - 1
        check_labels(trial.loss, foreground_labels=foreground, soft_labels=trial.labels.soft)
        trial.network.check_size(_known_size(trial))
    except ValueError as error:
        raise GridError(f"{trial.dataset.name}: {error}") from error


def _check_policy(trial: Trial) -> None:
    """Refuse a label policy that means labels, columns or cases which the dataset does not have."""
    policy, facts = trial.labels, trial.facts
    if policy.chooses_cases and not isinstance(trial.dataset, FileDataset):
        raise GridError(f"labels: {policy.name}: phantoms are endless, none can be left out or repeated")
    for removal in (policy.removal, policy.as_many_as):
        if removal is None:
            continue
        if removal.remove not in (ALL, *facts.labels[1:]):
            names = ", ".join(facts.labels[1:])
            raise GridError(f"labels: remove: no label {removal.remove!r}; labels: {names}, or {ALL}")
        _check_columns(removal.where, facts)
    if policy.oversample is not None:
        _check_columns(policy.oversample.where, facts)
        if not trial.oversampled:
            raise GridError(f"labels: oversample: no case is where {written(policy.oversample.where)}")
    if policy.removal is not None and not trial.removed:
        raise GridError(f"labels: {policy.name}: no case is like that")


def _check_columns(where: Where, facts: DatasetFacts) -> None:
    columns = dict.fromkeys(column for meta in facts.meta.values() for column in meta)
    if unknown := [column for column in where if column not in columns]:
        raise GridError(
            f"labels: where: meta.csv has no column {unknown[0]!r}; columns: {', '.join(columns) or 'none'}"
        )


def _known_size(trial: Trial) -> tuple[int, ...]:
    """Of the training grid, as far as the grid file says."""
    if isinstance(trial.dataset, FileDataset):
        preprocess = trial.dataset.preprocess
        return preprocess.patch.size if preprocess.patch else preprocess.size or preprocess.resize or ()
    return (trial.dataset.size, trial.dataset.size)


def check_all(planned: Planned, progress: Progress, notice: Notice) -> None:
    """Find what would stop a sweep's trials before any of them starts: decode every case, build every foreign part.

    Args:
        planned: the sweep.
        progress: told of the decoding.
        notice: told what was found besides.

    Raises:
        DataError: a case cannot be used; names the case and the file.
        GridError: a network, augmentation or loss does not exist or refuses its arguments.
    """
    for error in unusable(planned, progress, notice).values():
        raise error


def unusable(planned: Planned, progress: Progress, notice: Notice) -> dict[str, InputError]:
    """The datasets of a sweep that cannot be used as they are, found by decoding every case; each with the reason.

    Args:
        planned: the sweep.
        progress: told of the decoding.
        notice: told what was found besides.

    Raises:
        GridError: a network, augmentation or loss does not exist or refuses its arguments.
    """
    with naming(planned.path):
        _check_names(planned)  # seconds, where decoding may take minutes
    found: dict[str, InputError] = {}
    for dataset in planned.sweep.datasets:
        if isinstance(dataset, FileDataset):
            try:
                with naming(planned.path):
                    _decode(dataset, planned, progress, notice)
            except InputError as error:
                found[dataset.name] = error
    return found


def _decode(dataset: FileDataset, planned: Planned, progress: Progress, notice: Notice) -> None:
    from segsweep.data.decode_dataset import decode_dataset  # noqa: PLC0415 (NumPy, which a plan need not pay)

    fingerprint = next(trial.facts.fingerprint for trial in planned.plan.trials if trial.dataset.name == dataset.name)
    decoded = decode_dataset(dataset, fingerprint, partial(progress, dataset.name))
    for network in planned.sweep.networks:
        try:
            network.check_size(decoded.size)
        except ValueError as error:
            raise GridError(f"{dataset.name}: {error}; `size` pads or crops") from error
    cropped = [max(case.cut_off) for case in decoded.cases if any(case.cut_off)]
    if cropped:
        notice(
            f"{dataset.name}: `size` crops, and cuts off true voxels of {len(cropped)} of {len(decoded.cases)} cases,"
            f" up to {max(cropped):.0%} of a label; they count as missed, in every score and volume"
        )


def _check_names(planned: Planned) -> None:
    """Build every network, augmentation and loss that MONAI or the user provides, and throw them away."""
    foreign = {_foreign_parts(trial): trial for trial in planned.plan.trials}
    foreign.pop((), None)
    if foreign:
        from segsweep.training.check import build_parts  # noqa: PLC0415 (torch and MONAI: 6 s most grids need not pay)

        for trial in foreign.values():
            build_parts(trial)


def _foreign_parts(trial: Trial) -> tuple[str, ...]:
    foreign = kind_of(trial.loss.name) in (NameKind.MONAI, NameKind.OWN)
    parts = [trial.loss.encoded + trial.loss.name] if foreign else []
    parts += [trial.network.model_dump_json()] if trial.network.monai else []
    return tuple(parts + ([trial.augment.model_dump_json()] if trial.augment.monai else []))
