import numpy as np
import pytest
from scipy import stats

from segsweep.errors import InputError
from segsweep.statistics.planning import cases_needed, seeds_needed
from segsweep.statistics.variance import VarianceComponents


@pytest.mark.parametrize(
    ("effect", "power", "needed"), [(0.5, 0.8, 34), (0.2, 0.8, 199), (0.5, 0.95, 54), (0.8, 0.8, 15)]
)
def test_cases_needed_are_those_of_the_tables_of_the_paired_t_test(effect, power, needed):
    # G*Power 3.1, "means: difference between two dependent means", two-sided, α = .05
    assert cases_needed(effect, 1.0, power=power) == needed
    assert cases_needed(-0.01 * effect, 0.01, power=power) == needed


def test_cases_needed_reach_the_power_and_one_fewer_does_not():
    needed = cases_needed(0.3, 1.0, power=0.9)
    reached = [stats.nct.sf(stats.t.ppf(0.975, n - 1), n - 1, 0.3 * np.sqrt(n)) for n in (needed - 1, needed)]
    assert reached[0] < 0.9 <= reached[1]


def test_power_is_reached_in_simulation():
    needed = cases_needed(0.02, 0.05)
    values = np.random.default_rng(0).normal(0.02, 0.05, size=(20_000, needed))
    share = np.mean(stats.ttest_1samp(values, 0, axis=1).pvalue < 0.05)
    # between the power asked for and that of one case more, four standard errors of a share
    assert 0.8 - 4 * 0.0029 < share < 0.8 + 0.02 + 4 * 0.0029


def test_seeds_needed_reach_the_power_and_one_fewer_does_not():
    components = VarianceComponents(case=0.0, model=4e-4, residual=5e-3, cases=300, folds=5, seeds=3)
    needed = seeds_needed(0.01, components, cases=300, folds=5)

    def power(seeds):
        error = components.standard_error(cases=300, folds=5, seeds=seeds)
        return stats.nct.sf(stats.t.ppf(0.975, 5 * (seeds - 1)), 5 * (seeds - 1), 0.01 / error)

    assert power(needed - 1) < 0.8 <= power(needed)


def test_what_no_number_reaches_is_none():
    cases_vary = VarianceComponents(case=1.0, model=1e-6, residual=0.0, cases=20, folds=1, seeds=3)
    assert seeds_needed(0.1, cases_vary, cases=20, folds=1) is None
    assert cases_needed(1e-6, 1.0) is None


def test_a_difference_that_is_always_found_takes_the_fewest():
    assert cases_needed(1.0, 1e-9) == 2
    sure = VarianceComponents(case=1e-12, model=1e-12, residual=1e-12, cases=20, folds=1, seeds=3)
    assert seeds_needed(1.0, sure, cases=20, folds=1) == 3


@pytest.mark.parametrize("arguments", [(0.0, 1.0), (0.1, 0.0), (0.1, float("nan"))])
def test_a_question_without_an_answer_is_refused(arguments):
    with pytest.raises(InputError, match="a difference other than 0"):
        cases_needed(*arguments)
    with pytest.raises(InputError, match="both lie between 0 and 1"):
        cases_needed(0.1, 1.0, power=80)
