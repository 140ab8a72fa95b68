"""The tables of p*(K, r), of the local flips and of the mean bias, to the digits they are known to."""

import math

import pytest

from segsweep.theory.optimum import (
    critical_probability,
    dice_critical_probability_limit,
    local_flip,
    mean_bias,
    optimum,
)
from segsweep.theory.risks import CROSS_ENTROPY, DICE, JACCARD, LOVASZ, CrossEntropyRisk

FOUR_DIGITS, THREE_DIGITS = 5.1e-5, 5.1e-4
KS = (1, 2, 4, 16, 64, math.inf)
DICE_TABLE = {
    0.25: (0.5, 0.4861, 0.4791, 0.4739, 0.4726, 0.4721),
    0.5: (0.5, 0.4748, 0.4621, 0.4526, 0.4503, 0.4495),
    1: (0.5, 0.4575, 0.4358, 0.4196, 0.4156, 0.4142),
    2: (0.5, 0.4345, 0.4001, 0.3744, 0.3681, 0.3660),
    4: (0.5, 0.4093, 0.3590, 0.3211, 0.3120, 0.3090),
    9: (0.5, 0.3838, 0.3132, 0.2573, 0.2444, 0.2403),
}
CELLS = [(r, k, value) for r, row in DICE_TABLE.items() for k, value in zip(KS, row, strict=True)]


@pytest.mark.parametrize(("r", "k", "expected"), CELLS)
def test_soft_dice_p_star(r, k, expected):
    assert critical_probability(DICE, k, r) == pytest.approx(expected, abs=FOUR_DIGITS)


@pytest.mark.parametrize(("k", "expected"), [(1, 0.5), (4, 0.2376), (16, 0.1024)])
def test_soft_dice_p_star_without_certain_foreground(k, expected):
    assert critical_probability(DICE, k, math.inf) == pytest.approx(expected, abs=FOUR_DIGITS)


@pytest.mark.parametrize(
    ("k", "r", "expected"), [(1, 0.25, 0.5), (1, 4, 0.5), (4, 0.25, 0.4791), (4, 1, 0.4363), (4, 4, 0.3646)]
)
def test_soft_jaccard_p_star(k, r, expected):
    assert critical_probability(JACCARD, k, r) == pytest.approx(expected, abs=FOUR_DIGITS)


@pytest.mark.parametrize("loss", [DICE, JACCARD])
@pytest.mark.parametrize("r", DICE_TABLE)
def test_with_many_blocks_dice_and_jaccard_share_a_limit_in_closed_form(loss, r):
    assert critical_probability(loss, math.inf, r) == pytest.approx(dice_critical_probability_limit(r), abs=1e-8)


@pytest.mark.parametrize(
    ("loss", "k", "r", "expected"),
    [
        (DICE, 1, 1, 0.495),
        (DICE, 1, 4, 0.456),
        (DICE, 1, 9, 0.403),
        (JACCARD, 1, 1, 0.478),
        (JACCARD, 1, 4, 0.414),
        (JACCARD, 1, 9, 0.359),
        (DICE, 4, 1, 0.435),
        (DICE, 4, 4, 0.354),
        (DICE, 16, 1, 0.420),
        (DICE, 16, 4, 0.321),
        (JACCARD, 16, 1, 0.419),
        (JACCARD, 16, 4, 0.320),
    ],
)
def test_local_flip_from_the_cross_entropy_start(loss, k, r, expected):
    assert local_flip(loss, k, r) == pytest.approx(expected, abs=THREE_DIGITS)


@pytest.mark.parametrize(
    ("r", "k", "expected"), [(1, 1, 0), (1, 4, 0.064), (1, 16, 0.080), (4, 1, 0), (4, 4, 0.141), (4, 16, 0.179)]
)
def test_mean_bias_over_uniform_p(r, k, expected):
    assert mean_bias(DICE, k, r) == pytest.approx(expected, abs=THREE_DIGITS)


@pytest.mark.parametrize(
    ("loss", "p", "k", "r", "soft", "hard"),
    [
        (DICE, 0.30, 16, 1, -0.30, -0.30),
        (DICE, 0.48, 16, 1, 0.52, 0.52),
        (DICE, 0.40, 1, 1, -0.40, -0.40),
        (DICE, 0.60, 1, 1, 0.40, 0.40),
        (CROSS_ENTROPY, 0.48, 16, 1, 0.0, -0.48),
        (LOVASZ, 0.60, 16, 1, 0.40, 0.40),
        (CrossEntropyRisk(2, 1), 0.4, 4, 1, 0.8 / 1.4 - 0.4, 0.6),
    ],
)
def test_expected_volume_error_of_the_optimum(loss, p, k, r, soft, hard):
    found = optimum(loss, p, k, r)
    assert found.soft_bias == pytest.approx(soft, abs=1e-12)
    assert found.hard_bias == pytest.approx(hard, abs=1e-12)


def test_lovasz_can_sit_at_one_half_where_the_hard_volume_is_a_coin_toss():
    found = optimum(LOVASZ, 0.48, 16, 1)
    assert found.q == 0.5
    assert found.soft_bias == pytest.approx(0.02)
    assert math.isnan(found.hard_bias)
