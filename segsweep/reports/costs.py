"""What the trials cost, and how well the plan foresaw it."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import TypeVar

import numpy as np

from segsweep.reports.allowed_epochs import allowed_epochs
from segsweep.reports.document import Block, Cell, Column, Drawing, Drawings, Paragraph, Section, Table, text_cell
from segsweep.reports.forest import Dots, forest
from segsweep.reports.numbers import NOTHING, count, duration, number
from segsweep.reports.results import Floats, Results

_UNITS = ((3600.0, "hours"), (60.0, "minutes"), (1.0, "seconds"))
Amount = TypeVar("Amount", int, float)


@dataclass(frozen=True)
class Cost:
    """Seconds of all finished trials of one setting on one dataset.

    Attributes:
        seconds: training and evaluation, shared work shared out.
        forecast: what the plan expected of the same trials; None where it expected nothing.
        epochs: that were run; None where a trial does not say.
        most_epochs: that the grid allowed; fewer are run where training stops early.
    """

    dataset: str
    setting: str
    trials: int
    seconds: float
    forecast: float | None
    epochs: int | None
    most_epochs: int | None


def costs(results: Results) -> tuple[Cost, ...]:
    """One row per dataset and setting, over trials that have a time."""
    columns = {
        name: np.array(results.trials_table[name].to_pylist(), dtype=np.float64)
        for name in ("seconds", "forecast_seconds", "epochs")
    }
    columns["most_epochs"] = np.array([allowed_epochs(spec).most for spec in results.trials_table["spec"].to_pylist()])
    members: dict[tuple[str, str], list[int]] = {}
    for index, trial in enumerate(results.trials):
        if trial.state == "finished" and np.isfinite(columns["seconds"][index]):
            members.setdefault((trial.dataset, trial.setting), []).append(index)
    return tuple(
        _cost(key, {name: column[found] for name, column in columns.items()}) for key, found in members.items()
    )


def _cost(key: tuple[str, str], columns: dict[str, Floats]) -> Cost:
    sums = {name: float(column.sum()) for name, column in columns.items()}
    known = {name: total if np.isfinite(total) else None for name, total in sums.items()}
    epochs, most = known["epochs"], known["most_epochs"]
    return Cost(
        *key,
        trials=len(columns["seconds"]),
        seconds=sums["seconds"],
        forecast=known["forecast_seconds"],
        epochs=None if epochs is None else round(epochs),
        most_epochs=None if most is None else round(most),
    )


def section(rows: tuple[Cost, ...]) -> Section:
    """How the forecast did, a figure of it, and the table with the total last."""
    columns = (
        Column("Dataset"),
        Column("Setting"),
        Column("Trials", numeric=True),
        Column("Epochs", numeric=True),
        Column("Seconds", numeric=True),
        Column("Forecast, seconds", numeric=True),
        Column("Actual / forecast", numeric=True),
    )
    foreseen = tuple(row for row in rows if row.forecast)
    body = tuple(_row(row) for row in (*rows, _total(rows)))
    note = (
        "Seconds on workers, warm starts and batches shared out among the trials that used them. Epochs: run, of those"
        " allowed; the forecast expects all of them, so training that stops early takes less."
    )
    blocks: list[Block] = [Paragraph(_sentence(rows, foreseen))]
    if foreseen:
        blocks.append(Drawings(lambda: (_drawing(foreseen),)))
    return Section("costs", "Costs", (*blocks, Table("costs", "Time on workers", columns, body, note)))


def _total(rows: tuple[Cost, ...]) -> Cost:
    return Cost(
        "all",
        "all",
        trials=sum(row.trials for row in rows),
        seconds=sum(row.seconds for row in rows),
        forecast=_sum(row.forecast for row in rows),
        epochs=_sum(row.epochs for row in rows),
        most_epochs=_sum(row.most_epochs for row in rows),
    )


def _sum(values: Iterable[Amount | None]) -> Amount | None:
    """None where one of them is not known."""
    total: Amount | None = None
    for value in values:
        if value is None:
            return None
        total = value if total is None else total + value
    return total


def _sentence(rows: tuple[Cost, ...], foreseen: tuple[Cost, ...]) -> str:
    whole = sum(row.seconds for row in rows)
    taken, expected = sum(row.seconds for row in foreseen), sum(row.forecast or 0.0 for row in foreseen)
    trained = f"{count(sum(row.trials for row in rows), 'trial')} took {duration(whole)} on workers."
    if not foreseen:
        return f"{trained} Nothing had been measured before, so there was no forecast."
    those = "" if len(foreseen) == len(rows) else f" of {count(len(foreseen), 'setting')} that had a forecast"
    return f"{trained} {duration(expected)} were expected{those}: {number(taken / expected, 2)} of the forecast."


def _drawing(rows: tuple[Cost, ...]) -> Drawing:
    several = len({row.dataset for row in rows}) > 1
    lines = [f"{row.dataset}: {row.setting}" if several else row.setting for row in rows]
    means = [((row.forecast or 0.0) / row.trials, row.seconds / row.trials) for row in rows]
    longest = max(map(max, means))
    unit, name = next((entry for entry in _UNITS if longest >= 2 * entry[0]), _UNITS[-1])
    forecast, actual = ([seconds / unit for seconds in column] for column in zip(*means, strict=True))
    return forest(
        lines,
        [Dots("forecast", forecast, forecast, forecast, "D"), Dots("actual", actual, actual, actual)],
        slug="costs-figure",
        title="Forecast and actual time of a trial",
        axis=f"{name} on a worker, mean over trials",
        description="The mean time that was forecast and that was taken, by setting; the numbers are in the table.",
        reference=0.0,
    )


def _row(cost: Cost) -> tuple[Cell, ...]:
    ratio = cost.seconds / cost.forecast if cost.forecast else None
    known = cost.epochs is not None and cost.most_epochs is not None
    epochs = f"{cost.epochs} of {cost.most_epochs}" if known else NOTHING if cost.epochs is None else str(cost.epochs)
    return (
        text_cell(cost.dataset),
        text_cell(cost.setting),
        Cell(str(cost.trials), cost.trials),
        Cell(epochs, cost.epochs),
        Cell(duration(cost.seconds), cost.seconds),
        Cell(duration(cost.forecast) if cost.forecast is not None else NOTHING, cost.forecast),
        Cell(number(ratio, 2), ratio),
    )
