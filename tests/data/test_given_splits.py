"""Splits that come with a dataset."""

import json
from pathlib import Path

import pytest

from segsweep.data.cases import Case
from segsweep.data.given_splits import given_splits
from segsweep.errors import DataError
from segsweep.spec.settings import Folds, Selection

FOLD_OF = {"a": "0", "b": "1", "c": "2", "d": "0", "e": "1", "f": "2"}
ON_FOLD = Selection(select="fold")


def cases(groups: dict[str, str] | None = None, among: str = "abcdef") -> list[Case]:
    own = groups or {}
    return [Case(name, own.get(name, name), (), Path(), {"fold": FOLD_OF[name]}) for name in among]


def write_nnunet_splits(folder: Path) -> list[dict[str, list[str]]]:
    splits = [
        {
            "train": [name for name, own in FOLD_OF.items() if own != str(fold)],
            "val": [name for name, own in FOLD_OF.items() if own == str(fold)],
        }
        for fold in range(3)
    ]
    (folder / "splits_final.json").write_text(json.dumps(splits))
    return splits


def write_table(folder: Path) -> None:
    (folder / "folds.csv").write_text("\n".join(["id,fold", *(f"{case},{fold}" for case, fold in FOLD_OF.items()), ""]))


@pytest.mark.parametrize("splits", ["splits_final.json", "folds.csv", "fold"])
def test_three_ways_to_say_the_same(tmp_path: Path, splits: str) -> None:
    expected = write_nnunet_splits(tmp_path)
    write_table(tmp_path)
    found = given_splits(cases(), splits, tmp_path, Folds(k=3), ON_FOLD)
    for fold, parts in enumerate(expected):
        assert (found[fold].train, found[fold].inner, found[fold].val) == (
            tuple(parts["train"]),
            (),
            tuple(parts["val"]),
        )


def test_the_inner_part_is_taken_from_the_training_groups(tmp_path: Path) -> None:
    groups = {"b": "one", "c": "one"}
    found = given_splits(cases(groups), "fold", tmp_path, Folds(k=3, run=(0,)), Selection(share=0.3))[0]
    assert found.val == ("a", "d")
    assert sorted(found.train + found.inner) == ["b", "c", "e", "f"]
    assert found.inner
    assert {"b", "c"} <= set(found.train) or {"b", "c"} <= set(found.inner)


def test_of_some_cases_the_split_is_theirs(tmp_path: Path) -> None:
    write_nnunet_splits(tmp_path)
    found = given_splits(cases(among="abc"), "splits_final.json", tmp_path, Folds(k=3), ON_FOLD)
    assert (found[0].train, found[0].val) == (("b", "c"), ("a",))


def complaint(folder: Path, splits: str, some: list[Case], k: int = 3) -> str:
    with pytest.raises(DataError) as caught:
        given_splits(some, splits, folder, Folds(k=k), ON_FOLD)
    return str(caught.value)


class TestWhatIsWrong:
    def test_another_number_of_folds(self, tmp_path: Path) -> None:
        assert complaint(tmp_path, "fold", cases(), k=5) == "fold: 3 folds, but `folds: {k: 5}`"

    def test_a_case_that_no_fold_knows(self, tmp_path: Path) -> None:
        write_nnunet_splits(tmp_path)
        more = [*cases(), Case("new", "new", (), Path(), {})]
        assert complaint(tmp_path, "splits_final.json", more) == (
            f"{tmp_path}/splits_final.json: fold 0: case 'new' is in neither part; `test` names cases of no fold"
        )
        assert complaint(tmp_path, "fold", more) == "fold: case 'new' has no fold, a number from 0 up: ''"

    def test_a_group_on_both_sides(self, tmp_path: Path) -> None:
        assert complaint(tmp_path, "fold", cases({"a": "patient", "b": "patient"})) == (
            "fold: fold 0: group 'patient' is in both parts; `group: none` makes every case its own"
        )

    def test_a_case_on_both_sides(self, tmp_path: Path) -> None:
        splits = write_nnunet_splits(tmp_path)
        splits[1]["train"].append("e")
        (tmp_path / "splits_final.json").write_text(json.dumps(splits))
        assert complaint(tmp_path, "splits_final.json", cases()) == (
            f"{tmp_path}/splits_final.json: fold 1: case 'e' is in both parts"
        )

    def test_a_fold_without_cases(self, tmp_path: Path) -> None:
        assert complaint(tmp_path, "fold", cases(among="ac")) == "fold: fold 1: no case to evaluate on"

    @pytest.mark.parametrize(
        ("text", "expected"),
        [
            ("{}", "a list with {train: [case, …], val: [case, …]} for each fold"),
            ('[{"train": []}]', "a list with {train: [case, …], val: [case, …]} for each fold"),
        ],
    )
    def test_another_kind_of_json(self, tmp_path: Path, text: str, expected: str) -> None:
        (tmp_path / "s.json").write_text(text)
        assert complaint(tmp_path, "s.json", cases()) == f"{tmp_path}/s.json: {expected}"

    @pytest.mark.parametrize("name", ["s.json", "s.csv"])
    def test_no_such_file(self, tmp_path: Path, name: str) -> None:
        assert complaint(tmp_path, name, cases()) == f"{tmp_path}/{name}: no such file"
