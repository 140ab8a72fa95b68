"""What a sweep searches: one study per combination of everything that is not the loss setting, its folds or seeds."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from itertools import product
from typing import Any

from segsweep.orchestration.planning import Planned
from segsweep.spec.canonical import digest
from segsweep.spec.grid import Sweep
from segsweep.spec.search_space import Drawn, SearchSpace
from segsweep.spec.trials import DatasetFacts, Trial, expand


@dataclass(frozen=True)
class Study:
    """One search.

    Args:
        title: as printed: the dataset, and whatever else the grid has several of.
        sweep: with one value on every axis but folds and seeds.
        space: of its settings.
        facts: dataset name to what was measured of it.
    """

    title: str
    sweep: Sweep
    space: SearchSpace
    facts: Mapping[str, DatasetFacts]

    @property
    def name(self) -> str:
        """Of its record: equal for the same data, protocol, space and objectives, whatever the number of candidates."""
        corners = sorted(trial.id for trial in expand(self.sweep, self.facts).trials)
        return f"{self.title} {digest([corners, self.space.identity(), self.sweep.search.objectives])}"

    @property
    def epochs(self) -> int:
        """Of its longest trial."""
        return max(trial.train.epochs for trial in expand(self.sweep, self.facts).trials)

    def trials(self, parameters: Mapping[str, Any]) -> tuple[Trial, ...]:
        """The trials of a candidate: one per fold and seed.

        Args:
            parameters: what was drawn for it.

        Raises:
            GridError: the loss does not take what was drawn.
        """
        cell = self.space.draw(Drawn(parameters))
        return expand(replace(self.sweep, cells=(cell,)), self.facts).trials


def studies(planned: Planned) -> tuple[Study, ...]:
    """The studies of a sweep; none of a grid that is run whole."""
    space = planned.sweep.space
    if space is None:
        return ()
    facts = {trial.dataset.name: trial.facts for trial in planned.plan.trials}
    return tuple(Study(_title(one, planned.sweep), one, space, facts) for one in _single(planned.sweep))


def _single(sweep: Sweep) -> Iterator[Sweep]:
    axes = (sweep.datasets, sweep.labels, sweep.networks, sweep.trains, sweep.augments, sweep.warm_starts)
    for dataset, labels, network, train, augment, warm_start in product(*axes):
        yield replace(
            sweep,
            datasets=(dataset,),
            labels=(labels,),
            networks=(network,),
            trains=(train,),
            augments=(augment,),
            warm_starts=(warm_start,),
        )


def _title(one: Sweep, sweep: Sweep) -> str:
    """The dataset, and the place of every other value in its list where there are several."""
    parts = [one.datasets[0].name]
    parts += [one.labels[0].name] if len(sweep.labels) > 1 else []
    parts += [one.networks[0].name] if len(sweep.networks) > 1 else []
    parts += [one.augments[0].name] if len(sweep.augments) > 1 else []
    parts += [f"train[{sweep.trains.index(one.trains[0])}]"] if len(sweep.trains) > 1 else []
    parts += [f"warm_start[{sweep.warm_starts.index(one.warm_starts[0])}]"] if len(sweep.warm_starts) > 1 else []
    return ", ".join(parts)
