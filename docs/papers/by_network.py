"""Whether soft Dice reports more volume through a simple network: two networks compared on the same cases."""

from collections.abc import Iterator, Sequence

import numpy as np

from papers.compared import compare
from papers.finding import Finding, all_higher
from papers.volume_table import place_of
from segsweep.reports.numbers import decimals_for, number, with_interval
from segsweep.reports.report import PanelReport, Report
from segsweep.reports.results import Floats
from segsweep.reports.scores import Estimator, over_repeats, volume_errors
from segsweep.reports.settings_table import UNIT_NAMES


def by_network(report: Report, *, margin: float) -> Iterator[Finding]:
    """The simplest network that was run against the largest, by dataset and label.

    Args:
        report: panels in the order of the grid, the simplest network first.
        margin: share of the mean true volume that is as good as nothing.
    """
    groups: dict[tuple[str, str], list[PanelReport]] = {}
    for item in report.panels:
        if item.estimates.weights is not None and place_of(item, "dice") is not None:
            groups.setdefault((item.panel.key.dataset, item.panel.key.label), []).append(item)
    for (dataset, label), members in groups.items():
        same = [item for item in members if item.panel.cases == members[0].panel.cases]
        if len(same) > 1:
            yield _simplest_against_largest(same, report, f"{dataset}, {label}", margin)


def _simplest_against_largest(items: Sequence[PanelReport], report: Report, where: str, margin: float) -> Finding:
    first = items[0]
    assert first.estimates.weights is not None
    names = [item.panel.key.network for item in items]
    errors = np.stack([_soft_errors(item) for item in items])
    true = float(np.nanmean(first.panel.values("volume_true")))
    ends = [(0, len(items) - 1)]
    found = compare(names, errors, ends, first.estimates.weights, report.settings, margin=margin * true)
    interval, levels = found[0].interval, np.nanmean(errors, axis=1)
    decimals = decimals_for([*levels, interval.estimate])
    said = ", ".join(f"{name} {number(level, decimals)}" for name, level in zip(names, levels, strict=True))
    gap = with_interval(interval.estimate, interval.low, interval.high, decimals)
    return Finding(
        "With soft Dice the simplest network that was run reports more volume than the largest",
        where,
        f"ΔV soft, {UNIT_NAMES[first.panel.unit]}: {said}. {found[0].named} {gap}, {found[0].decided}",
        all_higher(found),
    )


def _soft_errors(item: PanelReport) -> Floats:
    place = place_of(item, "dice")
    assert place is not None
    errors: Floats = over_repeats(volume_errors(item.panel, Estimator.SOFT))[place]
    return errors
