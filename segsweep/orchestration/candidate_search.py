"""Candidates of a study as Ray Tune asks for them: Tune's own Optuna searcher on the study's record."""

from collections.abc import Callable
from typing import Any

from ray.tune.search.optuna import OptunaSearch

from segsweep.orchestration.candidates import Candidates
from segsweep.orchestration.outcome import Outcome
from segsweep.orchestration.slices import Slice
from segsweep.spec.search_space import SearchSpace


class CandidateSearch(OptunaSearch):  # type: ignore[misc]
    """Draws candidates from the study's space and notes how they end.

    Args:
        candidates: the study's record.
        may_start: asked with the trials of each candidate that was drawn; after one that may not start, none does.
    """

    def __init__(self, candidates: Candidates, may_start: Callable[[Slice], bool] = lambda piece: True) -> None:
        self._candidates = candidates
        self._may_start = may_start
        super().__init__(
            space=_define(candidates.study.space),
            metric=list(candidates.objectives),
            mode=[direction[:3] for direction in candidates.directions],
            sampler=candidates.sampler(),
            storage=candidates.storage,
            study_name=candidates.study.name,
        )

    def suggest(self, trial_id: str) -> dict[str, Any] | str:
        """The parameters of the next candidate. One that may not start stays open until the next launch."""
        parameters: dict[str, Any] = super().suggest(trial_id)
        return parameters if self._may_start(self._candidates.study.trials(parameters)) else self.FINISHED

    def on_trial_complete(self, trial_id: str, result: dict[str, Any] | None = None, error: bool = False) -> None:
        """Unlike the searcher it comes from, this one keeps a reason, and never takes a missing value for a result."""
        lost = error or not result or "outcome" not in result
        outcome = Outcome("lost", None, {}) if lost or result is None else Outcome.from_json(result["outcome"])
        self._candidates.end(self._ot_trials[trial_id], outcome)
        self._completed_trials.add(trial_id)

    def save(self, checkpoint_path: str) -> None:
        """Tune saves its searchers to restore an experiment; a search is resumed from its record instead."""


def _define(space: SearchSpace) -> Any:
    def draw(trial: Any) -> None:
        space.draw(trial)

    return draw
