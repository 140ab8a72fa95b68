"""Runs of trials and warm starts as a tracking store shows them."""

from importlib.metadata import version

from segsweep import __version__
from segsweep.records.rows import trial_parameters
from segsweep.spec.trials import Trial
from segsweep.tracking.protocol import RunDescription


def describe_trial(trial: Trial, fence: int) -> RunDescription:
    """The child run of a trial.

    Args:
        trial: that begins or goes on.
        fence: of the claim that is held on it.
    """
    return RunDescription(
        name=f"{trial.setting} · {trial.dataset.name} · fold {trial.fold} · seed {trial.seed}",
        kind="trial",
        parameters=trial_parameters(trial),
        tags={
            "segsweep.trial": trial.id,
            "segsweep.cohort": trial.cohort,
            "segsweep.version": __version__,
            "segsweep.torch": version("torch"),
        },
        fence=fence,
    )


def describe_warm_start(trial: Trial, fence: int) -> RunDescription:
    """The child run of the warm start that a trial shares with its cohort."""
    settings = trial.warm_start
    assert settings is not None
    shared = {"dataset": trial.dataset.name, "fold": str(trial.fold), "seed": str(trial.seed)}
    return RunDescription(
        name=f"warm start · {trial.dataset.name} · fold {trial.fold} · seed {trial.seed}",
        kind="warm start",
        parameters=shared | {f"warm_start.{key}": str(value) for key, value in settings.model_dump().items()},
        tags={"segsweep.warm_start": str(trial.warm_start_id), "segsweep.cohort": trial.cohort},
        fence=fence,
    )
