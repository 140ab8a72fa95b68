"""Would the same setting win on other cases? Ranks over resamples, and the settings that may be the best."""

from dataclasses import dataclass

import numpy as np

from segsweep.reports.document import Cell, Column, Mark, Section, Table, text_cell
from segsweep.reports.estimates import PanelEstimates, fewer
from segsweep.reports.numbers import NOTHING, p_value
from segsweep.reports.scores import OVERLAPS, over_repeats, score_values
from segsweep.spec.report_settings import ReportSettings
from segsweep.statistics.confidence_set import model_confidence_set
from segsweep.statistics.ranking import ranking_stability


@dataclass(frozen=True)
class Rank:
    """How one setting ranks when other cases are drawn.

    Attributes:
        first: share of resamples in which it has the best mean.
        low: rank that 2.5 % of the resamples do not exceed (1 = best).
        high: rank that 97.5 % of the resamples do not exceed.
        p: of the model confidence set; small = ruled out as the best.
        in_set: whether it may be the best.
    """

    setting: str
    first: float
    low: int
    high: int
    p: float
    in_set: bool


@dataclass(frozen=True)
class Ranking:
    """All settings of a panel, in its order.

    Attributes:
        ranks: by setting.
        cases: cases that every setting has.
        tau: median Kendall's τ between the order of a resample and the order on all cases.
    """

    ranks: tuple[Rank, ...]
    cases: int
    tau: float


def ranking(estimates: PanelEstimates, settings: ReportSettings) -> Ranking | None:
    """Ranks of the settings; None where there is nothing to rank."""
    panel = estimates.panel
    scores = over_repeats(score_values(panel, settings.metric, settings.empty))
    scores = scores if settings.metric in OVERLAPS else -scores
    weights = fewer(estimates.weights, intervals=len(scores))
    if weights is None or len(scores) < 2 or not np.isfinite(scores).all(axis=0).any():
        return None
    stability = ranking_stability(scores, weights)
    confidence = model_confidence_set(scores, weights)
    members = confidence.members(level=settings.level)
    reached = stability.shares.cumsum(axis=1)
    tail = (1 - settings.level) / 2
    return Ranking(
        ranks=tuple(
            Rank(
                setting=setting,
                first=float(stability.shares[place, 0]),
                low=1 + int(np.argmax(reached[place] >= tail)),
                high=1 + int(np.argmax(reached[place] >= 1 - tail - 1e-12)),
                p=float(confidence.p[place]),
                in_set=place in members,
            )
            for place, setting in enumerate(panel.settings)
        ),
        cases=stability.n,
        tau=float(np.nanmedian(stability.tau)) if np.isfinite(stability.tau).any() else float("nan"),
    )


def section(found: Ranking, *, slug: str, metric: str, level: float) -> Section:
    """The table, most frequent winner first."""
    columns = (
        Column("Setting"),
        Column("Ranked first, % of resamples", numeric=True),
        Column(f"Rank, {level:.0%} range"),
        Column("p of being the best", numeric=True),
        Column("May be the best"),
    )
    rows = tuple(_row(rank) for rank in sorted(found.ranks, key=lambda rank: (-rank.first, rank.low, rank.high)))
    tau = f"{found.tau:.2f}" if np.isfinite(found.tau) else NOTHING
    note = (
        f"Mean {metric} ranked in resamples of the {found.cases} cases that every setting has; these models. Median "
        f"Kendall's τ with the order on all cases: {tau}. May be the best: the {level:.0%} model confidence set "
        "(Hansen, Lunde & Nason 2011); below about 50 cases it is too small."
    )
    return Section(f"{slug}-ranking", "Ranking stability", (Table(f"{slug}-ranks", "Ranks", columns, rows, note),))


def _row(rank: Rank) -> tuple[Cell, ...]:
    span = str(rank.low) if rank.low == rank.high else f"{rank.low} to {rank.high}"
    marks = frozenset({Mark.EQUAL}) if rank.in_set else frozenset()
    return (
        text_cell(rank.setting),
        Cell(f"{100 * rank.first:.0f}", 100 * rank.first),
        text_cell(span),
        Cell(p_value(rank.p), rank.p),
        Cell("yes" if rank.in_set else "no", marks=marks),
    )
