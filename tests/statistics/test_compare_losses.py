"""*These models* against *this loss*: what a comparison sees of the spread between training runs."""

import numpy as np
import pytest
from scipy import stats

from segsweep.errors import InputError
from segsweep.statistics.losses import compare_losses
from segsweep.statistics.pairwise import Verdict, compare_pairs
from segsweep.statistics.resampling import bootstrap_weights

RUN, RESIDUAL = 0.0135, 0.07
"""Standard deviations, in Dice, between training runs of one loss and of a case within a run. With 300 cases they make
57 % of the pairs of equal losses differ at p < .05 when only cases are resampled: the rate (16 of 28) that eight
trainings with cross-entropy on Kvasir at 64 × 64 showed."""


def rng(seed=0):
    return np.random.default_rng(seed)


def compare(scores, folds, *, seed=0, resamples=1999, correction="max-t", units=None, **options):
    weights = bootstrap_weights(units or scores.shape[2], resamples, rng=rng(seed))
    return compare_losses(scores, folds, weights, correction=correction, margin=0.01, rng=rng(seed + 1), **options)


def simulate(noise, *, settings, seeds, cases, folds, run=RUN, residual=RESIDUAL, case=0.0):
    fold = np.arange(cases) % folds
    scores = noise.normal(0, case, size=(settings, 1, cases)) + noise.normal(0, residual, (settings, seeds, cases))
    return scores + noise.normal(0, run, size=(settings, seeds, folds))[:, :, fold], fold


@pytest.mark.parametrize(("seeds", "folds"), [(3, 1), (3, 5), (8, 2)])
def test_where_only_runs_vary_the_interval_is_students_t(seeds, folds):
    scores, fold = simulate(rng(), settings=2, seeds=seeds, cases=1000, folds=folds, residual=0.0)
    (found,) = compare(scores, fold, resamples=40_000)
    difference = (scores[0] - scores[1])[:, :folds]
    freedom = folds * (seeds - 1)
    pooled = difference.var(axis=0, ddof=1).mean()
    error = np.sqrt(pooled / (seeds * folds))
    assert found.difference.estimate == pytest.approx(difference.mean(), abs=1e-12)
    # Case means differ between folds by the runs; resampling cases adds that much, a share of about folds/cases.
    assert 1 - 1e-12 <= found.difference.standard_error / error < 1.01
    half = stats.t.ppf(0.975, freedom) * found.difference.standard_error
    # Monte-Carlo error of a 2.5 % quantile of R = 40,000 draws, √(.025·.975/R)/f(t), four times
    tolerance = 4 * np.sqrt(0.025 * 0.975 / 40_000) / stats.t.pdf(stats.t.ppf(0.975, freedom), freedom)
    assert found.difference.high - found.difference.estimate == pytest.approx(half, abs=tolerance * half + 0.01 * half)


def test_where_runs_agree_it_is_the_comparison_of_these_models():
    scores = np.repeat(rng().beta(8, 2, size=(4, 1, 50)), 3, axis=1)
    weights = bootstrap_weights(50, 999, rng=rng())
    folds = np.arange(50) % 5
    found = compare_losses(scores, folds, weights, correction="max-t", margin=0.01, rng=rng(1))
    models = compare_pairs(scores[:, 0], weights, correction="max-t", margin=0.01)
    for one, other in zip(found, models, strict=True):
        assert one.difference.standard_error == pytest.approx(other.difference.standard_error, rel=1e-12)
        assert (one.difference.low, one.difference.high) == pytest.approx(
            (other.difference.low, other.difference.high), rel=1e-9
        )
        assert (one.p, one.p_corrected, one.verdict) == (other.p, other.p_corrected, other.verdict)


def two_way_error(difference, folds, groups):
    """Squared error due to cases (groups) without run × case, and due to runs, by loops over the definition."""
    seeds, cases = difference.shape
    per_case = difference.mean(axis=0)
    names, members = np.unique(groups, return_inverse=True)
    residual = np.bincount(members, per_case - per_case.mean())
    case = np.square(residual).sum() * len(names) / (len(names) - 1) / cases**2
    runs, freedom, shares, both = 0.0, 0, 0.0, 0.0
    for fold in np.unique(folds):
        part = difference[:, folds == fold]
        runs += np.square(part.mean(axis=1) - part.mean()).sum()
        freedom += seeds - 1
        shares += (part.shape[1] / cases) ** 2
        rest = part - part.mean(axis=0) - part.mean(axis=1)[:, None] + part.mean()
        for name in np.unique(groups[folds == fold]):
            both += np.square(rest[:, groups[folds == fold] == name].sum(axis=1)).sum()
    both *= seeds / (seeds - 1) * len(names) / (len(names) - len(np.unique(folds))) / (cases * seeds) ** 2
    return max(case - both, 0.0) + runs / freedom / seeds * shares


@pytest.mark.parametrize("grouped", [False, True])
def test_standard_error_equals_a_loop_over_its_definition(grouped):
    groups = np.repeat(np.arange(22), 2) if grouped else np.arange(44)
    folds = groups % 3
    scores, _ = simulate(rng(3), settings=3, seeds=4, cases=44, folds=1, case=0.05)
    scores += (
        rng(4).normal(0, 0.05, size=(3, 4, 3))[:, :, folds] + rng(5).normal(0, 0.05, size=(3, 1, 44))[:, :, groups]
    )
    for one in compare(scores, folds, units=groups.tolist()):
        expected = two_way_error(scores[one.first] - scores[one.second], folds, groups)
        assert one.difference.standard_error**2 == pytest.approx(expected, rel=1e-10)


def test_order_of_the_settings_changes_nothing_but_signs():
    scores, fold = simulate(rng(6), settings=5, seeds=3, cases=30, folds=3, case=0.05)
    found = {(one.first, one.second): one for one in compare(scores, fold)}
    order = rng(7).permutation(5)
    for one in compare(scores[order], fold):
        first, second = order[one.first], order[one.second]
        same = found[min(first, second), max(first, second)]
        sign = 1 if first < second else -1
        assert one.difference.estimate == sign * same.difference.estimate
        assert [one.difference.low, one.difference.high] == sorted(
            (sign * same.difference.low, sign * same.difference.high)
        )
        assert (one.p, one.p_corrected) == (same.p, same.p_corrected)


def test_same_generator_twice_gives_the_same_numbers():
    scores, fold = simulate(rng(8), settings=3, seeds=3, cases=30, folds=3)
    assert compare(scores, fold, seed=1) == compare(scores, fold, seed=1)
    assert compare(scores, fold, seed=1) != compare(scores, fold, seed=5)


def test_a_pair_uses_the_cases_that_both_sides_have_under_every_seed():
    scores, fold = simulate(rng(9), settings=3, seeds=3, cases=40, folds=4, case=0.05)
    holes = scores.copy()
    holes[2, 1, fold == 0] = np.nan  # one training run failed
    holes[2, 0, 1] = np.nan  # one case failed to load
    whole, broken = compare(scores, fold), compare(holes, fold)
    assert whole[0] == broken[0] or whole[0].difference == broken[0].difference
    assert [one.n for one in broken] == [40, 29, 29]
    kept = (fold != 0) & (np.arange(40) != 1)
    rest = compare(scores[:, :, kept], fold[kept])
    assert broken[1].difference.estimate == pytest.approx(rest[1].difference.estimate, abs=1e-12)
    assert broken[1].difference.standard_error == pytest.approx(rest[1].difference.standard_error, rel=1e-9)


def test_a_pair_without_a_common_case_is_undecided():
    scores, fold = simulate(rng(10), settings=3, seeds=3, cases=20, folds=2)
    scores[2, 0] = np.nan
    found = compare(scores, fold)
    assert found[1].n == found[2].n == 0
    assert found[1].p_corrected == 1.0
    assert found[1].verdict is Verdict.UNDECIDED
    assert found[0].n == 20


def test_settings_that_do_the_same_differ_by_exactly_zero():
    scores, fold = simulate(rng(11), settings=1, seeds=3, cases=20, folds=2)
    (found,) = compare(np.concatenate([scores, scores]), fold)
    assert (found.difference.estimate, found.difference.low, found.difference.high, found.p) == (0, 0, 0, 1)
    assert found.verdict is Verdict.EQUIVALENT


def test_fewer_than_three_seeds_say_nothing_about_a_loss():
    scores, fold = simulate(rng(), settings=2, seeds=2, cases=20, folds=2)
    with pytest.raises(InputError, match="2 seeds: nothing can be said about a loss with fewer than 3"):
        compare(scores, fold)
    with pytest.raises(InputError, match=r"\(settings, seeds, cases\)"):
        compare(scores, fold[:-1])


def test_a_training_run_is_not_taken_for_a_loss():
    """One A/A table: twelve trainings of one loss, as four settings of three seeds."""
    scores, fold = simulate(rng(12), settings=4, seeds=3, cases=300, folds=1)
    weights = bootstrap_weights(300, 1999, rng=rng())
    models = compare_pairs(scores[:, 0], weights, correction="max-t", margin=0.01)
    assert any(one.verdict is Verdict.DIFFERENT for one in models)
    assert not any(one.verdict is Verdict.DIFFERENT for one in compare(scores, fold))


@pytest.mark.slow
@pytest.mark.parametrize(
    ("seeds", "folds", "cases", "run", "case"),
    [
        (3, 1, 300, RUN, 0.0),
        (6, 1, 300, RUN, 0.0),
        (8, 1, 300, RUN, 0.0),
        (3, 5, 300, RUN, 0.0),
        (3, 5, 50, 0.0, 0.05),
        (3, 2, 50, 0.02, 0.05),
    ],
)
def test_equal_losses_are_told_apart_no_more_often_than_said(seeds, folds, cases, run, case):
    noise = rng(100 * seeds + 10 * folds + cases)
    simulations, alone, family = 1500, 0, 0
    for _ in range(simulations):
        scores, fold = simulate(noise, settings=4, seeds=seeds, cases=cases, folds=folds, run=run, case=case)
        weights = bootstrap_weights(cases, 999, rng=noise)
        found = compare_losses(scores, fold, weights, correction="max-t", margin=0.0, rng=noise)
        alone += found[0].p <= 0.05
        family += any(one.p_corrected <= 0.05 for one in found)
    # three standard errors of a share of .05 in 1,500 simulations: .017
    allowed = 0.05 + 3 * np.sqrt(0.05 * 0.95 / simulations)
    assert alone / simulations <= allowed
    assert family / simulations <= allowed
