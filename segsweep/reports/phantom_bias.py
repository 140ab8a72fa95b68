"""Phantoms: the measured soft volume error as a fraction of the uncertain volume, beside what theory predicts."""

import json
import math
from dataclasses import dataclass

import numpy as np

from segsweep.reports.document import Cell, Column, Drawing, Drawings, Section, Table, text_cell
from segsweep.reports.estimates import Mean, PanelEstimates, means_with_intervals
from segsweep.reports.forest import Dots, forest
from segsweep.reports.numbers import NOTHING, listed, signed
from segsweep.reports.results import Trial
from segsweep.reports.scores import Estimator, over_repeats, volume_errors
from segsweep.spec.labels import LabelPolicy
from segsweep.spec.report_settings import ReportSettings
from segsweep.theory.predicted_bias import predicted_bias

_DECIMALS = 2
_FULL, _MEAN = LabelPolicy().name, LabelPolicy(raters="mean").name
"""The label policies that theory speaks of, as the trials table names them."""


@dataclass(frozen=True)
class PhantomBias:
    """One setting on phantoms. Volumes as fractions of the uncertain volume.

    Attributes:
        soft: measured mean of the soft volume error.
        hard: measured mean of the hard volume error.
        predicted: soft volume error of the loss's minimiser; None where there is no theory for the loss.
        trial: one of its trials, for p, K, r and the batch size.
    """

    setting: str
    soft: Mean
    hard: Mean
    predicted: float | None
    trial: Trial


def phantom_bias(estimates: PanelEstimates, settings: ReportSettings) -> tuple[PhantomBias, ...]:
    """Every setting of a panel of phantoms; nothing for real images."""
    panel = estimates.panel
    trials = [_trial_of(estimates, place) for place in range(len(panel.settings))]
    uncertain = np.array([trial.phantom[3] if trial.phantom is not None else np.nan for trial in trials])
    if not np.isfinite(uncertain).all():
        return ()
    errors = [over_repeats(volume_errors(panel, estimator)) / uncertain[:, None] for estimator in Estimator]
    found = means_with_intervals(np.concatenate(errors), estimates.weights, level=settings.level)
    return tuple(
        PhantomBias(setting, found[place], found[len(trials) + place], _predicted(trials[place]), trials[place])
        for place, setting in enumerate(panel.settings)
    )


def _trial_of(estimates: PanelEstimates, place: int) -> Trial:
    rows = estimates.panel.row[place]
    results = estimates.panel.results
    return results.trials[int(results.trial_index[rows[rows >= 0][0]])]


def _predicted(trial: Trial) -> float | None:
    if trial.phantom is None or trial.labels not in (_FULL, _MEAN):
        return None
    p, k, r, _ = trial.phantom
    arguments, soft = json.loads(trial.arguments), trial.labels == _MEAN
    return predicted_bias(trial.loss, arguments, p=p, k=k, r=r, batch_size=trial.batch_size, soft_labels=soft)


def sentence(rows: tuple[PhantomBias, ...]) -> str:
    """Measured and predicted, in words; empty for real images."""
    said = []
    for row in rows:
        theory = "" if row.predicted is None else f" (theory {signed(row.predicted, _DECIMALS)})"
        said.append(f"{row.setting} {signed(row.soft.estimate, _DECIMALS)}{theory}")
    return f"Soft volume error as a fraction of the uncertain volume: {listed(said)}." if said else ""


def section(rows: tuple[PhantomBias, ...], *, slug: str, level: float) -> Section:
    """Table and figure."""
    return Section(
        slug,
        "Volume bias beside theory",
        (_table(rows, slug, level), Drawings(lambda: (_drawing(rows, slug, level),))),
    )


def _table(rows: tuple[PhantomBias, ...], slug: str, level: float) -> Table:
    columns = (
        Column("Setting"),
        Column("ΔV soft / uncertain volume", numeric=True, interval=True),
        Column("theory", numeric=True),
        Column("measured − theory", numeric=True),
        Column("ΔV hard / uncertain volume", numeric=True, interval=True),
    )
    body = tuple(
        (
            text_cell(row.setting),
            _cell(row.soft),
            Cell(signed(row.predicted, _DECIMALS), row.predicted),
            _gap(row),
            _cell(row.hard),
        )
        for row in rows
    )
    p, k, r, _ = rows[0].trial.phantom or (math.nan, 0, math.nan, math.nan)
    note = (
        f"Uncertain area of K = {k} independent blocks, each labelled with probability p = {p:g}; uncertain over "
        f"certain volume r = {r:g}. Theory: the minimiser of the expected loss given the image alone. A dash: no "
        f"theory for this loss. {level:.0%} intervals over cases."
    )
    return Table(slug + "-table", "Volume error as a fraction of the uncertain volume", columns, body, note)


def _cell(mean: Mean) -> Cell:
    text = signed(mean.estimate, _DECIMALS)
    if math.isfinite(mean.low) and math.isfinite(mean.high):
        text += f" [{signed(mean.low, _DECIMALS)}, {signed(mean.high, _DECIMALS)}]"
    return Cell(text, mean.estimate, mean.low, mean.high)


def _gap(row: PhantomBias) -> Cell:
    if row.predicted is None:
        return Cell(NOTHING)
    gap = row.soft.estimate - row.predicted
    return Cell(signed(gap, _DECIMALS), gap)


def _drawing(rows: tuple[PhantomBias, ...], slug: str, level: float) -> Drawing:
    lines = [row.setting for row in rows]
    theory = [math.nan if row.predicted is None else row.predicted for row in rows]
    soft = [row.soft for row in rows]
    return forest(
        lines,
        (
            Dots(
                "measured",
                [mean.estimate for mean in soft],
                [mean.low if math.isfinite(mean.low) else mean.estimate for mean in soft],
                [mean.high if math.isfinite(mean.high) else mean.estimate for mean in soft],
            ),
            Dots("theory", theory, theory, theory, marker="D"),
        ),
        slug=f"{slug}-figure",
        title="Soft volume error, measured and predicted",
        axis=f"ΔV / uncertain volume, {level:.0%} interval",
        description="Measured mean soft volume error of each setting beside theory's; the numbers are in the table.",
        reference=0.0,
    )
