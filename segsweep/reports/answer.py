"""The first paragraph: what the tables allow to be said, in plain words, at the level at which it can be said."""

import math
from collections.abc import Sequence

from segsweep.reports.comparison import Pairs
from segsweep.reports.estimates import FEW_CASES, Mean, PanelEstimates
from segsweep.reports.numbers import count, decimals_for, listed, number, with_interval
from segsweep.reports.scores import Estimator
from segsweep.reports.settings_table import UNIT_NAMES
from segsweep.spec.report_settings import ReportSettings
from segsweep.statistics.equivalence import Verdict, fewest_units
from segsweep.statistics.family import Comparison
from segsweep.statistics.variance import FEWEST_SEEDS

METRIC_NAMES = {"dice": "Dice", "jaccard": "Jaccard", "nsd": "NSD", "hd95": "HD95", "assd": "ASSD"}

_MOST_NAMED = 3


def score_sentence(pairs: Pairs, settings: ReportSettings, cases: int) -> str:
    """Which setting is best on these cases, and which others are as good, worse or undecided.

    A difference is only ever stated between settings that were compared on the same cases.
    """
    metric = METRIC_NAMES[settings.metric]
    order = [place for place in pairs.ranked() if math.isfinite(pairs.scores[place])]
    if not order:
        return f"No case has a {metric}."
    partial = 0 < pairs.shared < cases
    on = f"On these {count(cases, 'case')}"
    if partial:
        on = f"On the {pairs.shared} of these {cases} cases that every setting has,"
    best, score = pairs.settings[order[0]], number(pairs.common[order[0]], 3)
    if len(order) == 1:
        return f"{on} {best} reaches a mean {metric} of {score}; nothing to compare it with."
    if not pairs.comparisons:
        return (
            f"{on} {best} has the best mean {metric} ({score}); the cases come from too few groups for intervals or "
            "comparisons."
        )
    same, worse, open_ = (
        [place for place in order[1:] if pairs.between(order[0], place).verdict is verdict]
        for verdict in (Verdict.EQUIVALENT, Verdict.DIFFERENT, Verdict.UNDECIDED)
    )
    enough = fewest_units(settings.level)
    alike = [place for place in open_ if pairs.between(order[0], place).untied < enough]
    others = []
    if worse:
        others.append(_worse(pairs, order[0], worse))
    if open_ := [place for place in open_ if place not in alike]:
        others.append(_undecided(pairs, order[0], open_))
    others += [_alike(pairs, order[0], place) for place in alike]
    if partial and others:
        others[0] = f"on the cases that both of a pair have, {others[0]}"
    return "; ".join([f"{on} {_equals(pairs, order[0], same, settings, metric)}", *others]) + "."


def _equals(pairs: Pairs, best: int, same: list[int], settings: ReportSettings, metric: str) -> str:
    name, score = pairs.settings[best], number(pairs.common[best], 3)
    if not same:
        return f"{name} has the best mean {metric} ({score})"
    group = [best, *same]
    mutual = all(
        pairs.between(one, two).verdict is Verdict.EQUIVALENT
        for index, one in enumerate(group)
        for two in group[index + 1 :]
    )
    if mutual:
        return (
            f"{_named(pairs, group)} cannot be told apart (mean {metric} {score}{_down_to(pairs, score, same[-1])}, "
            f"every difference within ±{settings.margin:g})"
        )
    return (
        f"{_named(pairs, same)} cannot be told apart from {name}, the best by mean {metric} ({score}, differences "
        f"within ±{settings.margin:g})"
    )


def _down_to(pairs: Pairs, score: str, last: int) -> str:
    lowest = number(pairs.common[last], 3)
    return "" if lowest == score else f" to {lowest}"


def _worse(pairs: Pairs, best: int, worse: list[int]) -> str:
    if len(worse) > _MOST_NAMED:
        mild, severe = worse[0], worse[-1]
        return (
            f"{len(worse)} settings are worse than {pairs.settings[best]}, from {pairs.settings[mild]} by "
            f"{_size(pairs, best, mild)} to {pairs.settings[severe]} by {_size(pairs, best, severe)}"
        )
    each = [f"{pairs.settings[place]} is worse by {_size(pairs, best, place)}" for place in worse]
    return listed(each)


def _undecided(pairs: Pairs, best: int, undecided: list[int]) -> str:
    if len(undecided) == 1:
        place = undecided[0]
        return (
            f"whether {pairs.settings[place]} is worse than {pairs.settings[best]} is undecided "
            f"({_size(pairs, best, place)})"
        )
    return f"whether {_named(pairs, undecided)} are worse than {pairs.settings[best]} is undecided"


def _alike(pairs: Pairs, best: int, place: int) -> str:
    name, other, untied = pairs.settings[place], pairs.settings[best], pairs.between(best, place).untied
    if not untied:
        return f"{name} scores as {other} does on all of them, which are too few to say more"
    return f"{name} and {other} score differently on only {_independent(untied)}, too few to say which is better"


def _independent(cases: int) -> str:
    return count(cases, "independent case")


def _size(pairs: Pairs, better: int, other: int) -> str:
    gain = pairs.gain(better, other) if pairs.higher_is_better else pairs.gain(other, better)
    return with_interval(gain.estimate, gain.low, gain.high, 3)


def _named(pairs: Pairs, places: list[int]) -> str:
    names = [pairs.settings[place] for place in places]
    if len(names) > _MOST_NAMED + 2:
        names = [*names[:_MOST_NAMED], f"{len(names) - _MOST_NAMED} more settings"]
    return listed(names)


def volume_sentence(estimates: PanelEstimates, settings: ReportSettings) -> str:
    """Which settings report volumes that are wrong on average, largest error first."""
    errors = estimates.errors[Estimator.HARD]
    unit = UNIT_NAMES[estimates.panel.unit]
    decimals = decimals_for(abs(mean.estimate) for mean in errors)
    wrong = [place for place, mean in enumerate(errors) if mean.p_corrected < 1 - settings.level]
    wrong.sort(key=lambda place: -abs(errors[place].estimate))
    if not wrong:
        if estimates.weights is None or not any(math.isfinite(mean.estimate) for mean in errors):
            return ""
        return "Volumes after the decision: no setting's mean error differs from 0 beyond chance."
    said = [_direction(estimates.panel.settings[place], errors[place], decimals, unit) for place in wrong[:_MOST_NAMED]]
    rest = len(wrong) - _MOST_NAMED
    if rest > 0:
        said.append(f"{count(rest, 'other')} by less")
    return f"Volumes after the decision: {listed(said)}."


def _direction(setting: str, mean: Mean, decimals: int, unit: str) -> str:
    over = mean.estimate > 0
    low, high = (mean.low, mean.high) if over else (-mean.high, -mean.low)
    size = with_interval(abs(mean.estimate), low, high, decimals)
    return f"{setting} {'over' if over else 'under'}-reports by {size} {unit}"


def level_sentence(trainings: Sequence[tuple[str, int]]) -> str:
    """At which level everything said after it holds.

    Args:
        trainings: name of some results, and how often each setting was trained on the same cases for them; not empty.
    """
    fewest = min(number for _, number in trainings)
    if fewest >= FEWEST_SEEDS:
        return (
            f"{fewest} trainings of each setting: differences in score are about these losses, volumes are about "
            "these models."
        )
    seeds = {1: "One seed", 2: "Two seeds"}[fewest]
    enough = [name for name, number in trainings if number >= FEWEST_SEEDS]
    if not enough:
        return f"{seeds}: what follows is about these models, not these losses. Training again could turn the order."
    return (
        f"{listed(enough)}: {FEWEST_SEEDS} or more trainings of each setting, so that differences in score are about "
        f"these losses. {seeds} for other results: what is said of them, and of volumes, is about these models, not "
        "these losses. Training again could turn the order."
    )


def caveats(estimates: PanelEstimates, pairs: Pairs, settings: ReportSettings) -> tuple[str, ...]:
    """What weakens the intervals of this panel."""
    panel, sentences = estimates.panel, []
    if estimates.weights is None:
        sentences.append(
            f"Its {count(len(panel.cases), 'case')} come from {count(estimates.units, 'group')}, too few for intervals."
        )
    elif estimates.units < FEW_CASES:
        sentences.append(
            f"Only {estimates.units} independent cases: 95% intervals of so few are known to miss more than 5%."
        )
    elif (found := _fewest_untied(pairs, fewest_units(settings.level))) is not None:
        first, second = pairs.settings[found.first], pairs.settings[found.second]
        sentences.append(
            f"{first} and {second} score differently on only {_independent(found.untied)}; an interval that rests on "
            "so few is known to miss more often than it claims."
        )
    return tuple(sentences)


def _fewest_untied(pairs: Pairs, enough: int) -> Comparison | None:
    """Of the best setting and another one, where few cases decide; fewer than enough decide nothing."""
    if not pairs.comparisons:
        return None
    best, *others = pairs.ranked()
    found = (pairs.between(best, other) for other in others)
    few = [one for one in found if enough <= one.untied < FEW_CASES]
    return min(few, key=lambda one: one.untied, default=None)
