"""Bertels, Robben et al. 2019/2021 on real images: does soft Dice report volumes that are too large on average?"""

from collections.abc import Iterator

import numpy as np

from papers.by_network import by_network
from papers.chosen_sections import chosen_sections
from papers.finding import Agreement, Finding
from papers.tracked import Tracked
from papers.volume_table import volume_table
from segsweep.reports.document import Section
from segsweep.reports.estimates import Mean
from segsweep.reports.layout import heading
from segsweep.reports.numbers import decimals_for, signed, with_interval
from segsweep.reports.report import PanelReport, Report
from segsweep.reports.scores import Estimator
from segsweep.reports.settings_table import UNIT_NAMES
from segsweep.statistics.recalibration import Regressor

SHOWN = ("-scores", "-volume", "-raters")
NEGLIGIBLE = 0.05
"""A mean volume error whose interval stays within this share of the mean true volume is as good as none."""


def sections(tracked: Tracked) -> tuple[Section, ...]:
    """All networks in one table, then scores and everything about volumes."""
    shown = chosen_sections(tracked.report, SHOWN)
    return (volume_table(tracked.report), *shown) if shown else ()


def findings(tracked: Tracked) -> tuple[Finding, ...]:
    """The claims on every dataset, label and network that has both losses."""
    report = tracked.report
    of_each = (finding for item in report.panels for finding in _findings(item, report))
    return (*of_each, *by_network(report, margin=NEGLIGIBLE))


def _findings(item: PanelReport, report: Report) -> Iterator[Finding]:
    losses = {trial.setting: trial.loss for trial in item.panel.results.trials}
    names = [losses[setting] for setting in item.panel.settings]
    if item.estimates.weights is None or not {"ce", "dice"} <= set(names):
        return
    alpha, where = 1 - report.settings.level, heading(item, report)
    errors = dict(zip(names, item.estimates.errors[Estimator.SOFT], strict=True))
    ce, dice = errors["ce"], errors["dice"]
    yield Finding(
        "The soft volume of cross-entropy is right on average", where, written_volume(ce, item),
        is_nothing(ce, ce.p_corrected < alpha, item),
    )  # fmt: skip
    over = Agreement.AGREES if dice.estimate > 0 else Agreement.DISAGREES
    yield Finding(
        "The soft volume of soft Dice is too large on average", where, written_volume(dice, item),
        over if dice.p_corrected < alpha else Agreement.UNDECIDED,
    )  # fmt: skip
    if dice.p_corrected >= alpha:
        return  # there is no error that a correction could take away
    for row in item.volumes.recalibrated:
        if losses[row.setting] == "dice" and row.estimator is Estimator.SOFT:
            after = row.after[Regressor.PREDICTED]
            yield Finding(
                "A line fitted on the training cases takes the error of soft Dice away", where,
                f"before: {written_volume(row.before, item)}; after: {written_volume(after, item)}",
                is_nothing(after, after.p < alpha, item),
            )  # fmt: skip


def _true_volume(item: PanelReport) -> float:
    return float(np.nanmean(item.panel.values("volume_true")))


def is_nothing(mean: Mean, significant: bool, item: PanelReport) -> Agreement:
    """Agreement with "there is no error": one that was merely not found is no agreement."""
    bound = NEGLIGIBLE * _true_volume(item)
    if -bound <= mean.low and mean.high <= bound:
        return Agreement.AGREES
    return Agreement.DISAGREES if significant else Agreement.UNDECIDED


def written_volume(mean: Mean, item: PanelReport) -> str:
    """`ΔV soft 0.94 [0.87, 1.02] ml, +60.9 % of the mean volume`."""
    decimals = decimals_for([mean.estimate, mean.low, mean.high])
    true = _true_volume(item)
    size = with_interval(mean.estimate, mean.low, mean.high, decimals)
    return f"ΔV soft {size} {UNIT_NAMES[item.panel.unit]}, {signed(100 * mean.estimate / true, 1)} % of the mean volume"
