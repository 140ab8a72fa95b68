"""What Ray Tune runs in its workers: a slice, or a candidate of a search, reporting as it goes on."""

import json
import time
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

import ray
from ray import tune

from segsweep.orchestration.executor import Errand
from segsweep.orchestration.halving import EPOCH, SCORE
from segsweep.orchestration.slices import Slice
from segsweep.orchestration.study import Study
from segsweep.tracking.protocol import Ending

if TYPE_CHECKING:
    from segsweep.spec.trials import Trial
    from segsweep.training.lane import Epoch
    from segsweep.training.workplace import Progress

_REPORT_SECONDS = 1.0


def train(
    config: dict[str, Any], slices: Sequence[Slice], errand: Errand, threads: int, gpu: bool, verdicts: Any
) -> None:
    """One slice."""
    import segsweep.orchestration.ready  # noqa: F401, PLC0415 (a worker that another machine has started may not be)
    from segsweep.orchestration.work import work  # noqa: PLC0415 (torch and MONAI belong to the worker)

    reporter = _Reporter(verdicts)
    # Ray need not hide the GPUs from a worker that was given none
    endings = work(slices[config["slice"]], errand, threads, reporter.report, reporter.goes_on, gpu=gpu)
    tune.report({"phase": "ended", "share": 1.0, "endings": _written(endings)})


def try_one(config: dict[str, Any], study: Study, errand: Errand, threads: int, gpu: bool, verdicts: Any) -> None:
    """One candidate."""
    import segsweep.orchestration.ready  # noqa: F401, PLC0415
    from segsweep.orchestration.trying import try_candidate  # noqa: PLC0415 (torch and MONAI belong to the worker)
    from segsweep.orchestration.work import at_work  # noqa: PLC0415

    reporter = _Reporter(verdicts)
    with at_work(errand, threads, reporter.report, reporter.goes_on, gpu=gpu) as place:
        outcome = try_candidate(study.trials(config), place)
    tune.report({"phase": "ended", "share": 1.0, "endings": "{}", "outcome": outcome.to_json(), **outcome.values})


class _Reporter:
    """Progress told to Tune at most once a second, and every epoch where lanes may be stopped early.

    Args:
        verdicts: the actor that knows who is to stop; None where nobody is.
    """

    def __init__(self, verdicts: Any) -> None:
        self._verdicts = verdicts
        self._last = 0.0
        self._told: dict[str, Any] = {"phase": "data", "share": 0.0, "endings": "{}"}

    def report(self, at: "Progress") -> None:
        """A slice has gone on."""
        self._told = {"phase": at.phase, "share": at.done, "endings": _written(at.endings)}
        if time.monotonic() - self._last > _REPORT_SECONDS:
            self._last = time.monotonic()
            tune.report(self._told)

    def goes_on(self, trial: "Trial", epoch: "Epoch") -> bool:
        """Whether a lane is to train another epoch."""
        if self._verdicts is None:
            return True
        tune.report({**self._told, EPOCH: epoch.number, SCORE: epoch.val_dice})
        return not ray.get(self._verdicts.is_stopped.remote(tune.get_context().get_trial_id()))


def _written(endings: Mapping[str, Ending]) -> str:
    return json.dumps({trial: asdict(ending) for trial, ending in endings.items()})
