"""What is known of a sweep's costs before it is run, and the order of its slices that follows from it."""

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

from segsweep.orchestration.executor import Executor
from segsweep.orchestration.forecast import Forecast, epochs_as_loads, forecast, loads_of
from segsweep.orchestration.planning import Planned, naming
from segsweep.orchestration.remembered import Conditions, Probed, recall, remember
from segsweep.orchestration.schedule import longest_first
from segsweep.orchestration.site import packed
from segsweep.orchestration.slices import Slice, by_cohort, cut
from segsweep.spec.settings import Resources
from segsweep.spec.trials import Trial
from segsweep.training.measured import Measured, over_workers
from segsweep.training.workload import by_shape, covers

LANE_COPIES = 5
"""What a lane holds of its network's weights: themselves, their gradients, two moments of Adam, the best so far."""


@dataclass(frozen=True)
class Outlook:
    """What a sweep's trials were measured to cost, and on how many workers.

    Args:
        resources: of a worker; the share of a GPU is settled where it could be.
        workers: that run side by side.
        probed: shape to what was measured of it; of some or all shapes nothing may be known.
    """

    resources: Resources
    workers: int
    probed: Mapping[str, Probed]

    def arrange(self, trials: Sequence[Trial], *, trained: Collection[str] = ()) -> "Arranged":
        """Cut trials into slices, the longest first.

        Args:
            trials: to run.
            trained: ids of warm starts that are there already.
        """
        slices = cut(by_cohort(trials), self.workers)
        measured = {shape: probed.measured for shape, probed in self.probed.items()}
        known = all(name in measured and covers(measured[name], members) for name, members in by_shape(trials).items())
        loads = loads_of(slices, measured, trained=trained) if known else epochs_as_loads(slices, trained=trained)
        order = longest_first(loads, self.workers)
        slices = tuple(slices[number] for number in order)
        return Arranged(slices, forecast(slices, measured, self.workers, trained=trained) if known else None)


class Arranged(NamedTuple):
    """Slices in the order in which they are handed out, and what they will cost where that is known."""

    slices: tuple[Slice, ...]
    forecast: Forecast | None


def recalled(planned: Planned, executor: Executor, folder: Path) -> Outlook:
    """What is remembered of a sweep's costs; measures nothing.

    Args:
        planned: the sweep.
        executor: where it would run.
        folder: of what is remembered.
    """

    groups = by_shape(planned.plan.trials)
    return _outlook(planned, executor, groups, lambda conditions: _recall_all(folder, groups, conditions))


def measured(planned: Planned, executor: Executor, folder: Path, on_measured: Callable[[int, int], None]) -> Outlook:
    """What a sweep's trials cost: remembered, or measured now.

    Args:
        planned: the sweep.
        executor: where it would run, just started.
        folder: of what is remembered.
        on_measured: called with (shapes done, shapes to measure).

    Raises:
        InputError: a case cannot be used, or a network or a loss cannot be built.
    """
    groups = by_shape(planned.plan.trials)

    def look_up(conditions: Conditions) -> dict[str, Probed]:
        found = _recall_all(folder, groups, conditions)
        missing = [name for name in groups if name not in found or not covers(found[name].measured, groups[name])]
        if missing:
            on_measured(0, len(missing))
            with naming(planned.path):
                now = executor.measure(
                    [groups[name] for name in missing],
                    planned.folder,
                    conditions.resources,
                    conditions.workers,
                    lambda done: on_measured(done, len(missing)),
                )
            for name, workers in zip(missing, now.shapes, strict=True):
                remember(folder, name, conditions, Probed(now.startup, over_workers(workers)))
        return _recall_all(folder, groups, conditions)

    return _outlook(planned, executor, groups, look_up)


def _recall_all(folder: Path, shapes: Iterable[str], conditions: Conditions) -> dict[str, Probed]:
    found = {name: recall(folder, name, conditions) for name in shapes}
    return {name: probed for name, probed in found.items() if probed is not None}


def _outlook(
    planned: Planned,
    executor: Executor,
    groups: Mapping[str, Sequence[Trial]],
    look_up: Callable[[Conditions], dict[str, Probed]],
) -> Outlook:
    """On a GPU in two steps: the memory of one worker says how many share it, and sharing it they are slower."""
    resources = planned.sweep.resources
    probed = look_up(_conditions(planned, executor, resources))
    if probed.keys() == groups.keys():
        needs = [(worker_bytes(one.measured, groups[name]), one.measured.device_memory) for name, one in probed.items()]
        sharing = packed(resources, executor.nodes(), needs)
        if sharing != resources:
            resources, probed = sharing, look_up(_conditions(planned, executor, sharing))
    return Outlook(resources, executor.workers(resources), probed)


def _conditions(planned: Planned, executor: Executor, resources: Resources) -> Conditions:
    """As many workers as would run side by side: a small sweep does not keep a large cluster busy."""
    workers = executor.workers(resources)
    return Conditions(executor.nodes(), resources, min(workers, len(cut(planned.plan.cohorts(), workers))))


def worker_bytes(measured: Measured, trials: Sequence[Trial]) -> int:
    """Most memory that a worker takes: as measured with a lane for each kind of loss, and what further lanes hold.

    Args:
        measured: of a shape.
        trials: of this shape; the largest of their cohorts may be run as one slice.
    """
    lanes = max(len(members) for members in by_cohort(trials).values())
    return measured.memory + max(0, lanes - len(measured.losses)) * LANE_COPIES * measured.weights
