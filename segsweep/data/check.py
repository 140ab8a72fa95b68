"""A dataset read from end to end before anything is trained on it: what is there, and what is odd."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from segsweep.data.cases import Case, CaseSet
from segsweep.data.duplicates import Pair, near_duplicates
from segsweep.data.examine import CaseFacts, examine
from segsweep.data.facts import scan
from segsweep.data.on_disk import on_disk
from segsweep.data.orphans import orphans
from segsweep.data.propose import propose
from segsweep.errors import DataError
from segsweep.spec.datasets import FileDataset
from segsweep.spec.settings import Folds


@dataclass(frozen=True)
class Checked:
    """What was found in a dataset.

    Args:
        dataset: as it was asked for.
        found: its cases and labels.
        cases: those that could be read.
        problems: what would stop a sweep, a line each.
        notices: what would not, but should be known.
        duplicates: nearly equal images in different groups.
        orphans: image files that no case uses.
        block: a dataset block for a grid file; None where no case could be read.
    """

    dataset: FileDataset
    found: CaseSet
    cases: Sequence[CaseFacts]
    problems: Sequence[str]
    notices: Sequence[str]
    duplicates: Sequence[Pair]
    orphans: Sequence[Path]
    block: str | None


def check(dataset: FileDataset, progress: Callable[[int, int], None] = lambda done, total: None) -> Checked:
    """Read every file of a dataset.

    Args:
        dataset: where it lies.
        progress: called with (cases done, cases in all).

    Raises:
        DataError: its cases cannot even be listed; names the file or the case.
    """
    here = on_disk(dataset)
    found = scan(here)
    cases: list[CaseFacts] = []
    problems: list[str] = []
    for done, case in enumerate(found.cases, start=1):
        try:
            cases.append(examine(case, found))
        except DataError as error:
            problems.append(str(error))
        progress(done, len(found.cases))
    usual, strange = _unequal(cases)
    problems += strange
    return Checked(
        dataset,
        found,
        cases,
        problems,
        [*_notices(found, cases), *_unused_test_part(here)],
        near_duplicates(cases),
        orphans(here, found),
        propose(dataset, usual) if usual else None,
    )


def _unequal(cases: Sequence[CaseFacts]) -> tuple[list[CaseFacts], list[str]]:
    """The cases with as many channels and axes as most, and a line for each of the others."""
    if not cases:
        return [], []
    kinds = [(case.channels, len(case.shape)) for case in cases]
    usual = max(sorted(set(kinds)), key=kinds.count)
    strange = [
        f"case {case.id}: {kind[0]} channels and {kind[1]} axes, most others have {usual[0]} and {usual[1]}"
        for case, kind in zip(cases, kinds, strict=True)
        if kind != usual
    ]
    return [case for case, kind in zip(cases, kinds, strict=True) if kind == usual], strange


def _notices(found: CaseSet, cases: Sequence[CaseFacts]) -> list[str]:
    said = []
    for value, name in enumerate(found.labels[1:], start=1):
        if cases and not any(case.volumes[value] for case in cases):
            said.append(f"label {name!r} occurs in no case")
    if flat := [case.id for case in cases if case.low == case.high]:
        said.append(f"images without any contrast: {_some(flat)}")
    if full := [case.id for case in cases if case.volumes[0] == 0]:
        said.append(f"labels without any background: {_some(full)}")
    if tiny := [case.id for case in cases if 0 < sum(case.volumes[1:]) < 10]:
        said.append(f"labels of fewer than 10 voxels: {_some(tiny)}")
    test = {case.id for case in found.cases if case.test}
    dealt = [case.group for case in cases if case.id not in test]
    groups, folds = len(set(dealt)), Folds().k
    if groups < min(folds, len(dealt)):
        said.append(f"{groups} groups are too few for {folds} folds; `group: none` deals cases whatever their group")
    if any(case.raters for case in found.cases):
        said.append(f"{_raters(found.cases)} raters a case: see `labels: {{raters: …}}`")
    if odd := _far_off(cases):
        said.append(f"images a hundred times brighter than the median one: {_some(odd)}")
    return said


def _unused_test_part(dataset: FileDataset) -> list[str]:
    labels = dataset.folder / "labelsTs"
    if dataset.test is not None or dataset.source not in ("msd", "nnunet") or not labels.is_dir():
        return []
    return [f"test cases with labels in {labels}: `test: own` keeps them from all folds and judges every trial by them"]


def _far_off(cases: Sequence[CaseFacts]) -> list[str]:
    highs = sorted(case.high for case in cases)
    usual = highs[len(highs) // 2] if highs else 0.0
    return [case.id for case in cases if usual > 0 and case.high > 100 * usual]


def _raters(cases: Sequence[Case]) -> str:
    counts = sorted({len(case.raters) for case in cases})
    return str(counts[0]) if len(counts) == 1 else f"{counts[0]} to {counts[-1]}"


def _some(names: Sequence[str]) -> str:
    return ", ".join(names[:3]) + (f" and {len(names) - 3} more" if len(names) > 3 else "")
