import itertools
import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from segsweep.theory.approximation import (
    approximation_error,
    dice_jaccard_error,
    tversky_error,
    tversky_error_by_search,
    weighted_hamming_counterexample,
)
from segsweep.theory.similarities import dice, hamming, jaccard, tversky, weighted_hamming


def set_pairs(size: int) -> np.ndarray:
    """(tp, fp, fn, tn) of every pair of subsets of `size` voxels, up to order."""
    counts = itertools.product(range(size + 1), repeat=3)
    return np.array([(a, b, c, size - a - b - c) for a, b, c in counts if a + b + c <= size], dtype=float)


def test_similarities_are_their_set_definitions():
    for label, prediction in itertools.product(itertools.product([0, 1], repeat=4), repeat=2):
        y, z = set(np.flatnonzero(label)), set(np.flatnonzero(prediction))
        counts = len(y & z), len(z - y), len(y - z), 4 - len(y | z)
        assert dice(*counts[:3]) == (2 * len(y & z) / (len(y) + len(z)) if y or z else 1)
        assert jaccard(*counts[:3]) == (len(y & z) / len(y | z) if y or z else 1)
        assert hamming(*counts) == 1 - (len(y - z) + len(z - y)) / 4
        if 0 < len(y) < 4:
            expected = 1 - 0.3 * len(y - z) / len(y) - 0.7 * len(z - y) / (4 - len(y))
            assert weighted_hamming(*counts, gamma=0.3) == pytest.approx(expected)
            assert weighted_hamming(*counts, gamma=len(y) / 4) == pytest.approx(hamming(*counts))


def test_proposition_1_constants_come_out_of_the_sup_over_dice_values():
    d = np.linspace(1e-6, 1, 2_000_001)
    searched = approximation_error(d, d / (2 - d))
    assert searched.absolute == pytest.approx(3 - 2 * math.sqrt(2), abs=1e-10)
    assert d[np.argmax(d - d / (2 - d))] == pytest.approx(2 - math.sqrt(2), abs=1e-6)
    assert searched.relative == pytest.approx(1, abs=1e-5)
    found = dice_jaccard_error()
    assert found.absolute == pytest.approx(3 - 2 * math.sqrt(2), abs=1e-15)
    assert found.relative == 1


def test_finite_sets_approach_the_constants_from_below():
    tp, fp, fn, _ = set_pairs(40).T
    found = approximation_error(dice(tp, fp, fn), jaccard(tp, fp, fn))
    assert 0.171 < found.absolute <= dice_jaccard_error().absolute
    assert 0.9 < found.relative <= 1


@pytest.mark.parametrize("alpha", [0.1, 0.01, 0.001])
def test_proposition_2_counterexample_is_the_formula_of_the_proof(alpha):
    similarity, weighted = weighted_hamming_counterexample(alpha)
    assert similarity == pytest.approx(2 * alpha / (1 + 2 * alpha))
    assert weighted == pytest.approx(1 - alpha / (1 - alpha**2))


def test_proposition_2_errors_tend_to_one_and_to_infinity():
    values = np.array([weighted_hamming_counterexample(alpha) for alpha in np.geomspace(1e-1, 1e-8, 50)])
    found = approximation_error(values[:, 0], values[:, 1])
    assert found.absolute == pytest.approx(1, abs=1e-7)
    assert found.relative > 1e7
    assert weighted_hamming_counterexample(0.001) == pytest.approx((0.001996, 0.998999), abs=1e-6)


def test_one_similarity_zero_where_the_other_is_not_has_no_relative_bound():
    assert approximation_error(np.array([0.0, 1.0]), np.array([0.5, 1.0])).relative == math.inf


@pytest.mark.parametrize(
    ("alpha", "beta", "relative", "absolute"),
    [
        (0.5, 0.5, 0, 0),
        (0.4, 0.6, 0.25, 0.0557),
        (0.3, 0.7, 0.667, 0.127),
        (0.2, 0.8, 1.5, 0.225),
        (0.1, 0.9, 4.0, 0.382),
        (1, 1, 1, 0.1716),
    ],
)
def test_tversky_closed_form_has_the_known_values_and_is_the_sup(alpha, beta, relative, absolute):
    found = tversky_error(alpha, beta)
    assert found.relative == pytest.approx(relative, abs=5e-4)
    assert found.absolute == pytest.approx(absolute, abs=5e-4)
    searched = tversky_error_by_search(alpha, beta, steps=4001)
    assert searched.absolute == pytest.approx(found.absolute, abs=1e-5)
    assert searched.relative == pytest.approx(found.relative, abs=1e-5)


def test_tversky_gets_monotonically_worse_away_from_dice():
    shifts = np.linspace(0, 0.49, 50)
    errors = [tversky_error(0.5 - shift, 0.5 + shift) for shift in shifts]
    assert all(a.absolute < b.absolute and a.relative < b.relative for a, b in itertools.pairwise(errors))


@given(st.floats(0, 1e3), st.floats(0, 1e3), st.floats(0.01, 1e3))
def test_jaccard_is_a_function_of_dice(tp, fp, fn):
    d = float(dice(tp, fp, fn))
    assert float(jaccard(tp, fp, fn)) == pytest.approx(d / (2 - d))
    assert float(tversky(tp, fp, fn, alpha=0.5, beta=0.5)) == d
