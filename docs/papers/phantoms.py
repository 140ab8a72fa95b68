"""What was trained on phantoms, beside both of theory's flips: that of the optimum and that of the way there.

The volume error is against the labels' expected volume, which is known. Against the volumes of drawn labels it would be
the same on average, and blurred by the draw: with one block, 500 phantoms leave a standard error of 0.02 of the
uncertain volume.
"""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from papers.tracked import Tracked
from segsweep.reports.estimates import Mean, PanelEstimates, estimate, means_with_intervals
from segsweep.reports.panels import build_panels
from segsweep.reports.phantom_bias import PhantomBias, phantom_bias
from segsweep.reports.results import Results, Trial
from segsweep.reports.scores import over_repeats
from segsweep.spec.labels import LabelPolicy
from segsweep.theory.optimum import critical_probability, local_flip
from segsweep.theory.predicted_bias import predicted_bias
from segsweep.theory.risks import DICE, JACCARD, OverlapRisk

CLOSE = 0.03
"""Largest distance from theory that counts as agreement, as a fraction of the uncertain volume."""
AWAY = 0.05
"""Nearer than this to a flip in p, chance decides on which side training ends."""
DRAWN, MEAN = LabelPolicy().name, LabelPolicy(raters="mean").name
"""Label policies: blocks drawn with probability p, and labels that say p themselves."""


@dataclass(frozen=True)
class Phantom:
    """One loss, trained on one kind of phantom. Volumes as fractions of the uncertain volume.

    Attributes:
        setting: as printed.
        trial: one of its trials.
        soft: mean soft volume error.
        predicted: soft volume error of the loss's optimum; None where there is no theory for the loss.
    """

    setting: str
    trial: Trial
    soft: Mean
    predicted: float | None

    @property
    def loss(self) -> str:
        """Name in the catalogue."""
        return self.trial.loss

    @property
    def labels(self) -> str:
        """Label policy."""
        return self.trial.labels

    @cached_property
    def arguments(self) -> Mapping[str, Any]:
        """Of the loss."""
        found: Mapping[str, Any] = json.loads(self.trial.arguments)
        return found

    @cached_property
    def place(self) -> tuple[float, int, float]:
        """p, K and r."""
        assert self.trial.phantom is not None
        return self.trial.phantom[:3]

    @cached_property
    def critical(self) -> float | None:
        """The p above which the optimum takes the uncertain area in; None where the loss has no such flip."""
        return None if self._risk is None else critical_probability(self._risk, *self.place[1:])

    @cached_property
    def flip(self) -> float | None:
        """The p above which the loss's slope at cross-entropy's optimum q = p points to taking it in."""
        return None if self._risk is None else local_flip(self._risk, *self.place[1:])

    @property
    def _risk(self) -> OverlapRisk | None:
        if self.labels != DRAWN:
            return None
        match self.loss:
            case "dice":
                return DICE
            case "jaccard":
                return JACCARD
            case "tversky":
                return OverlapRisk(self.arguments["alpha"], self.arguments["beta"])
            case _:
                return None

    def theory(self, p: float) -> float | None:
        """Soft volume error of the optimum at another p."""
        _, k, r = self.place
        size, soft = self.trial.batch_size, self.labels == MEAN
        return predicted_bias(self.loss, self.arguments, p=p, k=k, r=r, batch_size=size, soft_labels=soft)

    @property
    def gap(self) -> float:
        """Distance from theory."""
        return float("nan") if self.predicted is None else abs(self.soft.estimate - self.predicted)

    @property
    def is_close(self) -> bool:
        """Whether the measured error is the predicted one."""
        return self.gap <= CLOSE

    @property
    def is_away(self) -> bool:
        """Whether p is away from both flips."""
        return all(abs(self.place[0] - flip) >= AWAY for flip in (self.critical, self.flip) if flip is not None)

    @property
    def is_torn(self) -> bool:
        """Whether the optimum lies on one side of a flip and the way from cross-entropy leads to the other."""
        if self.critical is None or self.flip is None:
            return False
        return (self.place[0] > self.critical) != (self.place[0] > self.flip)

    @property
    def took_it_in(self) -> bool:
        """Whether the trained network predicts the uncertain area."""
        return self.soft.estimate + self.place[0] > 0.5

    def __str__(self) -> str:
        """`p = 0.48, K = 1, r = 4`."""
        p, k, r = self.place
        return f"p = {p:g}, K = {k}, r = {r:g}"


def phantoms(tracked: Tracked) -> tuple[Phantom, ...]:
    """Every loss on every phantom that has been run."""
    settings = tracked.planned.sweep.report
    panels = build_panels(Results(tracked.tables.trials, tracked.tables.cases))
    found = (estimate(panel, settings) for panel in panels)
    return tuple(
        one for estimates in found for one in _of_panel(estimates, phantom_bias(estimates, settings), settings.level)
    )


def _of_panel(estimates: PanelEstimates, rows: tuple[PhantomBias, ...], level: float) -> Iterator[Phantom]:
    volumes = over_repeats(estimates.panel.values("volume_soft"))
    for row, volume in zip(rows, volumes, strict=True):
        assert row.trial.phantom is not None
        p, _, r, uncertain = row.trial.phantom
        (soft,) = means_with_intervals((volume / uncertain - 1 / r - p)[None], estimates.weights, level=level)
        yield Phantom(row.setting, row.trial, soft, row.predicted)
