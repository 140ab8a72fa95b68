"""The claims of Tilborghs 2022 on a few cases that can be counted by hand."""

import json

import pytest
from sweep_tables import Effect, Sweep, case_row, trial_row
from tracked_tables import tracked

from papers.tilborghs2022 import empty_findings, missing_findings, partial_sections

CASES = 40
REMOVED, BENCHMARK = "lesion removed where cls=malignant", "as many as with lesion removed where cls=malignant"


def sweep(learnt: dict[str, int], *, labels: str = "full", kind: str = "empty") -> Sweep:
    """Settings that leave so many of 20 images empty that show nothing, or that lost their label.

    Images that show the structure and kept it are all found, with 2 ml; what is not left empty is given 1 ml.
    """
    made = Sweep()
    for name, count in learnt.items():
        phi, epsilon = name.split()
        arguments = {"phi": phi, "epsilon": epsilon if epsilon == "mean_volume" else float(epsilon)}
        effect = Effect(f"dice Φ={phi} ε={epsilon}", "dice", phi=phi)
        if phi == "leaf":
            effect = Effect("leaf_dice", "leaf_dice")
        trial = trial_row(f"{labels} {name}", effect, labels=labels, arguments=json.dumps(arguments))
        made.trials.append(trial)
        for number in range(CASES):
            special, left_empty = number < CASES // 2, number < count
            nothing = special and kind == "empty"
            made.cases.append(
                case_row(
                    trial,
                    f"case-{number:02d}",
                    "lesion",
                    dice=None if nothing and left_empty else 0.0 if nothing or left_empty else 0.8,
                    volume_true=0.0 if nothing else 2.0,
                    volume_hard=0.0 if left_empty else 1.0 if special else 2.0,
                    empty_true=nothing,
                    empty_pred=left_empty,
                    label_removed=special and kind == "removed",
                )
            )
    return made


def test_empty_labels() -> None:
    found = empty_findings(tracked(sweep({"image 1e-07": 2, "batch 1e-07": 18, "image mean_volume": 3})))
    plain, batch, large, presence = found
    assert plain.found == "Share left empty: dice Φ=image ε=1e-07 0.10 [0.03, 0.30]"  # Wilson 1927, 2 of 20
    assert batch.found.startswith("Share left empty: dice Φ=batch ε=1e-07 0.90 [0.70, 0.97]. ")  # 18 of 20
    assert "dice Φ=batch ε=1e-07 − dice Φ=image ε=1e-07 +0.800" in batch.found
    assert "+0.050" in large.found
    assert [finding.agreement.value for finding in found] == ["undecided", "agrees", "disagrees", "undecided"]
    # every image with the structure has the larger volume under every setting
    assert presence.found.count(" 1.00 [") == 3
    assert batch.where == "hippocampus, lesion; 20 images that show nothing"


@pytest.mark.parametrize(("left_empty", "agreement"), [(5, "disagrees"), (12, "undecided"), (18, "agrees")])
def test_more_than_the_plain_setting_is_not_yet_most(left_empty: int, agreement: str) -> None:
    _, one, other, _ = empty_findings(
        tracked(sweep({"image 1e-07": 0, "batch 1e-07": 18, "batch mean_volume": left_empty}))
    )
    assert (one.agreement.value, other.agreement.value) == ("agrees", agreement)
    assert "mean_volume" not in one.found


def test_settings_that_all_leave_most_empty_have_all_learnt_it() -> None:
    found = empty_findings(tracked(sweep({"image 1e-07": 18, "batch 1e-07": 18})))
    assert [finding.agreement.value for finding in found] == ["disagrees", "agrees", "undecided"]


def test_areas_that_are_all_one_are_no_less() -> None:
    made = sweep({"image 1e-07": 2, "batch 1e-07": 18})
    many = [{**row, "case": f"{row['case']}-{copy}"} for row in made.cases for copy in range(20)]
    *_, presence = empty_findings(tracked(Sweep(made.trials, many)))
    assert presence.found.count(" 1.00 [") == 2
    assert presence.agreement.value == "disagrees"


def test_missing_labels() -> None:
    lost = sweep({"image 1e-07": 1, "batch 1e-07": 19}, labels=REMOVED, kind="removed")
    full = sweep({"image 1e-07": 0, "batch 1e-07": 0}, labels=BENCHMARK, kind="full")
    found = missing_findings(tracked(Sweep(lost.trials + full.trials, lost.cases + full.cases)))
    stands, benchmark, empties, told = found
    # 19 of 20 found with Dice 0.8, against 1 of 20
    assert "Dice: dice Φ=image ε=1e-07 0.76, dice Φ=batch ε=1e-07 0.04" in stands.found
    assert "+0.720" in stands.found
    assert "−0.040" in benchmark.found
    # one of 20 cases differs, in Dice and in volume: both signs give the same sum
    assert benchmark.found.startswith(
        "Ranks swapped at random, pair by pair, uncorrected: Dice p = 1.00; |ΔV| p = 1.00. "
    )
    assert empties.found.startswith("Share left empty: dice Φ=batch ε=1e-07 0.95 [")
    assert [finding.agreement.value for finding in found] == ["agrees", "undecided", "agrees", "undecided"]
    assert "AUC" in told.found


@pytest.mark.parametrize(("missed", "agreement"), [(1, "agrees"), (9, "disagrees")])
def test_the_plain_setting_beside_a_loss_made_for_missing_labels(missed: int, agreement: str) -> None:
    made = sweep({"image 1e-07": missed, "leaf 1e-07": 1}, labels=REMOVED, kind="removed")
    found = {one.claim: one for one in missing_findings(tracked(made))}
    beside = found["It stands them as well as the losses made for missing labels"]
    assert "dice Φ=image ε=1e-07 − leaf_dice" in beside.found
    assert beside.agreement.value == agreement
    # all 2⁸ signs of eight cases that one setting misses: 2 of 256 are as extreme
    assert ("Dice p = 0.008; |ΔV| p = 0.008" in beside.found) == (missed == 9)


def test_without_as_many_cases_the_removal_stands_beside_full_labels() -> None:
    lost = sweep({"image 1e-07": 1, "batch 1e-07": 19}, labels=REMOVED, kind="removed")
    full = sweep({"image 1e-07": 0, "batch 1e-07": 0}, kind="full")
    claims = [one.claim for one in missing_findings(tracked(Sweep(lost.trials + full.trials, lost.cases + full.cases)))]
    assert "(A question of ours.) It finds them as well as if it had been trained on full labels" in claims
    for case in full.cases:
        case["label"] = "edema"
    claims = [one.claim for one in missing_findings(tracked(Sweep(lost.trials + full.trials, lost.cases + full.cases)))]
    assert not any("full labels" in claim for claim in claims)


def test_a_random_removal_is_no_claim() -> None:
    made = sweep({"image 1e-07": 1, "batch 1e-07": 9}, labels="lesion removed in 50 %", kind="removed")
    assert missing_findings(tracked(made)) == ()


@pytest.mark.parametrize("other", ["image mean_volume", "batch 1e-07"])
def test_settings_of_different_batch_sizes_are_not_compared(other: str) -> None:
    made = sweep({"image 1e-07": 2, other: 18})
    made.trials[1] |= {"batch_size": 8}
    assert [finding.claim for finding in empty_findings(tracked(made))] == [
        "Φ over the image with a negligible ε does not learn to leave them empty"
    ]


def test_what_was_trained_on_full_labels_is_left_to_the_other_grid() -> None:
    lost = sweep({"image 1e-07": 1, "batch 1e-07": 19}, labels=REMOVED, kind="removed")
    full = sweep({"image 1e-07": 2, "batch 1e-07": 18})
    both = tracked(Sweep(lost.trials + full.trials, lost.cases + full.cases))
    titles = ["In plain words", f"hippocampus, lesion, labels {REMOVED}"]
    assert [section.title for section in partial_sections(both)] == titles
    assert partial_sections(tracked(full)) == ()
