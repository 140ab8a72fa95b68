"""What identity needs to know of a sweep's datasets; reads file lists and hashes, decodes nothing."""

from collections.abc import Callable, Mapping
from dataclasses import replace
from functools import partial
from pathlib import Path

from segsweep.data.bids import scan_bids
from segsweep.data.cache import cache_folder
from segsweep.data.cases import CaseSet
from segsweep.data.datalist import scan_datalist
from segsweep.data.fingerprint import fingerprint
from segsweep.data.folder import scan_folder
from segsweep.data.folds import split_folds, subset
from segsweep.data.given_splits import given_splits
from segsweep.data.held_out import held_out
from segsweep.data.meta import META_FILE, refuse_strange_ids
from segsweep.data.msd import scan_msd
from segsweep.data.nnunet import scan_nnunet
from segsweep.data.on_disk import OnBytes, on_disk
from segsweep.data.synthetic_contrast import with_contrast
from segsweep.errors import DataError
from segsweep.spec.canonical import digest
from segsweep.spec.datasets import Dataset, FileDataset
from segsweep.spec.grid import Sweep
from segsweep.spec.trials import DatasetFacts, Split

Copying = Callable[[str, int, int], None]

_SCANS: Mapping[str, Callable[[Path, str, bool], CaseSet]] = {
    "msd": scan_msd,
    "nnunet": scan_nnunet,
    "datalist": scan_datalist,
}
"""Of the sources that may have a test part of their own; asked with (path, group, whether it is wanted)."""
_WITH_META = ("msd", "nnunet", "folder")
"""Sources that read a meta.csv."""


def scan(dataset: FileDataset) -> CaseSet:
    """List a dataset's cases; one that lies in a bucket is brought onto this node first.

    Raises:
        DataError: the folder is not what the grid says it is; names the file or the case.
        StoreError: the bucket cannot be read.
    """
    dataset = on_disk(dataset)
    if dataset.source != "datalist" and not dataset.path.is_dir():
        raise DataError(f"datasets: {dataset.source}: {dataset.path.absolute()}: no such folder")
    if dataset.source == "folder":
        found = scan_folder(dataset.path, dataset.group)
    elif dataset.source == "bids":
        found = scan_bids(dataset.path, dataset.group, dataset.bids)
    else:
        own_test = dataset.test is not None and dataset.test.own
        found = _SCANS[dataset.source](dataset.path, dataset.group, own_test)
    if dataset.source in _WITH_META and not any(case.meta for case in found.cases):
        refuse_strange_ids(dataset.path / META_FILE, {case.id for case in found.cases})
    if dataset.ignore is not None:
        found = replace(found, ignore=dataset.ignore)
    if dataset.classes is not None:
        found = replace(found, labels=("background", *dataset.classes))
    if (share := dataset.preprocess.synthetic_contrast) is not None:
        found = replace(found, cases=tuple(with_contrast(case, share) for case in found.cases))
    if dataset.test is not None:
        try:
            found = replace(found, cases=held_out(found.cases, dataset.test))
        except DataError as error:
            raise DataError(f"{dataset.path}: {error}") from error
    if dataset.cases is not None:
        found = replace(found, cases=subset(found.cases, dataset.cases))
    return found


def measure(sweep: Sweep, copying: Copying = lambda dataset, done, total: None) -> dict[str, DatasetFacts]:
    """The facts of every dataset of a sweep, by name.

    Args:
        sweep: the grid.
        copying: called with (dataset, bytes done, bytes in all) while one is brought here from a bucket.

    Raises:
        DataError: a dataset cannot be used; names the dataset's folder, file or case.
        StoreError: a bucket cannot be read.
    """
    return {dataset.name: _facts(dataset, sweep, partial(copying, dataset.name)) for dataset in sweep.datasets}


def _facts(dataset: Dataset, sweep: Sweep, copying: OnBytes) -> DatasetFacts:
    if not isinstance(dataset, FileDataset):
        splits = {fold: Split() for fold in sweep.folds.numbers()}
        return DatasetFacts("phantom", ("background", "lesion"), splits, raters=True)
    dataset = on_disk(dataset, copying)
    found = scan(dataset)
    remembered = cache_folder() / "hashes" / f"{digest(str(dataset.path.absolute()))}.json"
    try:
        splits = _splits(dataset, found, sweep)
    except DataError as error:
        raise DataError(f"{dataset.path}: {error}") from error
    return DatasetFacts(
        fingerprint=fingerprint(found, remembered),
        labels=found.labels,
        splits=splits,
        ignore=found.ignore,
        raters=all(case.raters for case in found.cases),
        meta={case.id: case.meta for case in found.cases},
    )


def _splits(dataset: FileDataset, found: CaseSet, sweep: Sweep) -> dict[int, Split]:
    if dataset.splits is None:
        dealt = split_folds([case for case in found.cases if not case.test], sweep.folds, sweep.split)
    else:
        dealt = given_splits(found.cases, dataset.splits, dataset.folder, sweep.folds, sweep.split)
    test = tuple(sorted(case.id for case in found.cases if case.test))
    return {fold: replace(split, test=test) for fold, split in dealt.items()}
