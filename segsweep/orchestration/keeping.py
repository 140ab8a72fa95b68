"""Trials of a sweep whose networks are kept: registered with how to use them."""

from collections.abc import Sequence

from segsweep.errors import InputError, OutageError, TrackingError
from segsweep.orchestration.status import sweep_status
from segsweep.records.kept_model import KeptModel
from segsweep.records.manifest import ManifestEntry
from segsweep.records.trained_network import TrainedNetwork
from segsweep.reports.model_use import model_use
from segsweep.reports.threshold_choice import Choice
from segsweep.tracking.protocol import CASES_FILE, NETWORK_FILE, TRIALS_FILE, RegisteredModel, Tracker


def keep(
    sweep: str, trials: Sequence[str], tracker: Tracker, *, name: str, choice: Choice
) -> tuple[RegisteredModel, ...]:
    """Register the networks of some trials as versions of a model; one that is registered so already stays as it is.

    Args:
        sweep: its name.
        trials: ids.
        tracker: that holds them.
        name: of the model.
        choice: how a single foreground label is decided.

    Raises:
        InputError: a trial is not of the sweep, is not finished or left no weights, or the threshold cannot be chosen;
            nothing is registered then.
        TrackingError: there is no such sweep, or the registry refuses.
    """
    entries = {entry.trial: entry for entry in sweep_status(sweep, tracker).entries}
    kept = [_kept(sweep, trial, entries, tracker, choice) for trial in dict.fromkeys(trials)]
    return tuple(_registered(name, run_id, model, choice, tracker) for run_id, model in kept)


def _kept(
    sweep: str, trial: str, entries: dict[str, ManifestEntry], tracker: Tracker, choice: Choice
) -> tuple[str, KeptModel]:
    entry = entries.get(trial)
    if entry is None:
        raise InputError(f"{sweep} has no trial {trial!r}; `segsweep status {sweep}` lists them")
    if entry.state != "finished" or entry.run_id is None:
        raise InputError(f"trial {trial} is {entry.state}; a finished one can be kept")
    try:
        network = TrainedNetwork.from_json(tracker.read_file(entry.run_id, NETWORK_FILE))
    except OutageError:
        raise
    except TrackingError as error:
        raise InputError(f"trial {trial} left no weights: it was not run with `keep: weights` in its grid") from error
    table, cases = (tracker.read_table(entry.run_id, file) for file in (TRIALS_FILE, CASES_FILE))
    try:
        use = model_use(table, cases, network.labels[1:], choice)
    except InputError as error:
        raise InputError(f"trial {trial}: {error}") from error
    row = entry.row
    return entry.run_id, KeptModel(
        trial=trial,
        sweep=sweep,
        **{key: str(row[key]) for key in ("setting", "loss", "arguments", "dataset")},
        fold=int(row["fold"]),
        seed=int(row["seed"]),
        unit=use.unit,
        threshold=use.threshold,
        calibrations=use.calibrations,
    )


def _registered(name: str, run_id: str, model: KeptModel, choice: Choice, tracker: Tracker) -> RegisteredModel:
    tags = model.tags()
    for known in tracker.models(name):
        if known.run_id == run_id and known.tags.items() >= tags.items():
            return known
    return tracker.register_model(name, run_id, tags, _note(model, choice))


def _note(model: KeptModel, choice: Choice) -> str:
    """What a person reads who finds the model in the registry (Markdown)."""
    decided = "Arg-max" if model.threshold is None else f"Voxels with p ≥ {model.threshold:g} ({choice.value})"
    lines = [
        f"- {calibration.label}, {kind} volume P in {model.unit}: P − ({line.intercept:.6g} + {line.slope:.6g}·P)"
        for calibration in model.calibrations
        for kind, line in (("soft", calibration.soft), ("hard", calibration.hard))
        if line is not None
    ]
    trained = f"**{model.setting}** on {model.dataset}, fold {model.fold}, seed {model.seed} of {model.sweep}."
    return "\n".join([f"{trained} {decided}. `segsweep predict` applies it.", "", *lines])
