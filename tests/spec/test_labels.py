"""Which label a network is trained on."""

import pytest
from pydantic import ValidationError

from segsweep.spec.labels import LabelPolicy

CASES = [f"case-{number}" for number in range(2000)]


def policy(**keys: object) -> LabelPolicy:
    return LabelPolicy.model_validate(keys)


def test_full_is_the_default() -> None:
    assert LabelPolicy.model_validate("full") == LabelPolicy()
    assert LabelPolicy().name == "full"


def test_removal_by_column_takes_every_listed_value() -> None:
    removal = policy(remove="lesion", where={"cls": ["malignant", "benign"], "n_masks": 1})
    assert removal.removes("lesion", "a", {"cls": "benign", "n_masks": "1"})
    assert not removal.removes("lesion", "a", {"cls": "benign", "n_masks": "2"})
    assert not removal.removes("lesion", "a", {"cls": "normal", "n_masks": "1"})
    assert not removal.removes("lesion", "a", {})
    assert not removal.removes("organ", "a", {"cls": "benign", "n_masks": "1"})


def test_all_stands_for_every_label() -> None:
    assert policy(remove="all", where={"cls": "x"}).removes("anything", "a", {"cls": "x"})


def test_a_share_of_cases_is_a_function_of_their_ids_alone() -> None:
    removal = policy(remove="lesion", share=0.3)
    removed = {case for case in CASES if removal.removes("lesion", case, {})}
    assert removed == {case for case in reversed(CASES) if policy(remove="all", share=0.3).removes("lesion", case, {})}
    # binomial: five standard deviations of 2000 draws at 0.3
    assert abs(len(removed) / len(CASES) - 0.3) < 5 * (0.3 * 0.7 / len(CASES)) ** 0.5
    assert removed < {case for case in CASES if policy(remove="lesion", share=0.6).removes("lesion", case, {})}
    assert all(policy(remove="lesion", share=1).removes("lesion", case, {}) for case in CASES)


def test_names_tell_policies_apart() -> None:
    policies = [
        policy(),
        policy(smooth=0.1),
        *(policy(raters=whose) for whose in ("mean", "majority", "random")),
        policy(remove="lesion", where={"cls": "malignant"}),
        policy(remove="lesion", where={"cls": ["malignant", "benign"]}),
        policy(remove="all", where={"cls": "malignant"}),
        policy(remove="lesion", share=0.3),
        policy(remove="lesion", share=0.3, smooth=0.1),
        policy(fraction=0.3),
        policy(as_many_as={"remove": "lesion", "share": 0.3}),
        policy(oversample={"where": {"cls": "malignant"}, "times": 3}),
        policy(oversample={"where": {"cls": "malignant"}, "times": 2}),
        policy(oversample={"where": {"cls": "malignant"}, "times": 2}, remove="lesion", share=0.3),
    ]
    assert len({each.name for each in policies}) == len(policies)


def test_only_means_and_smoothing_are_soft() -> None:
    assert policy(raters="mean").soft
    assert policy(smooth=0.1).soft
    assert not policy(raters="random").soft
    assert not policy(remove="all", share=0.5).soft


@pytest.mark.parametrize(
    ("keys", "complaint"),
    [
        ({"where": {"cls": "x"}}, "name it by `remove`"),
        ({"share": 0.3}, "name it by `remove`"),
        ({"remove": "lesion"}, "takes either"),
        ({"remove": "lesion", "share": 0.3, "where": {"cls": "x"}}, "takes either"),
        ({"remove": "lesion", "share": 0.3, "raters": "mean"}, "one label a case"),
        ({"remove": "lesion", "share": 0}, "greater than 0"),
        ({"fraction": 1}, "less than 1"),
        ({"fraction": 0}, "greater than 0"),
        ({"as_many_as": {"remove": "lesion"}}, "takes either"),
        ({"as_many_as": {"remove": "lesion", "share": 0.3}, "fraction": 0.5}, "no `remove`, no `fraction`"),
        ({"as_many_as": {"remove": "lesion", "share": 0.3}, "raters": "mean"}, "one label a case"),
        ({"oversample": {"where": {"cls": "x"}, "times": 1}}, "greater than or equal to 2"),
        ({"oversample": {"where": {}, "times": 2}}, "at least 1 item"),
        ({"smooth": 1}, "less than 1"),
        ({"raters": "median"}, "'mean', 'majority' or 'random'"),
    ],
)
def test_contradictions_are_refused(keys: dict[str, object], complaint: str) -> None:
    with pytest.raises(ValidationError, match=complaint):
        policy(**keys)


def test_a_key_that_is_left_out_is_no_part_of_the_identity() -> None:
    assert set(policy(remove="lesion", share=0.3).identity()) == {"raters", "smooth", "remove", "where", "share"}
    assert policy(fraction=0.3).identity() != policy().identity()
