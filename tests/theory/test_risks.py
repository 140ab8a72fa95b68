"""The closed-form risks against an enumeration of labels and the losses' plain definitions."""

import itertools
import math

import numpy as np
import pytest

from segsweep.theory.risks import CROSS_ENTROPY, DICE, JACCARD, LOVASZ, CrossEntropyRisk, OverlapRisk
from segsweep.theory.uncertain_region import UncertainRegion

OVERLAPS = {
    "dice": DICE,
    "jaccard": JACCARD,
    "tversky": OverlapRisk(0.3, 0.7),
    "smoothed dice": OverlapRisk(0.5, 0.5, epsilon=0.4),
}


def enumerated(loss, q: float, region: UncertainRegion) -> float:
    """Sum over all 2^K labels of their probability times the loss."""
    k = int(region.k)
    total = 0.0
    for drawn in itertools.product([0, 1], repeat=k):
        probability = math.prod(region.p if block else 1 - region.p for block in drawn)
        total += probability * loss(q, drawn, region)
    return total


def overlap_loss(risk: OverlapRisk):
    def loss(q, drawn, region):
        block = region.uncertain / len(drawn)
        tp = region.certain + sum(q * block for labelled in drawn if labelled)
        fp = sum(q * block for labelled in drawn if not labelled)
        fn = sum((1 - q) * block for labelled in drawn if labelled)
        below = 2 * tp + 2 * risk.alpha * fp + 2 * risk.beta * fn + risk.epsilon
        return 0.0 if below == 0 else 1 - (2 * tp + risk.epsilon) / below

    return loss


def lovasz_loss(q, drawn, region):
    """∫₀¹ of the Jaccard loss of the errors above a level."""
    block = region.uncertain / len(drawn)
    labelled = region.certain + block * sum(drawn)

    def jaccard_loss(level):
        missed = block * sum(1 for each in drawn if each and 1 - q > level)
        added = block * sum(1 for each in drawn if not each and q > level)
        union = labelled + added
        return 0.0 if union == 0 else (missed + added) / union

    levels = sorted({0.0, q, 1 - q})
    return sum((high - low) * jaccard_loss(low) for low, high in itertools.pairwise(levels))


REGIONS = [UncertainRegion(p, k, r) for p in (0.0, 0.2, 0.5, 0.7, 1.0) for k in (1, 3, 5) for r in (0.5, 2, math.inf)]


@pytest.mark.parametrize("risk", OVERLAPS.values(), ids=OVERLAPS)
@pytest.mark.parametrize("region", REGIONS, ids=str)
def test_overlap_risk_is_the_mean_loss_over_all_labels(risk, region):
    for q in (0.0, 0.3, 0.5, 0.9, 1.0):
        expected = enumerated(overlap_loss(risk), q, region)
        assert risk.risk(np.array([q]), region)[0] == pytest.approx(expected, abs=1e-12)


@pytest.mark.parametrize("region", REGIONS, ids=str)
def test_lovasz_risk_is_the_mean_loss_over_all_labels(region):
    for q in (0.0, 0.3, 0.5, 0.9, 1.0):
        expected = enumerated(lovasz_loss, q, region)
        assert LOVASZ.risk(np.array([q]), region)[0] == pytest.approx(expected, abs=1e-12)


GRID = np.linspace(0, 1, 10001)


@pytest.mark.parametrize("loss", [*OVERLAPS.values(), LOVASZ], ids=[*OVERLAPS, "lovasz"])
@pytest.mark.parametrize("region", [region for region in REGIONS if 0 < region.p < 1], ids=str)
def test_no_prediction_on_a_fine_grid_beats_the_minimiser(loss, region):
    best = loss.risk(np.array([loss.minimiser(region)]), region)[0]
    assert best <= loss.risk(GRID, region).min() + 1e-9


@pytest.mark.parametrize("weights", [(1, 1), (2, 1), (1, 5)])
@pytest.mark.parametrize("p", [0.1, 0.45, 0.8])
def test_weighted_cross_entropy_is_lowest_at_its_closed_form(weights, p):
    foreground, background = weights
    loss = CrossEntropyRisk(foreground, background)
    region = UncertainRegion(p, 4, 1)
    inner = GRID[1:-1]
    q = loss.minimiser(region)
    assert q == pytest.approx(foreground * p / (foreground * p + background * (1 - p)))
    assert q == pytest.approx(inner[loss.risk(inner, region).argmin()], abs=1e-4)
    assert CROSS_ENTROPY.minimiser(region) == pytest.approx(p)


@pytest.mark.parametrize("k", [1, 4, 16])
@pytest.mark.parametrize("r", [0.25, 1, 4])
def test_lovasz_has_its_kink_at_one_half_and_follows_the_stated_rule(k, r):
    for p in (0.1, 0.3, 0.45, 0.48, 0.51, 0.9):
        region = UncertainRegion(p, k, r)
        fractions, weights = region.outcomes()
        risks = LOVASZ.risk(GRID, region)
        bends = np.abs(np.diff(risks, 2))
        assert GRID[1:-1][bends > 1e-9].tolist() in ([], [0.5])
        all_out = 2 * (weights / (1 + r * fractions)).sum() >= 1 + 1 / (1 + r)
        assert LOVASZ.minimiser(region) == (1.0 if p > 0.5 else 0.0 if all_out else 0.5)


@pytest.mark.parametrize("loss", OVERLAPS.values(), ids=OVERLAPS)
@pytest.mark.parametrize("region", [UncertainRegion(0.4, 4, 1), UncertainRegion(0.2, 1, 9)], ids=str)
def test_the_slope_is_a_finite_difference(loss, region):
    step = 1e-6
    for q in (0.2, 0.6, 0.9):
        above, below = loss.risk(np.array([q + step, q - step]), region)
        assert loss.slope(q, region) == pytest.approx((above - below) / (2 * step), abs=1e-8)


@pytest.mark.parametrize(("p", "k", "r"), [(0.3, 7, 1), (0.0, 3, 1), (1.0, 3, 1), (0.5, 640, 1)])
def test_outcomes_are_binomial(p, k, r):
    fractions, weights = UncertainRegion(p, k, r).outcomes()
    assert weights.sum() == pytest.approx(1)
    assert weights @ fractions == pytest.approx(p)
    assert weights @ (fractions - p) ** 2 == pytest.approx(p * (1 - p) / k)


@pytest.mark.parametrize(
    ("p", "k", "r", "message"),
    [
        (1.2, 1, 1, r"probability, got 1\.2"),
        (0.5, 1.5, 1, r"whole number .* got 1\.5"),
        (0.5, 1, 0, "positive .* got 0"),
    ],
)
def test_values_outside_their_range_are_refused(p, k, r, message):
    with pytest.raises(ValueError, match=message):
        UncertainRegion(p, k, r)
