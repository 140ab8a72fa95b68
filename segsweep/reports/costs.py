"""What the trials cost, and how well the plan foresaw it."""

from dataclasses import dataclass

import numpy as np

from segsweep.reports.document import Cell, Column, Section, Table, text_cell
from segsweep.reports.numbers import NOTHING, duration, number
from segsweep.reports.results import Results


@dataclass(frozen=True)
class Cost:
    """Seconds of all finished trials of one setting on one dataset.

    Attributes:
        seconds: training and evaluation, shared work shared out.
        forecast: what the plan expected of the same trials; None where it expected nothing.
    """

    dataset: str
    setting: str
    trials: int
    seconds: float
    forecast: float | None


def costs(results: Results) -> tuple[Cost, ...]:
    """One row per dataset and setting, over trials that have a time."""
    table = results.trials_table
    seconds = np.array(table["seconds"].to_pylist(), dtype=np.float64)
    forecast = np.array(table["forecast_seconds"].to_pylist(), dtype=np.float64)
    members: dict[tuple[str, str], list[int]] = {}
    for index, trial in enumerate(results.trials):
        if trial.state == "finished" and np.isfinite(seconds[index]):
            members.setdefault((trial.dataset, trial.setting), []).append(index)
    return tuple(
        Cost(
            dataset,
            setting,
            len(indices),
            float(seconds[indices].sum()),
            float(forecast[indices].sum()) if np.isfinite(forecast[indices]).all() else None,
        )
        for (dataset, setting), indices in members.items()
    )


def section(rows: tuple[Cost, ...]) -> Section:
    """The table, with the total last."""
    columns = (
        Column("Dataset"),
        Column("Setting"),
        Column("Trials", numeric=True),
        Column("Seconds", numeric=True),
        Column("Forecast, seconds", numeric=True),
        Column("Actual / forecast", numeric=True),
    )
    forecasts = [row.forecast for row in rows]
    known = [value for value in forecasts if value is not None]
    total = Cost(
        "all",
        "all",
        sum(row.trials for row in rows),
        sum(row.seconds for row in rows),
        sum(known) if len(known) == len(rows) and rows else None,
    )
    body = tuple(_row(row) for row in (*rows, total))
    return Section("costs", "Costs", (Table("costs", "Time on workers", columns, body),))


def _row(cost: Cost) -> tuple[Cell, ...]:
    ratio = cost.seconds / cost.forecast if cost.forecast else None
    return (
        text_cell(cost.dataset),
        text_cell(cost.setting),
        Cell(str(cost.trials), cost.trials),
        Cell(duration(cost.seconds), cost.seconds),
        Cell(duration(cost.forecast) if cost.forecast is not None else NOTHING, cost.forecast),
        Cell(number(ratio, 2), ratio),
    )
