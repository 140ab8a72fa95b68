"""The claims of Bertels 2019, on tables made so that they hold, and so that they do not."""

import json
import re
from dataclasses import replace
from itertools import product

import pandas as pd
import pytest
from sweep_tables import LOSSES, Effect, hippocampus
from tracked_tables import tracked

from papers.bertels2019 import findings, sections, tversky_findings
from segsweep.reports.markdown import fragment


def means(effects: tuple[Effect, ...] = LOSSES) -> pd.Series:
    """Mean Dice by label and loss, over validation cases."""
    trials, cases = (table.to_pandas() for table in hippocampus(effects=effects).tables())
    rows = cases[cases.split == "val"].merge(trials[["trial", "loss"]], on="trial")
    return rows.groupby(["label", "loss"]).dice.mean()


def test_verdicts_and_numbers() -> None:
    found = findings(tracked(hippocampus()))
    assert [finding.agreement.value for finding in (*found[:3], *found[4:7])] == ["agrees"] * 6
    assert ["different" in finding.found for finding in found[3::4]] == [
        finding.agreement.value == "disagrees" for finding in found[3::4]
    ]
    mean = means()
    for label, part in zip(("anterior", "posterior"), (found[:4], found[4:]), strict=True):
        assert all(f"{label}; these models" in finding.where for finding in part)
        said = " ".join(finding.found for finding in part)
        pairs = [*product(("dice", "jaccard", "lovasz"), ("ce", "wce")), ("dice", "jaccard"), ("jaccard", "lovasz")]
        for first, second in pairs:
            number = re.search(rf"{first} − {second} ([+−][\d.]+|0\.000)", said)
            assert number is not None, (first, second)
            difference = mean[label, first] - mean[label, second]
            assert float(number[1].replace("−", "-")) == pytest.approx(difference, abs=5.1e-4)


def test_a_cross_entropy_that_is_better_disagrees() -> None:
    better = tuple(replace(effect, gain=0.05) if effect.loss == "ce" else effect for effect in LOSSES)
    assert all(means(better)[label, "ce"] > means(better)[label, "dice"] for label in ("anterior", "posterior"))
    found = findings(tracked(hippocampus(effects=better)))
    assert {finding.agreement.value for finding in (*found[::4], *found[1::4])} == {"disagrees"}


def test_losses_that_only_keep_up_with_cross_entropy_are_as_good_and_no_better() -> None:
    level = LOSSES[0].gain
    equal = tuple(replace(effect, gain=level) for effect in LOSSES)
    found = findings(tracked(hippocampus(effects=equal)))
    assert {finding.agreement.value for finding in found[::4]} == {"agrees"}
    assert {finding.agreement.value for finding in found[1::4]} == {"disagrees"}


def test_nothing_is_said_of_a_dataset_that_lacks_a_loss() -> None:
    assert findings(tracked(hippocampus(effects=LOSSES[:4]))) == ()


def test_the_page_has_table_1_scores_and_figures() -> None:
    drawn = []
    text = fragment(sections(tracked(hippocampus())), lambda drawing: drawn.append(drawing) or "f.svg", depth=3)
    assert "Mean Dice and Jaccard by dataset and loss" in text
    assert "Settings with 95% intervals" in text
    assert len(drawn) == text.count("](f.svg)") >= 6


def test_tversky_weights_far_from_a_half_are_held_against_dice() -> None:
    far = Effect("tversky α=0.1 β=0.9", "tversky", gain=-0.05, phi="image")
    near = Effect("tversky α=0.4 β=0.6", "tversky", gain=0.05, phi="image")
    effects = (LOSSES[2], far, near)
    sweep = hippocampus(effects=effects)
    for trial in sweep.trials:
        alpha = {far.setting: 0.1, near.setting: 0.4}.get(trial["setting"])
        if alpha is not None:
            trial["arguments"] = json.dumps({"alpha": alpha, "beta": 1 - alpha})
    found = tversky_findings(tracked(sweep))
    assert [finding.agreement.value for finding in found] == ["agrees"] * 2
    assert all(far.setting in finding.found and near.setting not in finding.found for finding in found)
