import numpy as np
import pytest

from segsweep.errors import InputError
from segsweep.statistics.variance import VarianceComponents, variance_components


def simulate(rng, *, seeds, cases, folds, case, model, residual):
    fold = np.arange(cases) % folds
    values = rng.normal(0, case, size=cases) + rng.normal(0, residual, size=(seeds, cases))
    return values + rng.normal(0, model, size=(seeds, folds))[:, fold], fold


def test_a_table_without_noise_is_taken_apart_exactly():
    case, model = np.array([0.0, 2.0, 4.0]), np.array([-1.0, 1.0])
    found = variance_components(case + model[:, None], np.zeros(3, dtype=int))
    assert (found.case, found.model, found.residual) == pytest.approx((4.0, 2.0, 0.0), abs=1e-12)
    assert (found.cases, found.folds, found.seeds) == (3, 1, 2)


def test_estimates_are_unbiased():
    rng = np.random.default_rng(0)
    truth = {"case": 0.5, "model": 0.4, "residual": 0.8}
    found = [variance_components(*simulate(rng, seeds=4, cases=43, folds=5, **truth)) for _ in range(1500)]
    for name, deviation in truth.items():
        values = np.array([getattr(one, name) for one in found])
        # four standard errors of the mean of 1,500 estimates
        assert abs(values.mean() - deviation**2) < 4 * values.std() / np.sqrt(1500)


def test_standard_error_is_the_spread_of_the_mean():
    rng = np.random.default_rng(1)
    truth = {"case": 0.5, "model": 0.4, "residual": 0.8}
    means = [simulate(rng, seeds=3, cases=20, folds=4, **truth)[0].mean() for _ in range(4000)]
    components = VarianceComponents(0.25, 0.16, 0.64, 20, 4, 3)
    # a standard deviation from 4,000 values is known to 1/√8000 = 1.1 %; four of these
    assert np.std(means) == pytest.approx(components.standard_error(cases=20, folds=4, seeds=3), rel=0.045)


def test_an_estimate_below_zero_is_zero():
    # each run's mean is 0 although the runs differ case by case: the method of moments says −σ²_e/n for the runs
    found = variance_components(np.array([[1.0, -1.0], [-1.0, 1.0]]), np.zeros(2, dtype=int))
    assert (found.model, found.case) == (0.0, 0.0)
    assert found.residual == pytest.approx(4.0)


def test_a_case_that_one_run_lacks_is_left_out():
    values, fold = simulate(np.random.default_rng(2), seeds=3, cases=12, folds=2, case=1, model=1, residual=1)
    holes = values.copy()
    holes[1, 4] = np.nan
    kept = np.arange(12) != 4
    assert variance_components(holes, fold) == variance_components(values[:, kept], fold[kept])


def test_wrong_input_is_refused_with_the_reason():
    with pytest.raises(InputError, match="one seed"):
        variance_components(np.zeros((1, 5)), np.zeros(5, dtype=int))
    with pytest.raises(InputError, match=r"\(seeds, cases\)"):
        variance_components(np.zeros((2, 5)), np.zeros(4, dtype=int))
    with pytest.raises(InputError, match="no fold has two cases"):
        variance_components(np.zeros((2, 3)), np.arange(3))
