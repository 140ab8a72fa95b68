"""What of a grid was run, and what the rest would cost."""

import math
from collections.abc import Iterable

from papers.tracked import Tracked
from segsweep.reports.allowed_epochs import AllowedEpochs
from segsweep.reports.document import Cell, Column, Paragraph, Section, Table, text_cell
from segsweep.reports.numbers import count, duration, listed, number
from segsweep.spec.datasets import FileDataset
from segsweep.spec.trials import Trial

_SUPERSCRIPTS = str.maketrans("-0123456789", "⁻⁰¹²³⁴⁵⁶⁷⁸⁹")


def coverage_section(tracked: Tracked, slug: str) -> Section:
    """A sentence on all of it, and a line per dataset, label policy and network."""
    columns = (
        *(Column(title) for title in ("Dataset", "Labels", "Network", "Folds run", "Seeds run")),
        Column("Settings run", numeric=True),
        Column("Trials run", numeric=True),
        Column("of", numeric=True),
        Column("Ended by their epochs", numeric=True),
        Column("Hours taken", numeric=True),
        Column("Hours left, at most", numeric=True),
        Column("Operations left, at most", numeric=True),
    )
    groups: dict[tuple[str, str, str], list[Trial]] = {}
    for trial in tracked.planned.plan.trials:
        groups.setdefault((family(trial), trial.labels.name, trial.network.name), []).append(trial)
    rows = tuple((*map(text_cell, key), *_cells(trials, tracked)) for key, trials in groups.items())
    note = (
        "Ended by their epochs: trainings that had all that they were allowed, before early stopping would have come. "
        "Hours of one worker process with one thread, warm starts shared out among the trials that used them. Left: by "
        "the forecast for this machine, if no training stops early; a dash: never measured. Operations: floating-point "
        "operations of the networks, as counted for the overview."
    )
    table = Table(f"{slug}-coverage", "Trials run and left", columns, rows, note)
    return Section(slug, tracked.name, (Paragraph(_sentence(tracked)), table))


def family(trial: Trial) -> str:
    """Name of its dataset; phantoms that differ in p, K and r are one line."""
    return trial.dataset.name if isinstance(trial.dataset, FileDataset) else "phantoms"


def _sentence(tracked: Tracked) -> str:
    trials, done = len(tracked.planned.plan.trials), len(tracked.seconds)
    said = f"{done} of {count(trials, 'trial')} have been run"
    if not done:
        return f"{said}. {_forecast(tracked)}"
    taken = duration(sum(tracked.seconds.values()))
    said = f"{said}, which took {taken} on workers ({listed(_versions(tracked))}). {_forecast(tracked)}"
    short = ended_by_epochs(tracked.planned.plan.trials, tracked)
    return f"{said} {short} of {done} might have got better with more epochs." if short else said


def ended_by_epochs(trials: Iterable[Trial], tracked: Tracked) -> int:
    """How many of these trials were run and ended with their epochs, not by early stopping."""
    done = [trial for trial in trials if trial.id in tracked.seconds]
    return sum(
        AllowedEpochs(trial.train.epochs, trial.train.patience).ran_out(tracked.best_epochs[trial.id]) for trial in done
    )


def _forecast(tracked: Tracked) -> str:
    left = tracked.left
    if not left:
        return "Nothing is left."
    operations = f"What is left are {power(tracked.work(left).operations)} operations"
    hours = hours_left(left, tracked)
    if hours is None:
        return f"{operations}; what they cost here was not measured (segsweep plan --estimate)."
    said = (
        f"{operations}, or at most {number(hours, 1)} CPU-hours by the forecast (measured on "
        f"{count(tracked.workers, 'worker')} side by side)."
    )
    expected = sum(tracked.forecast.get(trial, 0.0) for trial in tracked.seconds)
    taken = sum(seconds for trial, seconds in tracked.seconds.items() if trial in tracked.forecast)
    return f"{said} What was run took {number(taken / expected, 2)} of its forecast." if expected else said


def hours_left(trials: Iterable[Trial], tracked: Tracked) -> float | None:
    """CPU-hours that trials would take if none stops early; None where one was never measured."""
    seconds = [tracked.forecast.get(trial.id) for trial in trials]
    known = [each for each in seconds if each is not None]
    return sum(known) / 3600 if len(known) == len(seconds) else None


def _versions(tracked: Tracked) -> list[str]:
    rows = tracked.tables.trials.select(["state", "device", "torch_version"]).to_pylist()
    found = {(row["device"], row["torch_version"]) for row in rows if row["state"] == "finished"}
    return [f"{device}, torch {torch}" for device, torch in sorted(found)]


def _cells(trials: list[Trial], tracked: Tracked) -> tuple[Cell, ...]:
    done = [trial for trial in trials if trial.id in tracked.seconds]
    rest = [trial for trial in trials if trial.id not in tracked.seconds]
    taken = sum(tracked.seconds[trial.id] for trial in done) / 3600
    hours = hours_left(rest, tracked)
    operations = tracked.work(rest).operations
    settings, short = {trial.setting for trial in done}, ended_by_epochs(done, tracked)
    return (
        text_cell(_numbers(trial.fold for trial in done)),
        text_cell(_numbers(trial.seed for trial in done)),
        Cell(f"{len(settings)} of {len({trial.setting for trial in trials})}", len(settings)),
        Cell(str(len(done)), len(done)),
        Cell(str(len(trials)), len(trials)),
        Cell(str(short), short),
        Cell(number(taken, 2), taken),
        Cell(number(hours, 1), hours),
        Cell(power(operations), operations),
    )


def _numbers(found: Iterable[int]) -> str:
    return ", ".join(map(str, sorted(set(found)))) or "none"


def power(value: float) -> str:
    """`3.2·10¹¹`."""
    if value == 0 or not math.isfinite(value):
        return number(value, 0)
    digits, exponent = f"{value:.1e}".split("e")
    return f"{digits}·10{str(int(exponent)).translate(_SUPERSCRIPTS)}"
