"""The claims on volumes, on tables in which soft Dice reports 7% too much and cross-entropy the truth."""

import re
from dataclasses import replace

import pytest
from sweep_tables import LOSSES, hippocampus
from tracked_tables import tracked

from papers.coverage import power
from papers.volume_bias import findings

CE, DICE = (next(effect for effect in LOSSES if effect.loss == loss) for loss in ("ce", "dice"))


def test_verdicts_and_numbers() -> None:
    sweep = hippocampus(effects=(CE, DICE))
    found = findings(tracked(sweep))
    trials, cases = (table.to_pandas() for table in sweep.tables())
    rows = cases[cases.split == "val"].merge(trials[["trial", "loss"]], on="trial")
    errors = (rows.volume_soft - rows.volume_true).groupby([rows.label, rows.loss]).mean()
    for label, part in zip(("anterior", "posterior"), (found[:3], found[3:]), strict=True):
        assert {finding.where for finding in part} == {f"hippocampus, {label}"}
        for finding, loss in zip(part, ("ce", "dice"), strict=False):
            number = re.match(r"ΔV soft ([−\d.]+) \[", finding.found)
            assert number is not None
            assert float(number[1].replace("−", "-")) == pytest.approx(errors[label, loss], rel=0.02, abs=1e-3)
        assert part[1].agreement.value == "agrees"


def test_an_under_estimating_soft_dice_disagrees() -> None:
    found = findings(tracked(hippocampus(effects=(CE, replace(DICE, soft_bias=-0.2)))))
    assert [finding.agreement.value for finding in found[1::3]] == ["disagrees"] * 2


def test_a_cross_entropy_that_is_wrong_disagrees() -> None:
    found = findings(tracked(hippocampus(effects=(replace(CE, soft_bias=0.2), DICE))))
    assert [finding.agreement.value for finding in found[::3]] == ["disagrees"] * 2


@pytest.mark.parametrize(("value", "text"), [(2048, "2.0·10³"), (9.96e3, "1.0·10⁴"), (3.14e11, "3.1·10¹¹"), (0, "0")])
def test_large_numbers(value: float, text: str) -> None:
    assert power(value) == text
