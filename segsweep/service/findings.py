"""What a report found, as rows that a program can read."""

import math
from collections.abc import Iterator

from pydantic import BaseModel, ConfigDict, Field

from segsweep.reports.comparison import Pairs
from segsweep.reports.estimates import Mean
from segsweep.reports.report import PanelReport, Report
from segsweep.statistics.intervals import Interval


class Row(BaseModel):
    """A result of one panel; numbers that do not exist are null."""

    model_config = ConfigDict(frozen=True)

    dataset: str
    labels: str = Field(description="label policy")
    network: str
    label: str
    split: str = Field(description="`val`: the evaluation folds; `test`: an untouched set")


class SettingRow(Row):
    """Means of one loss setting over its cases."""

    setting: str
    cases: int
    dice: float | None
    dice_low: float | None
    dice_high: float | None
    jaccard: float | None


class PairRow(Row):
    """One loss setting against another, on the cases both have."""

    level: str = Field(description="`these models`: other cases; `these losses`: other cases and other trainings")
    metric: str
    first: str
    second: str
    cases: int
    difference: float | None = Field(description="first − second, in units of the metric")
    low: float | None
    high: float | None
    p: float | None
    p_corrected: float | None = Field(description="over all pairs of this dataset, label policy, network and label")
    verdict: str


class VolumeRow(Row):
    """The volume error of one loss setting: predicted − true, positive = over-estimation."""

    setting: str
    estimator: str = Field(description="`soft`: sum of probabilities; `hard`: after the decision")
    unit: str
    cases: int
    bias: float | None
    low: float | None
    high: float | None
    p: float | None
    p_corrected: float | None
    absolute: float | None = Field(description="mean absolute error")
    relative: float | None = Field(description="mean error as a share of the true volume")
    limit_low: float | None = Field(description="lower limit of agreement (Bland–Altman)")
    limit_high: float | None


class Findings(BaseModel):
    """Everything that the interface gives of a report, in the order of the report."""

    model_config = ConfigDict(frozen=True)

    settings: tuple[SettingRow, ...]
    comparisons: tuple[PairRow, ...]
    volume_bias: tuple[VolumeRow, ...]


def findings(report: Report) -> Findings:
    """The rows of a report."""
    return Findings(
        settings=tuple(row for panel in report.panels for row in _settings(panel)),
        comparisons=tuple(
            row
            for panel in report.panels
            for pairs in (panel.losses, panel.models)
            if pairs is not None
            for row in _pairs(panel, pairs, report.settings.metric)
        ),
        volume_bias=tuple(row for panel in report.panels for row in _volumes(panel)),
    )


def _key(panel: PanelReport) -> dict[str, str]:
    key = panel.panel.key
    return {
        "dataset": key.dataset,
        "labels": key.labels,
        "network": key.network,
        "label": key.label,
        "split": key.split,
    }


def _settings(panel: PanelReport) -> Iterator[SettingRow]:
    found = panel.estimates
    for setting, dice, jaccard in zip(panel.panel.settings, found.dice, found.jaccard, strict=True):
        yield SettingRow(
            **_key(panel),
            setting=setting,
            cases=dice.n,
            dice=_number(dice.estimate),
            dice_low=_number(dice.low),
            dice_high=_number(dice.high),
            jaccard=_number(jaccard.estimate),
        )


def _pairs(panel: PanelReport, pairs: Pairs, metric: str) -> Iterator[PairRow]:
    for found in pairs.comparisons:
        yield PairRow(
            **_key(panel),
            level=pairs.level.value,
            metric=metric,
            first=pairs.settings[found.first],
            second=pairs.settings[found.second],
            cases=found.n,
            difference=_number(found.difference.estimate),
            low=_number(found.difference.low),
            high=_number(found.difference.high),
            p=_number(found.p),
            p_corrected=_number(found.p_corrected),
            verdict=found.verdict.value,
        )


def _volumes(panel: PanelReport) -> Iterator[VolumeRow]:
    limits = {
        (row.setting, row.estimator): (row.agreement.lower, row.agreement.upper)
        for row in panel.volumes.agreement
        if row.agreement is not None
    }
    for row in panel.volumes.errors:
        lower, upper = limits.get((row.setting, row.estimator), (None, None))
        yield VolumeRow(
            **_key(panel),
            setting=row.setting,
            estimator=row.estimator.value,
            unit=panel.volumes.unit,
            cases=row.bias.n,
            bias=_number(row.bias.estimate),
            low=_number(row.bias.low),
            high=_number(row.bias.high),
            p=_number(row.bias.p),
            p_corrected=_number(row.bias.p_corrected),
            absolute=_estimate(row.absolute),
            relative=_estimate(row.relative),
            limit_low=_estimate(lower),
            limit_high=_estimate(upper),
        )


def _estimate(found: Mean | Interval | None) -> float | None:
    return None if found is None else _number(found.estimate)


def _number(value: float) -> float | None:
    """JSON knows neither NaN nor infinity."""
    return float(value) if math.isfinite(value) else None
