"""The candidates of a study, kept by Optuna in SQLite, so that a search that was killed goes on where it was."""

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any, Literal

import optuna
from optuna.samplers import BaseSampler, NSGAIISampler, RandomSampler, TPESampler
from optuna.trial import FrozenTrial, TrialState

from segsweep.orchestration.outcome import Outcome
from segsweep.orchestration.study import Study
from segsweep.spec.canonical import derive_seed
from segsweep.spec.search import HIGHER_IS_BETTER
from segsweep.spec.search_space import BRANCH
from segsweep.spec.trials import Trial

_OUTCOME = "outcome"
"""The attribute of an Optuna trial that says how its candidate ended; without it the candidate has not."""

optuna.logging.set_verbosity(optuna.logging.WARNING)


class Candidates:
    """The record of one study.

    Args:
        study: what is searched.
        folder: of the sweep, in which the record lies.
    """

    def __init__(self, study: Study, folder: Path) -> None:
        self.study = study
        self.storage = optuna.storages.RDBStorage(f"sqlite:///{folder / 'studies.db'}")
        self.directions: list[Literal["maximize", "minimize"]] = [
            "maximize" if name in HIGHER_IS_BETTER else "minimize" for name in self.objectives
        ]
        self._optuna = optuna.create_study(
            storage=self.storage, study_name=study.name, directions=self.directions, load_if_exists=True
        )

    @property
    def objectives(self) -> tuple[str, ...]:
        """What is searched for."""
        return self.study.sweep.search.objectives

    def resume(self) -> None:
        """Ask again for the candidates that a launch left behind when it was killed, before any new one."""
        for trial in self._optuna.get_trials(deepcopy=False, states=(TrialState.RUNNING,)):
            self._optuna.tell(trial.number, state=TrialState.FAIL)
            if trial.params:
                self._optuna.enqueue_trial(trial.params)

    def left(self) -> int:
        """How many candidates there are still to be tried."""
        return max(0, int(self.study.sweep.search.trials or 0) - len(self._ended()))

    def sampler(self) -> BaseSampler:
        """A sampler that has not been asked before: one that goes on does not begin with the first one's draws."""
        search = self.study.sweep.search
        seed = derive_seed(search.seed, "sampler", len(self._optuna.get_trials(deepcopy=False))) % 2**32
        match search.sampler:
            case "random":
                return RandomSampler(seed=seed)
            case "nsga2":
                return NSGAIISampler(seed=seed)
            case "tpe":
                # what is still being trained counts as bad, so that workers do not try the same side by side
                return TPESampler(seed=seed, constant_liar=True)

    def end(self, trial: optuna.Trial, outcome: Outcome) -> None:
        """Note how a candidate ended. One that is to be tried again stays open until the next launch."""
        if not outcome.final:
            return
        trial.set_user_attr(_OUTCOME, asdict(outcome))
        if outcome.state == "searched":
            self._optuna.tell(trial, [outcome.values[name] for name in self.objectives])
        else:
            self._optuna.tell(trial, state=TrialState.FAIL)

    def tried(self) -> tuple[Trial, ...]:
        """The trials of every candidate that has ended, each once."""
        return _each_once(self.study.trials(one.params) for one in self._ended())

    def front(self) -> tuple[Trial, ...]:
        """The trials of the Pareto members."""
        return _each_once(self.study.trials(one.params) for one in self._optuna.best_trials)

    def rows(self, settings: Mapping[str, str]) -> Iterator[dict[str, Any]]:
        """Rows of the search table.

        Args:
            settings: trial id to how it is printed.
        """
        best = {trial.number for trial in self._optuna.best_trials}
        ranges = self.study.space.ranges()
        for number, one in enumerate(self._ended(), start=1):
            trials = self.study.trials(one.params)
            branch = one.params.get(BRANCH, next(iter(self.study.space.branches)))
            drawn = {name.removeprefix(f"{branch}."): name for name in one.params if name in ranges}
            outcome = one.user_attrs[_OUTCOME]
            yield {
                "study": self.study.title,
                "dataset": trials[0].dataset.name,
                "labels": trials[0].labels.name,
                "network": trials[0].network.name,
                "number": number,
                "setting": settings[trials[0].id],
                "loss": branch,
                "parameters": json.dumps({argument: one.params[name] for argument, name in drawn.items()}),
                "logarithmic": [argument for argument, name in drawn.items() if ranges[name].log],
                "trials": [trial.id for trial in trials],
                "state": outcome["state"],
                "reason": outcome["reason"],
                **{name: outcome["values"].get(name) for name in ("dice", "abs_bias", "abs_bias_soft")},
                "objectives": list(self.objectives),
                "front": one.number in best,
            }

    def _ended(self) -> list[FrozenTrial]:
        trials = self._optuna.get_trials(deepcopy=False, states=(TrialState.COMPLETE, TrialState.FAIL))
        return [trial for trial in trials if _OUTCOME in trial.user_attrs]


def _each_once(candidates: Iterator[Sequence[Trial]]) -> tuple[Trial, ...]:
    return tuple({trial.id: trial for trials in candidates for trial in trials}.values())
