"""What a search goes by, worked out by hand."""

import math
from typing import Any

import pytest

from segsweep.training.inner_scores import inner_scores


def row(**values: Any) -> dict[str, Any]:
    shared = {"split": "inner", "truth": "label", "label": "lesion", "dice": 0.5, "empty_true": False}
    return {**shared, "volume_true": 10.0, "volume_hard": 10.0, "volume_soft": 10.0, **values}


def test_errors_of_cases_cancel_before_their_sign_is_dropped() -> None:
    cases = [row(volume_true=10, volume_hard=14, volume_soft=9), row(volume_true=30, volume_hard=28, volume_soft=27)]
    found = inner_scores(cases)
    assert found["abs_bias"] == pytest.approx(2 / 40)
    assert found["abs_bias_soft"] == pytest.approx(4 / 40)


def test_labels_weigh_the_same_whatever_their_number_of_cases() -> None:
    cases = [row(dice=0.8), row(dice=0.6), row(label="rim", dice=0.3, volume_hard=5)]
    assert inner_scores(cases)["dice"] == pytest.approx((0.7 + 0.3) / 2)
    assert inner_scores(cases)["abs_bias"] == pytest.approx((0 + 0.5) / 2)


def test_cases_without_a_true_voxel_have_no_dice_but_a_volume() -> None:
    cases = [row(dice=0.8), row(dice=None, empty_true=True, volume_true=0, volume_hard=0, volume_soft=1)]
    assert inner_scores(cases) == pytest.approx({"dice": 0.8, "abs_bias": 0.0, "abs_bias_soft": 1 / 10})


def test_no_other_case_and_no_single_rater_is_looked_at() -> None:
    mine = [row(truth="majority", dice=0.8)]
    others = [row(truth="rater 1", dice=0.1), row(truth="mean", dice=0.1), row(split="val"), row(split="train")]
    assert inner_scores(mine + others) == inner_scores(mine)


def test_what_cannot_be_measured_is_no_number() -> None:
    found = inner_scores([row(dice=0.0, empty_true=True, volume_true=0.0)])
    assert all(math.isnan(value) for value in found.values())
    assert math.isnan(inner_scores([])["dice"])
