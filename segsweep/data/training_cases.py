"""Which of a fold's training cases are trained on, and how often, by the label policy."""

from collections.abc import Sequence

from segsweep.data.decoded import Decoded, DecodedCase
from segsweep.data.folds import shuffled
from segsweep.spec.labels import ALL, LabelPolicy, Removal, is_where


def kept_for_training(decoded: Decoded, positions: Sequence[int], policy: LabelPolicy) -> list[int]:
    """The training cases that a policy keeps: a function of dataset, split and policy, never of the seed.

    Args:
        decoded: the dataset.
        positions: of the training cases.
        policy: with `fraction`, that share of them; with `as_many_as`, cases at random until as many have the label
            as the removal would leave.

    Returns:
        Positions in their given order; at least one.
    """
    places = {decoded.cases[position].id: position for position in positions}
    drawn = [places[case] for case in shuffled(places, "kept for training")]
    if policy.fraction is not None:
        count = max(1, round(policy.fraction * len(drawn)))
    elif policy.as_many_as is not None:
        count = _until_as_many([decoded.cases[position] for position in drawn], decoded.labels, policy.as_many_as)
    else:
        count = len(drawn)
    kept = set(drawn[:count])
    return [position for position in positions if position in kept]


def oversampled(decoded: Decoded, positions: Sequence[int], policy: LabelPolicy) -> list[int]:
    """The cases that one epoch shows: those that the policy oversamples several times."""
    chosen = policy.oversample
    if chosen is None:
        return list(positions)
    return [
        position
        for position in positions
        for _ in range(chosen.times if is_where(decoded.cases[position].meta, chosen.where) else 1)
    ]


def _until_as_many(cases: Sequence[DecodedCase], labels: Sequence[str], removal: Removal) -> int:
    """How many of the cases, from the first on, hold as many labelled ones as the removal would leave of all."""
    meant = [value for value, name in enumerate(labels) if value and removal.remove in (name, ALL)]
    labelled = [any(case.voxels[value] for value in meant) for case in cases]
    left = sum(
        any(case.voxels[value] and not removal.removes(labels[value], case.id, case.meta) for value in meant)
        for case in cases
    )
    reached = [sum(labelled[: count + 1]) for count in range(len(cases))]
    return next((count + 1 for count, found in enumerate(reached) if found >= max(left, 1)), len(cases))
