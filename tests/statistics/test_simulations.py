"""Claims about repeated use: how often intervals cover and families of tests err. benchmarks/coverage.py prints the
tables of docs/statistics.md, hard cases included."""

import numpy as np
import pytest

from segsweep.statistics.intervals import mean_interval
from segsweep.statistics.pairwise import compare_pairs
from segsweep.statistics.resampling import bootstrap_weights

pytestmark = pytest.mark.slow

DIFFERENCES = {
    "normal": (lambda noise, shape: noise.normal(size=shape), 0.0),
    "gamma": (lambda noise, shape: noise.gamma(2.0, size=shape), 2.0),
    "exponential": (lambda noise, shape: noise.exponential(size=shape), 1.0),
}


@pytest.mark.parametrize("n", [50, 200])
@pytest.mark.parametrize("name", list(DIFFERENCES))
def test_studentised_intervals_cover_93_to_97_percent(name, n):
    draw, mean = DIFFERENCES[name]
    noise = np.random.default_rng([n, len(name)])
    simulations, hits = 4000, 0
    for _ in range(simulations // 50):
        weights = bootstrap_weights(n, 1999, rng=noise)
        for values in draw(noise, (50, n)):
            found = mean_interval(values, weights)
            hits += found.low <= mean <= found.high
    # Monte-Carlo standard error .0034
    assert 0.93 <= hits / simulations <= 0.97


@pytest.mark.parametrize("correction", ["max-t", "holm"])
@pytest.mark.parametrize("n", [20, 50])
def test_ten_equal_settings_are_told_apart_in_at_most_5_percent(correction, n):
    noise = np.random.default_rng([n, len(correction)])
    simulations, errors = 1500, 0
    for _ in range(simulations):
        scores = noise.normal(size=n) + 0.3 * noise.normal(size=(10, n))
        weights = bootstrap_weights(n, 1999, rng=noise)
        found = compare_pairs(scores, weights, correction=correction, margin=0.0)
        errors += any(one.p_corrected <= 0.05 for one in found)
    # three Monte-Carlo standard errors of .05 in 1,500 simulations: .017
    assert errors / simulations <= 0.05 + 3 * np.sqrt(0.05 * 0.95 / simulations)


@pytest.mark.parametrize("differing", [2, 5, 9])
def test_equal_settings_of_which_some_differ_on_few_cases_only_are_told_apart_in_at_most_5_percent(differing):
    noise = np.random.default_rng([differing, 200])
    simulations, errors = 1000, 0
    for _ in range(simulations):
        scores = noise.normal(size=200) + 0.3 * noise.normal(size=(3, 200))
        twins = np.repeat(scores[:1], 2, axis=0)
        twins[:, :differing] += noise.normal(size=(2, differing))
        found = compare_pairs(
            np.concatenate([scores, twins]), bootstrap_weights(200, 999, rng=noise), correction="max-t", margin=0.0
        )
        errors += any(one.p_corrected <= 0.05 for one in found)
    # three Monte-Carlo standard errors of .05 in 1,000 simulations: .021
    assert errors / simulations <= 0.05 + 3 * np.sqrt(0.05 * 0.95 / simulations)


def test_intervals_over_groups_cover_where_those_over_cases_do_not():
    noise, simulations = np.random.default_rng(3), 2000
    hits = np.zeros(2)
    groups = np.repeat(np.arange(30), 4).tolist()
    for _ in range(simulations // 50):
        by_group = bootstrap_weights(groups, 999, rng=noise)
        by_case = bootstrap_weights(120, 999, rng=noise)
        for _ in range(50):
            values = np.repeat(noise.normal(size=30), 4) + noise.normal(size=120)
            for place, weights in enumerate((by_group, by_case)):
                found = mean_interval(values, weights)
                hits[place] += found.low <= 0 <= found.high
    # Monte-Carlo standard error .005
    assert 0.93 <= hits[0] / simulations <= 0.97
    assert hits[1] / simulations < 0.85
