"""Wang et al. 2023 and Nordström et al. 2022: what volume is reported after training on the raters' mean."""

import json
from collections.abc import Iterator

from papers.chosen_sections import chosen_sections
from papers.finding import Finding
from papers.raters_table import raters_table
from papers.tracked import Tracked
from papers.volume_bias import SHOWN, is_nothing, written_volume
from segsweep.reports.document import Section
from segsweep.reports.layout import heading
from segsweep.reports.report import PanelReport, Report
from segsweep.reports.results import Trial
from segsweep.reports.scores import Estimator
from segsweep.spec.labels import LabelPolicy

MEAN = LabelPolicy(raters="mean").name
EXPECTED = {"ce": "cross-entropy", "dice semimetric": "semimetric Dice"}
"""Losses whose optimum on a label that says p is p."""


def sections(tracked: Tracked) -> tuple[Section, ...]:
    """All labels and losses in one table, then scores and everything about volumes."""
    shown = chosen_sections(tracked.report, SHOWN)
    return (raters_table(tracked.report), *shown) if shown else ()


def findings(tracked: Tracked) -> tuple[Finding, ...]:
    """Volumes beside the mean of the raters' volumes, where that mean was trained on."""
    report = tracked.report
    return tuple(
        finding for item in report.panels if item.panel.key.labels == MEAN for finding in _findings(item, report)
    )


def _findings(item: PanelReport, report: Report) -> Iterator[Finding]:
    trials = {trial.setting: trial for trial in item.panel.results.trials}
    errors = {_kind(trials[row.setting]): row.bias for row in item.raters if row.estimator is Estimator.SOFT}
    if item.estimates.weights is None:
        return
    for kind, name in EXPECTED.items():
        if kind in errors:
            said = written_volume(errors[kind], item)
            if "dice classic" in errors:
                said += f"; soft Dice: {written_volume(errors['dice classic'], item)}"
            significant = errors[kind].p_corrected < 1 - report.settings.level
            yield Finding(
                f"Trained on the raters' mean, {name} reports their mean volume", heading(item, report), said,
                is_nothing(errors[kind], significant, item),
            )  # fmt: skip


def _kind(trial: Trial) -> str:
    """`dice semimetric`."""
    form = json.loads(trial.arguments).get("form")
    return f"{trial.loss} {form}" if form else trial.loss
