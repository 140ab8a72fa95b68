"""The studies of a sweep: what has been tried, what is on their fronts, and how it is reported."""

from dataclasses import replace
from itertools import chain
from pathlib import Path

import pyarrow as pa

from segsweep.orchestration.candidates import Candidates
from segsweep.orchestration.planning import Planned
from segsweep.orchestration.study import studies
from segsweep.records.schemas import SEARCH
from segsweep.records.tables import table
from segsweep.spec.trials import unite


class Searches:
    """What a sweep searches.

    Args:
        planned: the sweep, with its corners for a plan.
        folder: of the sweep, in which the studies' records lie.
    """

    def __init__(self, planned: Planned, folder: Path) -> None:
        self._planned = planned
        self.records = tuple(Candidates(study, folder) for study in studies(planned))

    @property
    def left(self) -> int:
        """Candidates that are still to be tried."""
        return sum(record.left() for record in self.records)

    def tried(self) -> Planned:
        """The sweep with a plan of every trial of every candidate that has ended."""
        return replace(self._planned, plan=unite(chain.from_iterable(record.tried() for record in self.records)))

    def front(self) -> Planned:
        """The sweep with a plan of the trials of the Pareto members, named as among all that were tried."""
        members = {trial.id for record in self.records for trial in record.front()}
        plan = self.tried().plan
        return replace(
            self._planned, plan=replace(plan, trials=tuple(trial for trial in plan.trials if trial.id in members))
        )

    def table(self) -> pa.Table:
        """The search table."""
        settings = {trial.id: trial.setting for trial in self.tried().plan.trials}
        return table(chain.from_iterable(record.rows(settings) for record in self.records), SEARCH)
