"""The claims on volumes, on tables in which soft Dice reports 7% too much and cross-entropy the truth."""

import re
from dataclasses import replace
from itertools import product

import pytest
from sweep_tables import LOSSES, Sweep, hippocampus
from tracked_tables import tracked

from papers.coverage import power
from papers.volume_bias import findings, sections

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


def on_two_networks(*biases: float) -> Sweep:
    """Soft Dice over-reports by one share with a logistic regression, by another with a U-Net."""
    simple, large = (hippocampus(effects=(CE, replace(DICE, soft_bias=bias))) for bias in biases)
    for rows in (simple.trials, simple.cases):
        for row in rows:
            row["trial"] = row["trial"].replace("0", "a")
    for row in simple.trials:
        row["network"] = "logistic"
    return Sweep(simple.trials + large.trials, simple.cases + large.cases)


@pytest.mark.parametrize(("biases", "agreement"), [((0.6, 0.1), "agrees"), ((0.1, 0.6), "disagrees")])
def test_simpler_networks(biases: tuple[float, float], agreement: str) -> None:
    sweep = on_two_networks(*biases)
    *_, anterior, posterior = findings(tracked(sweep))
    assert (anterior.where, posterior.where) == ("hippocampus, anterior", "hippocampus, posterior")
    assert {anterior.agreement.value, posterior.agreement.value} == {agreement}
    trials, cases = (table.to_pandas() for table in sweep.tables())
    rows = cases[(cases.split == "val") & (cases.label == "anterior")].merge(trials[["trial", "loss", "network"]])
    rows = rows[rows.loss == "dice"]
    means = (rows.volume_soft - rows.volume_true).groupby(rows.network).mean()
    gap = re.search(r"logistic − unet-s ([−\d.]+) \[", anterior.found)
    assert gap is not None
    assert float(gap[1].replace("−", "-")) == pytest.approx(means["logistic"] - means["unet-s"], abs=2e-3)


def test_all_networks_in_one_table() -> None:
    sweep = on_two_networks(0.6, 0.1)
    first, *_ = sections(tracked(sweep))
    (table,) = first.tables()
    assert [row[2].text for row in table.rows] == ["logistic", "unet-s"] * 2
    trials, cases = (table.to_pandas() for table in sweep.tables())
    rows = cases[cases.split == "val"].merge(trials[["trial", "loss", "network"]])
    for row in table.rows:
        label = row[0].text.removeprefix("hippocampus, ")
        mine = rows[(rows.label == label) & (rows.network == row[2].text)]
        for cell, (estimator, loss) in zip(row[5:], product(("soft", "hard"), ("ce", "dice")), strict=True):
            part = mine[mine.loss == loss]
            assert cell.number == pytest.approx((part[f"volume_{estimator}"] - part.volume_true).mean())
