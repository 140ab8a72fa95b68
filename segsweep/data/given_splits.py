"""Splits that come with a dataset: nnU-Net's splits_final.json, a table of folds, a column of meta.csv."""

from collections.abc import Mapping, Sequence
from pathlib import Path

from segsweep.data.cases import Case
from segsweep.data.description import read_json
from segsweep.data.folds import split
from segsweep.data.meta import read_meta
from segsweep.errors import DataError
from segsweep.spec.settings import Folds, Selection
from segsweep.spec.trials import Split

Given = Sequence[tuple[set[str], set[str]]]
"""By fold: the ids of the training and of the evaluation cases."""


def given_splits(
    cases: Sequence[Case], splits: str, folder: Path, folds: Folds, selection: Selection
) -> dict[int, Split]:
    """The cases of each fold that is run, as somebody else dealt them.

    Args:
        cases: of the dataset, or those of them that are used; those of its test set are in no fold.
        splits: a `.json` or `.csv` file (columns id and fold), relative to the dataset's folder; else the column with
            the number of the fold in which a case is evaluated.
        folder: of the dataset.
        folds: how many there are, and which are run.
        selection: which cases choose the checkpoint.

    Raises:
        DataError: the split leaves a case out, holds one of the test set, has another number of folds or splits a
            group.
    """
    path = folder / splits
    test = {case.id for case in cases if case.test}
    known = {case.id for case in cases}
    if splits.endswith(".json"):
        given = _nnunet(path)
    elif splits.endswith(".csv"):
        fold_of = {case: row.get("fold", "") for case, row in _table(path).items() if case in known}
        given = _by_number(fold_of, test, path)
    else:
        path = Path(splits)
        given = _by_number({case.id: case.meta.get(splits, "") for case in cases}, test, path)
    _refuse_test_cases(given, test, path)
    if len(given) != folds.k:
        raise DataError(f"{path}: {len(given)} folds, but `folds: {{k: {folds.k}}}`")
    members: dict[str, str] = {case.id: case.group for case in cases if not case.test}
    return {fold: _split(given[fold], members, fold, path, selection) for fold in folds.numbers()}


def _nnunet(path: Path) -> Given:
    listed = read_json(path)
    if not isinstance(listed, list) or not all(
        isinstance(each, dict) and {"train", "val"} <= set(each) for each in listed
    ):
        raise DataError(f"{path}: a list with {{train: [case, …], val: [case, …]}} for each fold")
    return [(set(map(str, fold["train"])), set(map(str, fold["val"]))) for fold in listed]


def _table(path: Path) -> Mapping[str, Mapping[str, str]]:
    if not path.exists():
        raise DataError(f"{path}: no such file")
    return read_meta(path)


def _refuse_test_cases(given: Given, test: set[str], path: Path) -> None:
    # val first: a case that has a number lies in one fold's val, and in the train of all others
    for name, place in (("val", 1), ("train", 0)):
        for fold, parts in enumerate(given):
            if found := sorted(parts[place] & test):
                raise DataError(f"{path}: fold {fold}: case {found[0]!r} of the test set is in {name}")


def _by_number(fold_of: Mapping[str, str], test: set[str], path: Path) -> Given:
    fold_of = {case: fold for case, fold in fold_of.items() if case not in test or fold.isdecimal()}
    for case, fold in fold_of.items():
        if not fold.isdecimal():
            raise DataError(f"{path}: case {case!r} has no fold, a number from 0 up: {fold!r}")
    count = max((int(fold) for fold in fold_of.values()), default=-1) + 1
    return [
        (
            {case for case, fold in fold_of.items() if int(fold) != number},
            {case for case, fold in fold_of.items() if int(fold) == number},
        )
        for number in range(count)
    ]


def _split(
    given: tuple[set[str], set[str]], groups: Mapping[str, str], fold: int, path: Path, selection: Selection
) -> Split:
    """Of a subset of the cases, the split is that of its cases."""
    train, val = (part & set(groups) for part in given)
    if missing := sorted(set(groups) - given[0] - given[1]):
        raise DataError(f"{path}: fold {fold}: case {missing[0]!r} is in neither part; `test` names cases of no fold")
    if both := sorted(train & val):
        raise DataError(f"{path}: fold {fold}: case {both[0]!r} is in both parts")
    if not train or not val:
        raise DataError(f"{path}: fold {fold}: no case to {'evaluate' if train else 'train'} on")
    if torn := sorted({groups[case] for case in train} & {groups[case] for case in val}):
        raise DataError(
            f"{path}: fold {fold}: group {torn[0]!r} is in both parts; `group: none` makes every case its own"
        )
    members: dict[str, list[str]] = {}
    for case in sorted(train):
        members.setdefault(groups[case], []).append(case)
    return split(members, sorted(val), fold, selection)
