"""Tilborghs et al. 2022: does Φ over one image with a negligible ε stand missing labels, and fail at empty ones?"""

from collections.abc import Iterator, Sequence
from dataclasses import replace

import numpy as np

from papers.chosen_sections import chosen_sections
from papers.compared import compare
from papers.dice_settings import Against, Setting, against_baselines, against_plain, plain_settings
from papers.finding import Agreement, Difference, Finding, all_higher, none_lower, written, written_p
from papers.tracked import Tracked
from segsweep.reports.document import Section
from segsweep.reports.layout import heading
from segsweep.reports.numbers import number, with_interval
from segsweep.reports.panels import Panel
from segsweep.reports.report import PanelReport, Report
from segsweep.reports.results import Floats
from segsweep.reports.scores import over_repeats
from segsweep.statistics.intervals import Interval
from segsweep.statistics.permutation import mean_rank_test
from segsweep.statistics.presence import Presence
from segsweep.statistics.published import RANK_PERMUTATIONS
from segsweep.statistics.shares import share_interval

SHOWN = ("-scores", "-presence", "-removed")
MARGIN = 0.05
"""Shares of empty predictions, and Dice of a subset, that differ by less than this are as good as equal."""
FEW, MOST = 0.1, 0.5
"""A setting that surely leaves fewer empty images empty than the first share has not learnt it, one that surely leaves
more than the second has."""


def sections(tracked: Tracked) -> tuple[Section, ...]:
    """Scores, cases with and without the structure, cases whose label was removed."""
    return chosen_sections(tracked.report, SHOWN)


def partial_sections(tracked: Tracked) -> tuple[Section, ...]:
    """The same without what was trained on full labels, where another grid of the page shows it."""
    report = tracked.report
    partial = tuple(item for item in report.panels if item.panel.key.labels != "full")
    return chosen_sections(replace(report, panels=partial), SHOWN)


def empty_findings(tracked: Tracked) -> tuple[Finding, ...]:
    """Whether settings learn to leave images empty that show nothing."""
    return tuple(finding for item in _compared(tracked.report) for finding in _empty(item, tracked.report))


def missing_findings(tracked: Tracked) -> tuple[Finding, ...]:
    """What becomes of the structure in images whose label was removed from training."""
    return tuple(finding for item in _compared(tracked.report) for finding in _removed(item, tracked.report))


def _compared(report: Report) -> list[PanelReport]:
    return [item for item in report.panels if item.estimates.weights is not None and len(item.panel.settings) > 1]


def _empty(item: PanelReport, report: Report) -> Iterator[Finding]:
    if item.presence is None:
        return
    nothing = (item.panel.values("empty_true") == 1).any(axis=(0, 1))
    where = f"{heading(item, report)}; {nothing.sum()} images that show nothing"
    yield from _not_learnt(item, report, nothing, where)
    yield from _learnt(item, report, nothing, where)
    yield from _told_apart(item, [row.roc for row in item.presence.rows], f"{heading(item, report)}; presence")


def _removed(item: PanelReport, report: Report) -> Iterator[Finding]:
    """Where the image tells the cases apart that lost their label; after a random removal there is nothing to learn."""
    if item.removed is None or item.panel.key.labels.endswith(" %"):
        return
    empty, removed = (item.panel.values(name) == 1 for name in ("empty_true", "label_removed"))
    lost = (removed & ~empty).any(axis=(0, 1))
    where = f"{heading(item, report)}; {lost.sum()} images that lost their label"
    dice, error = (np.where(lost, values, np.nan) for values in _measures(item))
    pairs = against_plain(item.panel)
    over = _differences(item, report, dice, [(plain, other) for other, plain in pairs])
    yield from _finding(
        "Φ over the image with a negligible ε stands missing labels: its Dice against the real label is higher than "
        "with Φ over the batch or an ε of the mean volume",
        where, f"Dice: {_levels(item.panel, dice, pairs)}", over, all_higher(over),
    )  # fmt: skip
    yield from _as_good_as_baselines(item, report, dice, error, where)
    yield from _benchmark(item, report, dice, error, where)
    yield from _learnt(item, report, lost, where)
    true = item.removed.true_roc
    beside = "" if true is None else f"; of the true volumes {_area(true)}"
    yield from _told_apart(
        item, [row.roc for row in item.removed.rows], f"{heading(item, report)}; kept or removed", beside
    )


def _measures(item: PanelReport) -> tuple[Floats, Floats]:
    """Dice and the size of the hard volume error, by setting and case."""
    volume, true = (over_repeats(item.panel.values(name)) for name in ("volume_hard", "volume_true"))
    return over_repeats(item.panel.values("dice")), np.abs(volume - true)


def _as_good_as_baselines(
    item: PanelReport, report: Report, dice: Floats, error: Floats, where: str
) -> Iterator[Finding]:
    """The plain setting beside the losses that were made for missing labels."""
    pairs = against_baselines(item.panel)
    if pairs and item.estimates.weights is not None:
        found = compare(item.panel.settings, dice, pairs, item.estimates.weights, report.settings, margin=MARGIN)
        yield from _finding(
            "It stands them as well as the losses made for missing labels",
            where, f"{_by_ranks(dice, error, pairs, report)}Dice", found, none_lower(found),
        )  # fmt: skip


def _by_ranks(dice: Floats, error: Floats, pairs: Sequence[tuple[int, int]], report: Report) -> str:
    """The paper's permutation test: the ranks of two settings on a case are swapped at random."""
    rng = np.random.default_rng([report.settings.seed, 3])
    said = (
        f"{name} {', '.join(_ranked(values[[first, second]], rng) for first, second in pairs)}"
        for name, values in (("Dice", dice), ("|ΔV|", error))
    )
    return f"Ranks swapped at random, pair by pair, uncorrected: {'; '.join(said)}. "


def _ranked(scores: Floats, rng: np.random.Generator) -> str:
    return written_p(mean_rank_test(scores, 0, 1, permutations=RANK_PERMUTATIONS, rng=rng))


def _benchmark(item: PanelReport, report: Report, dice: Floats, error: Floats, where: str) -> Iterator[Finding]:
    """The plain settings beside themselves on full labels, of as many cases where that was trained."""
    others = [each for each in report.panels if _is_full(each, item)]
    if not others or item.estimates.weights is None:
        return
    other = max(others, key=lambda each: each.panel.key.labels != "full")
    labels = "full labels" if other.panel.key.labels == "full" else "full labels of as many cases"
    full, full_error = _measures(other)
    names, rows, errors = [], [], []
    for one in plain_settings(item.panel):
        setting = item.panel.settings[one.place]
        if setting in other.panel.settings:
            names += [f"{setting}, labels removed", f"{setting}, {labels}"]
            place, judged = other.panel.settings.index(setting), np.isfinite(dice[one.place])
            rows += [dice[one.place], np.where(judged, full[place], np.nan)]
            errors += [error[one.place], np.where(judged, full_error[place], np.nan)]
    if not rows:
        return
    pairs = [(place, place + 1) for place in range(0, len(names), 2)]
    found = compare(names, np.stack(rows), pairs, item.estimates.weights, report.settings, margin=MARGIN)
    yield from _finding(
        f"(A question of ours.) It finds them as well as if it had been trained on {labels}",
        where, f"{_by_ranks(np.stack(rows), np.stack(errors), pairs, report)}Dice", found, none_lower(found),
    )  # fmt: skip


def _is_full(other: PanelReport, item: PanelReport) -> bool:
    labels = other.panel.key.labels
    same = replace(other.panel.key, labels=item.panel.key.labels) == item.panel.key
    return same and other.panel.cases == item.panel.cases and (labels == "full" or labels.startswith("as many as"))


def _not_learnt(item: PanelReport, report: Report, which: Floats, where: str) -> Iterator[Finding]:
    """How many predictions of the plain settings are empty."""
    ends, said = _left_empty(item, report, _empty_shares(item, which), plain_settings(item.panel))
    if ends:
        none, some = all(end.high < FEW for end in ends), any(end.low >= FEW for end in ends)
        yield Finding(
            "Φ over the image with a negligible ε does not learn to leave them empty", where, said,
            Agreement.AGREES if none else Agreement.DISAGREES if some else Agreement.UNDECIDED,
        )  # fmt: skip


def _learnt(item: PanelReport, report: Report, which: Floats, where: str) -> Iterator[Finding]:
    """How many predictions of the others are empty, and whether more than of the plain setting of equal batch size."""
    shares, pairs = _empty_shares(item, which), against_plain(item.panel)
    for phi, negligible, claim in (
        ("batch", True, "Φ over the batch learns to leave most of them empty"),
        ("image", False, "Φ over the image learns it with an ε of the mean volume"),
        ("batch", False, "Φ over the batch learns it with an ε of the mean volume"),
    ):
        chosen = [pair for pair in pairs if (pair[0].phi, pair[0].negligible) == (phi, negligible)]
        ends, said = _left_empty(item, report, shares, [one for one, _ in chosen])
        if ends:
            most, not_most = all(end.low > MOST for end in ends), any(end.high < MOST for end in ends)
            yield Finding(
                claim, where, f"{said}. {written(_differences(item, report, shares, chosen))}",
                Agreement.AGREES if most else Agreement.DISAGREES if not_most else Agreement.UNDECIDED,
            )  # fmt: skip


def _left_empty(
    item: PanelReport, report: Report, shares: Floats, settings: Sequence[Setting]
) -> tuple[list[Interval], str]:
    """Which shares of the cases these settings leave empty."""
    ends = [share_interval(shares[one.place], level=report.settings.level) for one in settings]
    said = (
        f"{item.panel.settings[one.place]} {with_interval(end.estimate, end.low, end.high, 2)}"
        for one, end in zip(settings, ends, strict=True)
    )
    return ends, f"Share left empty: {', '.join(said)}"


def _empty_shares(item: PanelReport, which: Floats) -> Floats:
    return np.where(which, over_repeats(item.panel.values("empty_pred")), np.nan)


def _area(roc: Presence) -> str:
    return with_interval(roc.auc.estimate, roc.auc.low, roc.auc.high, 2)


def _told_apart(item: PanelReport, rocs: Sequence[Presence | None], where: str, beside: str = "") -> Iterator[Finding]:
    """Areas under the ROC curve; two differ where their intervals do not meet, and are equal where both are narrow."""
    pairs = [(rocs[one.place], rocs[plain.place]) for one, plain in against_plain(item.panel)]
    areas = [(one.auc, plain.auc) for one, plain in pairs if one is not None and plain is not None]
    if not areas:
        return
    higher = all(one.low > plain.high for one, plain in areas)
    lower = any(one.high < plain.low for one, plain in areas)
    equal = all(max(one.high, plain.high) - min(one.low, plain.low) < MARGIN for one, plain in areas)
    said = (
        f"{setting} {_area(roc)}" for setting, roc in zip(item.panel.settings, rocs, strict=True) if roc is not None
    )
    yield Finding(
        "The area under the ROC of the predicted volume is smaller with Φ over the image and a negligible ε",
        where, f"AUC: {', '.join(said)}{beside}",
        Agreement.AGREES if higher else Agreement.DISAGREES if lower or equal else Agreement.UNDECIDED,
    )  # fmt: skip


def _finding(
    claim: str, where: str, levels: str, differences: Sequence[Difference], agreement: Agreement
) -> Iterator[Finding]:
    if differences:
        yield Finding(claim, where, f"{levels}. {written(differences)}", agreement)


def _differences(item: PanelReport, report: Report, values: Floats, pairs: Sequence[Against]) -> list[Difference]:
    assert item.estimates.weights is not None
    places = [(one.place, other.place) for one, other in pairs]
    return compare(item.panel.settings, values, places, item.estimates.weights, report.settings, margin=MARGIN)


def _levels(panel: Panel, values: Floats, pairs: Sequence[Against]) -> str:
    places = sorted({one.place for pair in pairs for one in pair})
    return ", ".join(f"{panel.settings[place]} {number(float(np.nanmean(values[place])), 2)}" for place in places)
