import itertools

import numpy as np
import pytest

from segsweep.errors import InputError
from segsweep.statistics.intervals import mean_interval, mean_test
from segsweep.statistics.moments import means, resampled_statistics
from segsweep.statistics.multiplicity import benjamini_hochberg, holm
from segsweep.statistics.pairwise import Verdict, compare_pairs
from segsweep.statistics.resampling import bootstrap_weights

EXACT = 1e-12
"""The same sums in another order."""


def rng(seed=0):
    return np.random.default_rng(seed)


def dice_like(settings, cases, *, seed=0, holes=0.0):
    """Correlated scores: hard cases are hard for every setting."""
    noise = rng(seed)
    scores = noise.beta(8, 2, size=cases) + noise.normal(0, 0.03, size=(settings, cases))
    scores += np.linspace(0, 0.02, settings)[:, None]
    scores[noise.random(scores.shape) < holes] = np.nan
    return scores


@pytest.mark.parametrize("holes", [0.0, 0.1])
@pytest.mark.parametrize("grouped", [False, True])
def test_every_pair_equals_the_interval_of_its_differences(holes, grouped):
    scores = dice_like(5, 60, holes=holes)
    units = np.repeat(np.arange(20), 3).tolist() if grouped else 60
    weights = bootstrap_weights(units, 999, rng=rng())
    found = compare_pairs(scores, weights, correction="holm", margin=0.01)
    assert [(one.first, one.second) for one in found] == list(itertools.combinations(range(5), 2))
    for one in found:
        difference = scores[one.first] - scores[one.second]
        alone = mean_interval(difference, weights)
        assert one.n == one.difference.n == np.isfinite(difference).sum()
        assert one.difference.estimate == pytest.approx(alone.estimate, abs=EXACT)
        assert one.difference.standard_error == pytest.approx(alone.standard_error, abs=EXACT)
        assert (one.difference.low, one.difference.high) == pytest.approx((alone.low, alone.high), abs=EXACT)
        assert one.p == mean_test(difference, weights)


@pytest.mark.parametrize(("correction", "rule"), [("holm", holm), ("bh", benjamini_hochberg)])
def test_holm_and_bh_correct_the_p_of_absolute_t_of_all_pairs_of_the_call(correction, rule):
    scores = dice_like(5, 60)
    weights = bootstrap_weights(60, 999, rng=rng())
    found = compare_pairs(scores, weights, correction=correction, margin=0.01)
    raw = []
    for one in found:
        sample = means((scores[one.first] - scores[one.second])[None], weights)
        larger = np.abs(resampled_statistics(sample, weights)) >= np.abs(sample.statistic)
        raw.append((1 + larger.sum()) / 1000)
    expected = np.maximum(rule(np.array(raw)), [one.p for one in found])
    assert [one.p_corrected for one in found] == pytest.approx(expected)


def test_equal_differences_are_corrected_for_the_number_of_pairs():
    # every case differs by 0.1: no spread, sign-flip p 2⁻⁷, three pairs of which two have it
    scores = np.stack([np.linspace(0.5, 0.7, 8), np.linspace(0.6, 0.8, 8), np.linspace(0.5, 0.7, 8)])
    found = compare_pairs(scores, bootstrap_weights(8, 999, rng=rng()), correction="max-t", margin=0.01)
    assert [one.p for one in found] == [2**-7, 1.0, 2**-7]
    assert [one.p_corrected for one in found] == [3 * 2**-7, 1.0, 3 * 2**-7]


def test_max_t_equals_a_loop_over_pairs_and_resamples():
    scores = dice_like(4, 30)
    weights = bootstrap_weights(30, 299, rng=rng())
    pairs = list(itertools.combinations(range(4), 2))
    differences = np.array([scores[a] - scores[b] for a, b in pairs])
    mean, error = differences.mean(axis=1), differences.std(axis=1, ddof=1) / np.sqrt(30)
    t = np.empty((6, 299))
    for number, row in enumerate(weights.counts.astype(int)):
        drawn = np.repeat(differences, row, axis=1)
        t[:, number] = (drawn.mean(axis=1) - mean) / (drawn.std(axis=1, ddof=1) / np.sqrt(30))
    order = np.argsort(-np.abs(mean / error))
    expected, reached = np.empty(6), 0.0
    for place, pair in enumerate(order):
        largest = np.abs(t[order[place:]]).max(axis=0)
        reached = max(reached, (1 + np.sum(largest >= abs(mean / error)[pair])) / 300)
        expected[pair] = reached
    found = compare_pairs(scores, weights, correction="max-t", margin=0.01)
    assert [one.p_corrected for one in found] == pytest.approx(
        np.maximum(expected, [one.p for one in found]), abs=EXACT
    )


@pytest.mark.parametrize("differing", [1, 2, 3, 5])
def test_a_pair_that_differs_on_few_cases_does_not_hide_the_others(differing):
    # in e^−k of the resamples none of the k cases is drawn, and t* of that pair is infinite
    scores = dice_like(3, 200)
    twin = scores[:1].copy()
    twin[0, :differing] += np.geomspace(0.01, 0.05, differing)
    scores[2] += 0.05
    weights = bootstrap_weights(200, 999, rng=rng())
    found = compare_pairs(np.concatenate([scores, twin]), weights, correction="max-t", margin=0.0)
    family = {(one.first, one.second): one for one in found}
    alone = means((scores[0] - twin[0])[None], weights)
    larger = np.abs(resampled_statistics(alone, weights)) >= np.abs(alone.statistic)
    # six pairs, of which this one is judged by itself and the other five together
    assert family[0, 3].p_corrected == min(6 * max((1 + larger.sum()) / 1000, 2.0 ** (1 - differing)), 1.0)
    # both tails hold nothing but the pair itself, and so does the joint distribution: 2 and 6/5 of 1,000
    assert [family[pair].p_corrected for pair in ((0, 2), (1, 2), (2, 3))] == [0.002] * 3


def test_many_pairs_that_differ_on_few_cases_do_not_hide_the_others_together():
    base = rng().beta(8, 2, size=500)
    near = np.repeat(base[None], 16, axis=0)
    for row, setting in enumerate(near[1:]):
        setting[row * 7 : row * 7 + 7] += rng(row).normal(0, 0.05, size=7)
    worse = base - 0.01 - rng(3).normal(0, 0.045, size=500)  # t of 5.6
    found = compare_pairs(
        np.concatenate([near, worse[None]]), bootstrap_weights(500, 999, rng=rng()), correction="max-t", margin=0.0
    )
    assert max(one.p_corrected for one in found if one.second == 16) < 0.01


@pytest.mark.parametrize("differing", [1, 2, 3, 4, 5, 6, 7])
def test_no_p_is_smaller_than_that_of_the_sign_flips_of_the_cases_that_differ(differing):
    scores = np.tile(dice_like(1, 300), (2, 1))
    scores[1, :differing] += 0.05
    for correction in ("max-t", "holm", "bh"):
        (found,) = compare_pairs(scores, bootstrap_weights(300, 1999, rng=rng()), correction=correction, margin=0.0)
        flipped = np.array(list(itertools.product([-1, 1], repeat=differing))).sum(axis=1)
        assert found.untied == differing
        assert min(found.p, found.p_corrected) >= np.mean(np.abs(flipped) >= differing)
        assert (found.difference.low <= 0 <= found.difference.high) or found.p <= 0.05


def test_a_constant_difference_is_found_among_many_pairs():
    scores = dice_like(12, 100)
    scores[1] = scores[0] + 0.3
    found = compare_pairs(scores, bootstrap_weights(100, 999, rng=rng()), correction="max-t", margin=0.01)[0]
    # 66 pairs times 2⁻⁹⁹ is nothing; no corrected p is below the pair's own
    assert (found.p, found.p_corrected, found.verdict) == (0.002, 0.002, Verdict.DIFFERENT)


def test_max_t_rejects_more_than_holm_where_settings_are_correlated():
    scores = dice_like(8, 80)
    weights = bootstrap_weights(80, 4999, rng=rng())
    joint, alone = (
        np.array([one.p_corrected for one in compare_pairs(scores, weights, correction=correction, margin=0.01)])
        for correction in ("max-t", "holm")
    )
    assert joint.mean() < alone.mean()


@pytest.mark.parametrize("correction", ["max-t", "holm", "bh"])
def test_order_of_the_settings_changes_nothing_but_signs(correction):
    scores = dice_like(7, 45, holes=0.05)
    weights = bootstrap_weights(45, 999, rng=rng())
    found = {(one.first, one.second): one for one in compare_pairs(scores, weights, correction=correction, margin=0.01)}
    for seed in range(3):
        order = rng(seed).permutation(7)
        for one in compare_pairs(scores[order], weights, correction=correction, margin=0.01):
            first, second = order[one.first], order[one.second]
            same = found[min(first, second), max(first, second)]
            sign = 1 if first < second else -1
            ends = sorted((sign * same.difference.low, sign * same.difference.high))
            assert one.difference.estimate == sign * same.difference.estimate
            assert [one.difference.low, one.difference.high] == ends
            assert (one.p, one.p_corrected, one.verdict, one.n) == (same.p, same.p_corrected, same.verdict, same.n)


def test_same_generator_twice_gives_the_same_numbers():
    scores = dice_like(4, 40)
    one, again, other = (
        compare_pairs(scores, bootstrap_weights(40, 999, rng=rng(seed)), correction="max-t", margin=0.01)
        for seed in (1, 1, 2)
    )
    assert one == again
    assert one != other


def test_paired_interval_is_far_narrower_than_the_unpaired_one():
    scores = dice_like(2, 60)
    weights = bootstrap_weights(60, 1999, rng=rng())
    (found,) = compare_pairs(scores, weights, correction="max-t", margin=0.01)
    unpaired = np.sqrt(scores.var(axis=1, ddof=1).sum() / 60)
    assert found.difference.standard_error < unpaired / 3


def test_settings_that_do_the_same_differ_by_exactly_zero():
    scores = np.stack([dice_like(1, 30)[0]] * 2)
    (found,) = compare_pairs(scores, bootstrap_weights(30, 199, rng=rng()), correction="max-t", margin=0.01)
    assert (found.difference.estimate, found.difference.low, found.difference.high) == (0, 0, 0)
    assert (found.p, found.p_corrected, found.verdict) == (1, 1, Verdict.EQUIVALENT)
    assert not np.signbit(found.difference.estimate)


def test_pairs_without_common_cases_are_undecided_and_do_not_disturb_the_others():
    scores = dice_like(3, 40)
    lonely = np.full((1, 40), np.nan)
    lonely[0, 0] = 0.5
    weights = bootstrap_weights(40, 999, rng=rng())
    alone = compare_pairs(scores, weights, correction="max-t", margin=0.01)
    found = compare_pairs(np.concatenate([scores, lonely]), weights, correction="max-t", margin=0.01)
    for one in found:
        if one.second == 3:
            assert (one.n, one.p, one.p_corrected, one.verdict) == (1, 1, 1, Verdict.UNDECIDED)
            assert (one.difference.low, one.difference.high) == (-np.inf, np.inf)
    assert [one.p_corrected for one in found if one.second < 3] == [one.p_corrected for one in alone]


def test_a_significant_verdict_never_has_zero_in_its_interval():
    for seed in range(20):
        scores = rng(seed).exponential(size=(5, 20))
        weights = bootstrap_weights(20, 499, rng=rng(seed))
        for one in compare_pairs(scores, weights, correction="max-t", margin=0.0):
            assert one.p_corrected >= one.p
            if one.verdict is Verdict.DIFFERENT:
                assert not one.difference.low <= 0 <= one.difference.high


def test_wrong_input_is_refused_with_what_is_allowed():
    weights = bootstrap_weights(10, 99, rng=rng())
    with pytest.raises(InputError, match="1 setting: a comparison takes two"):
        compare_pairs(dice_like(1, 10), weights, correction="max-t", margin=0.01)
    with pytest.raises(InputError, match="'tukey' is unknown; allowed: max-t, holm, bh"):
        compare_pairs(dice_like(2, 10), weights, correction="tukey", margin=0.01)
    with pytest.raises(InputError, match="9 cases have values, but 10 were resampled"):
        compare_pairs(dice_like(2, 9), weights, correction="max-t", margin=0.01)
    with pytest.raises(InputError, match="margin"):
        compare_pairs(dice_like(2, 10), weights, correction="max-t", margin=-1)
