"""Bertels et al. 2019 and Eelbode et al. 2020: are metric-sensitive losses better in Dice than cross-entropy?"""

import json
from collections.abc import Iterator
from itertools import combinations, product

from papers.chosen_sections import chosen_sections
from papers.finding import Difference, Finding, all_higher, none_different, none_lower, written
from papers.tracked import Tracked
from segsweep.reports.comparison import Pairs
from segsweep.reports.document import Section
from segsweep.reports.layout import heading
from segsweep.reports.panels import Panel
from segsweep.reports.report import PanelReport
from segsweep.reports.results import Trial

SENSITIVE = ("dice", "jaccard", "lovasz")
FAR = 0.1
"""A Tversky weight this small is far from ½."""
_SCRATCH = "from scratch"
SHOWN = ("table-1", "-scores", "-these-models", "-these-losses", "-size")


def sections(tracked: Tracked) -> tuple[Section, ...]:
    """Table 1, scores, comparisons and Figure 1."""
    return chosen_sections(tracked.report, SHOWN)


def findings(tracked: Tracked) -> tuple[Finding, ...]:
    """The claims of the paper on every dataset and label that has all of its losses."""
    report = tracked.report
    return tuple(finding for item in report.panels for finding in _of_panel(item, heading(item, report)))


def _of_panel(item: PanelReport, where: str) -> Iterator[Finding]:
    places = _places(item.panel)
    if not item.pairs.comparisons or not {"ce", "wce", *SENSITIVE} <= places.keys():
        return
    where = f"{where}; {item.pairs.level.value}"
    over_ce = [_difference(item.pairs, places, loss, "ce") for loss in SENSITIVE]
    yield Finding(
        "Soft Dice, soft Jaccard and Lovász are at least as good in Dice as cross-entropy",
        where, written(over_ce), none_lower(over_ce),
    )  # fmt: skip
    yield Finding(
        "Soft Dice, soft Jaccard and Lovász reach a higher Dice than cross-entropy",
        where, written(over_ce), all_higher(over_ce),
    )  # fmt: skip
    over_wce = [_difference(item.pairs, places, loss, "wce") for loss in SENSITIVE]
    yield Finding("Weighted cross-entropy stays below all three", where, written(over_wce), all_higher(over_wce))
    group = [_difference(item.pairs, places, first, second) for first, second in combinations(SENSITIVE, 2)]
    yield Finding(
        "In general nothing tells the three metric-sensitive losses apart", where, written(group),
        none_different(group),
    )  # fmt: skip


def _places(panel: Panel) -> dict[str, int]:
    """Loss to its setting, for losses that have one."""
    losses = {trial.setting: trial.loss for trial in panel.results.trials}
    named = [losses[setting] for setting in panel.settings]
    return {loss: place for place, loss in enumerate(named) if named.count(loss) == 1}


def _difference(pairs: Pairs, places: dict[str, int], first: str, second: str) -> Difference:
    return _between(pairs, places[first], places[second], f"{first} − {second}")


def _between(pairs: Pairs, one: int, other: int, named: str) -> Difference:
    found = pairs.between(one, other)
    return Difference(named, pairs.gain(one, other), found.p_corrected, found.verdict)


def tversky_findings(tracked: Tracked) -> tuple[Finding, ...]:
    """Whether Tversky losses get worse as their weights leave ½, ½."""
    report = tracked.report
    return tuple(found for item in report.panels if (found := _tversky(item, heading(item, report))) is not None)


def _tversky(item: PanelReport, where: str) -> Finding | None:
    settings = item.panel.settings
    trials = {trial.setting: trial for trial in item.panel.results.trials}
    tuned = [place for place, setting in enumerate(settings) if _SCRATCH not in setting]
    dice = [place for place in tuned if trials[settings[place]].loss == "dice"]
    far = [place for place in tuned if _smallest_weight(trials[settings[place]]) <= FAR]
    if not item.pairs.comparisons or not dice or not far:
        return None
    found = [
        _between(item.pairs, one, other, f"{settings[one]} − {settings[other]}") for one, other in product(dice, far)
    ]
    claim = "Tversky losses whose weights are far from ½, ½ stay below soft Dice"
    return Finding(claim, f"{where}; {item.pairs.level.value}", written(found), all_higher(found))


def _smallest_weight(trial: Trial) -> float:
    """Of a Tversky loss; ½ of any other."""
    if trial.loss != "tversky":
        return 0.5
    arguments = json.loads(trial.arguments)
    return float(min(arguments["alpha"], arguments["beta"]))
