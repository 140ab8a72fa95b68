"""Folds by group, the same whatever order the cases are listed in."""

import hashlib
from collections.abc import Iterable, Sequence

from segsweep.data.cases import Case
from segsweep.errors import DataError
from segsweep.spec.settings import Folds, Selection
from segsweep.spec.trials import Split


def shuffled(names: Iterable[str], salt: str) -> list[str]:
    """Names in an order that depends on the names and the salt alone: adding a name moves no other."""
    return sorted(names, key=lambda name: hashlib.sha256(f"{salt}\0{name}".encode()).digest())


def subset(cases: Sequence[Case], count: int) -> tuple[Case, ...]:
    """`count` cases, the same ones every time, in the order of their ids; of the test set an equal share.

    Raises:
        DataError: there are fewer.
    """
    if count > len(cases):
        raise DataError(f"`cases: {count}` asks for more cases than the {len(cases)} there are")
    test, rest = ([case.id for case in cases if case.test is side] for side in (True, False))
    tested = max(1, round(count * len(test) / len(cases))) if test else 0
    chosen = {*shuffled(rest, "subset")[: count - tested], *shuffled(test, "subset")[:tested]}
    return tuple(case for case in cases if case.id in chosen)


def split_folds(cases: Sequence[Case], folds: Folds, selection: Selection) -> dict[int, Split]:
    """The cases of each fold that is run.

    Groups are dealt in a shuffled order, each to the fold that has fewest cases so far; the inner part is taken from
    the training groups in the same manner.

    Raises:
        DataError: there are fewer groups than folds, or too few to take an inner part from.
    """
    members: dict[str, list[str]] = {}
    for case in cases:
        members.setdefault(case.group, []).append(case.id)
    if len(members) < folds.k:
        raise DataError(
            f"{folds.k} folds need at least {folds.k} groups; there are {len(members)}"
            " (groups are patients or series; `group: none` makes every case its own)"
        )
    dealt = _deal(shuffled(members, "folds"), members, folds.k)
    return {fold: _dealt_split(dealt, members, fold, selection) for fold in folds.numbers()}


def split(members: dict[str, list[str]], val: Iterable[str], fold: int, selection: Selection) -> Split:
    """A fold whose training and evaluation cases are known; the inner part is taken from the training groups.

    Args:
        members: training group to the ids of its cases.
        val: ids of the evaluation cases.
        fold: its number.
        selection: which cases choose the checkpoint.

    Raises:
        DataError: there is one training group, which is too few to take an inner part from.
    """
    inner = _inner(members, fold, selection)

    def ids(groups: Iterable[str]) -> tuple[str, ...]:
        return tuple(sorted(case for group in groups for case in members[group]))

    return Split(train=ids(set(members) - set(inner)), inner=ids(inner), val=tuple(sorted(val)))


def _deal(groups: list[str], members: dict[str, list[str]], k: int) -> list[list[str]]:
    hands: list[list[str]] = [[] for _ in range(k)]
    cases = [0] * k
    for group in groups:
        fewest = min(range(k), key=lambda fold: (cases[fold], len(hands[fold])))
        hands[fewest].append(group)
        cases[fewest] += len(members[group])
    return hands


def _dealt_split(dealt: list[list[str]], members: dict[str, list[str]], fold: int, selection: Selection) -> Split:
    training = {group: members[group] for number, hand in enumerate(dealt) if number != fold for group in hand}
    return split(training, (case for group in dealt[fold] for case in members[group]), fold, selection)


def _inner(members: dict[str, list[str]], fold: int, selection: Selection) -> list[str]:
    """The groups that choose the checkpoint; none where the evaluation fold does."""
    if selection.select != "inner":
        return []
    if len(members) < 2:
        raise DataError(
            f"fold {fold}: one training group is too few to take an inner part from; `split: {{select:"
            " fold}` chooses the checkpoint on the evaluation fold"
        )
    wanted = selection.share * sum(map(len, members.values()))
    inner: list[str] = []
    taken = 0
    for group in shuffled(members, f"inner {fold}")[:-1]:
        if inner and taken + len(members[group]) / 2 > wanted:
            break
        inner.append(group)
        taken += len(members[group])
    return inner
