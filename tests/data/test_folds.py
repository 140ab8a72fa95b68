from collections import Counter
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from segsweep.data.cases import Case
from segsweep.data.folds import shuffled, split_folds, subset
from segsweep.errors import DataError
from segsweep.spec.settings import Folds, Selection
from segsweep.spec.trials import Split

INNER, FOLD = Selection(), Selection(select="fold")


def cases_of(groups: list[str]) -> list[Case]:
    return [Case(f"case {number}", group, (Path("image"),), Path("label"), {}) for number, group in enumerate(groups)]


def split(groups: list[str], k: int, selection: Selection = INNER) -> dict[int, Split]:
    return split_folds(cases_of(groups), Folds(k=k), selection)


GROUPED = st.lists(st.integers(0, 30).map("patient {}".format), min_size=15, max_size=60).filter(
    lambda groups: len(set(groups)) >= 10
)


class TestFolds:
    @given(GROUPED, st.integers(2, 5))
    def test_no_group_is_in_two_parts(self, groups: list[str], k: int) -> None:
        group = {case.id: case.group for case in cases_of(groups)}
        for found in split(groups, k).values():
            parts = [{group[case] for case in part} for part in (found.train, found.inner, found.val)]
            assert sum(map(len, parts)) == len(set.union(*parts)) == len(set(groups))

    @given(GROUPED, st.integers(2, 5))
    def test_every_case_is_evaluated_once_over_all_folds(self, groups: list[str], k: int) -> None:
        evaluated = [case for found in split(groups, k).values() for case in found.val]
        assert sorted(evaluated) == sorted(case.id for case in cases_of(groups))

    @given(GROUPED, st.integers(2, 5))
    def test_every_fold_holds_all_cases_once(self, groups: list[str], k: int) -> None:
        for found in split(groups, k).values():
            assert sorted(found.train + found.inner + found.val) == sorted(case.id for case in cases_of(groups))

    @given(GROUPED, st.randoms(use_true_random=False))
    def test_a_shuffled_list_gives_the_same_folds(self, groups: list[str], random) -> None:  # type: ignore[no-untyped-def]
        cases = cases_of(groups)
        before = split_folds(cases, Folds(k=4), INNER)
        random.shuffle(cases)
        assert split_folds(cases, Folds(k=4), INNER) == before

    @given(GROUPED, st.integers(2, 5))
    def test_folds_differ_by_no_more_than_the_largest_group(self, groups: list[str], k: int) -> None:
        sizes = [len(found.val) for found in split(groups, k).values()]
        assert max(sizes) - min(sizes) <= max(Counter(groups).values())

    def test_only_the_folds_that_are_run_are_split(self) -> None:
        found = split_folds(cases_of([str(number) for number in range(10)]), Folds(k=5, run=(3, 1)), INNER)
        assert list(found) == [3, 1]

    def test_which_folds_are_run_changes_none_of_them(self) -> None:
        cases = cases_of([str(number) for number in range(10)])
        assert split_folds(cases, Folds(k=5, run=(3,)), INNER)[3] == split_folds(cases, Folds(k=5), INNER)[3]

    def test_more_folds_than_groups(self) -> None:
        with pytest.raises(DataError) as caught:
            split(["a", "a", "b"], 5)
        assert str(caught.value) == (
            "5 folds need at least 5 groups; there are 2"
            " (groups are patients or series; `group: none` makes every case its own)"
        )


class TestInner:
    def test_it_is_a_fifth_of_the_training_cases(self) -> None:
        for found in split([str(number) for number in range(100)], 5).values():
            assert (len(found.train), len(found.inner), len(found.val)) == (64, 16, 20)

    @given(GROUPED)
    def test_with_groups_it_misses_its_share_by_half_a_group_at_most(self, groups: list[str]) -> None:
        largest = max(Counter(groups).values())
        for found in split(groups, 3).values():
            wanted = 0.2 * len(found.train + found.inner)
            assert abs(len(found.inner) - wanted) <= largest

    def test_another_share(self) -> None:
        found = split([str(number) for number in range(100)], 5, Selection(share=0.5))[0]
        assert (len(found.train), len(found.inner)) == (40, 40)

    def test_a_share_close_to_all_leaves_a_group_to_train_on(self) -> None:
        found = split([str(number) for number in range(6)], 3, Selection(share=0.99))[0]
        assert (len(found.train), len(found.inner)) == (1, 3)

    def test_select_fold_takes_none(self) -> None:
        found = split([str(number) for number in range(10)], 5, FOLD)[0]
        assert (len(found.train), found.inner, len(found.val)) == (8, (), 2)

    def test_the_evaluation_fold_is_the_same_either_way(self) -> None:
        groups = [str(number) for number in range(20)]
        assert split(groups, 5, FOLD)[2].val == split(groups, 5, INNER)[2].val

    def test_one_training_group_is_too_few(self) -> None:
        with pytest.raises(DataError) as caught:
            split(["a", "b"], 2)
        assert str(caught.value) == (
            "fold 0: one training group is too few to take an inner part from; `split: {select: fold}` chooses the"
            " checkpoint on the evaluation fold"
        )


class TestSubset:
    def test_the_same_cases_whatever_their_order(self) -> None:
        cases = cases_of(["g"] * 30)
        chosen = {case.id for case in subset(cases, 7)}
        assert len(chosen) == 7
        assert {case.id for case in subset(cases[::-1], 7)} == chosen

    def test_they_stay_in_the_order_of_the_dataset(self) -> None:
        cases = cases_of(["g"] * 30)
        chosen = subset(cases, 12)
        assert list(chosen) == [case for case in cases if case in chosen]

    def test_more_cases_are_the_same_and_some_more(self) -> None:
        cases = cases_of(["g"] * 30)
        fewer, more = ({case.id for case in subset(cases, count)} for count in (5, 6))
        assert fewer < more

    def test_a_new_case_displaces_one_at_most(self) -> None:
        cases = cases_of(["g"] * 31)
        before, after = ({case.id for case in subset(some, 10)} for some in (cases[:30], cases))
        assert len(before - after) <= 1

    def test_more_than_there_are(self) -> None:
        with pytest.raises(DataError, match=r"^`cases: 4` asks for more cases than the 3 there are$"):
            subset(cases_of(["g"] * 3), 4)


@given(st.lists(st.text(min_size=1), min_size=2, unique=True))
def test_a_new_name_moves_no_other(names: list[str]) -> None:
    order = shuffled(names, "salt")
    assert [name for name in order if name != names[0]] == shuffled(names[1:], "salt")


def test_another_salt_is_another_order() -> None:
    names = [str(number) for number in range(20)]
    assert shuffled(names, "a") != shuffled(names, "b")
