import numpy as np
import pytest
from scipy import stats

from segsweep.statistics.multiplicity import StepDownMaximum, benjamini_hochberg, holm, monotone


def test_holm_on_a_worked_example():
    # .01·4, .013·3 → .04 (monotone), .014·2 → .04, .19
    assert holm(np.array([0.19, 0.01, 0.014, 0.013])) == pytest.approx([0.19, 0.04, 0.04, 0.04])


def test_benjamini_hochberg_equals_scipy():
    p = np.random.default_rng(0).beta(0.5, 2, size=200)
    assert benjamini_hochberg(p) == pytest.approx(stats.false_discovery_control(p, method="bh"), abs=1e-15)


@pytest.mark.parametrize("correct", [holm, benjamini_hochberg])
def test_no_corrected_p_leaves_the_unit_interval_or_falls_below_its_raw_p(correct):
    p = np.random.default_rng(1).random(50)
    assert (correct(p) >= p).all()
    assert (correct(p) <= 1).all()
    assert correct(np.array([0.03])) == pytest.approx([0.03])
    assert (correct(np.array([0.02, 0.02])) == correct(np.array([0.02, 0.02]))[::-1]).all()


def test_step_down_equals_its_definition():
    draws = np.random.default_rng(2).normal(size=(6, 500))
    observed = np.sort(np.abs(np.random.default_rng(3).normal(1.5, size=6)))
    # Westfall & Young: from the most significant down, the largest |t*| among this and all less significant hypotheses
    raw = [(1 + np.sum(np.abs(draws[: k + 1]).max(axis=0) >= observed[k])) / 501 for k in range(6)]
    expected = [max(raw[k:]) for k in range(6)]
    steps = StepDownMaximum(500)
    found = np.concatenate([steps.add(observed[:2], draws[:2]), steps.add(observed[2:], draws[2:])])
    assert monotone(found) == pytest.approx(expected, abs=1e-15)
