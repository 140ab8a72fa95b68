"""Cohorts cut into slices, so that all workers are busy and little shared work is done twice."""

from collections.abc import Mapping, Sequence
from itertools import pairwise

from segsweep.spec.trials import Trial

Slice = tuple[Trial, ...]

ENOUGH_PER_WORKER = 4
"""With this many slices per worker, the last ones leave little of the cluster idle."""


def cut(cohorts: Mapping[str, Sequence[Trial]], workers: int) -> tuple[Slice, ...]:
    """Cut cohorts into slices.

    A slice pays for its cohort's data pipeline, so a cohort is cut no further than needed: into the smallest number of
    parts that spreads evenly over the workers, or gives each of them several slices. First parts come first: they train
    the warm starts that later parts find ready.

    Args:
        cohorts: what is left to run of each.
        workers: slices that run side by side.
    """
    parts = next(
        parts
        for parts in range(1, workers + 1)
        if (len(cohorts) * parts) % workers == 0 or len(cohorts) * parts >= ENOUGH_PER_WORKER * workers
    )
    pieces = [_divide(trials, parts) for trials in cohorts.values()]
    return tuple(piece[turn] for turn in range(parts) for piece in pieces if turn < len(piece))


def by_cohort(trials: Sequence[Trial]) -> dict[str, Slice]:
    """Cohort id to its trials."""
    found: dict[str, list[Trial]] = {}
    for trial in trials:
        found.setdefault(trial.cohort, []).append(trial)
    return {cohort: tuple(members) for cohort, members in found.items()}


def _divide(trials: Sequence[Trial], parts: int) -> list[Slice]:
    """Into at most `parts` runs whose lengths differ by one at most."""
    parts = min(parts, len(trials))
    bounds = [round(number * len(trials) / parts) for number in range(parts + 1)]
    return [tuple(trials[start:end]) for start, end in pairwise(bounds)]
