"""Test sets: how they are named, and that the folds are those of a dataset that never had them."""

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch
from file_trials import CPU, batches_on, trial_on
from grids import tiny_sweep
from tiny_datasets import (
    move_to_test_part,
    write_bids,
    write_decathlon,
    write_nifti,
    write_nnunet,
    write_pictures,
)

from segsweep.data.batches import Batch
from segsweep.data.facts import measure, scan
from segsweep.data.few_cases import open_few
from segsweep.errors import DataError
from segsweep.orchestration.planning import plan_sweep
from segsweep.spec.datasets import FileDataset, parse_datasets
from segsweep.spec.grid import parse_sweep
from segsweep.spec.tiny import made_tiny
from segsweep.spec.trials import Split
from segsweep.training.workload import evaluation_cases

GROUPS = ["p0", "p0", "p1", "p1", "p2", "p3", "p4", "p5", "p6", "p7", "p8", "p8"]
HELD_OUT = {"group": ["p1", "p4", "p8"]}
TEST = tuple(f"case-{number:02d}" for number, group in enumerate(GROUPS) if group in HELD_OUT["group"])


@pytest.fixture
def pictures(tmp_path: Path) -> Path:
    """Twelve cases of nine patients; `age` is the number of a case."""
    return write_pictures(tmp_path / "pictures", len(GROUPS), groups=GROUPS)


def dataset(**block: object) -> FileDataset:
    (found,) = parse_datasets(block, {})
    assert isinstance(found, FileDataset)
    return found


def held_out_of(**block: object) -> tuple[str, ...]:
    return tuple(case.id for case in scan(dataset(**block)).cases if case.test)


def without_test_cases(pictures: Path) -> Path:
    """The dataset as if nobody had ever collected its test set."""
    for case in TEST:
        for kind in ("images", "masks"):
            (pictures / kind / f"{case}.png").unlink()
    return pictures


def splits(folder: Path, grid: dict[str, Any], **block: object) -> dict[int, Split]:
    sweep = parse_sweep(tiny_sweep(datasets={"folder": str(folder), "name": "pictures", **block}, **grid))
    return dict(measure(sweep)["pictures"].splits)


class TestNamed:
    @pytest.mark.parametrize(
        ("where", "expected"),
        [
            (HELD_OUT, TEST),
            ({"age": 4}, ("case-04",)),
            ({"id": ["case-05", "case-06"]}, ("case-05", "case-06")),
            ({"group": ["p2", "p3"], "age": [5, 6, 7]}, ("case-05",)),
        ],
        ids=str,
    )
    def test_by_what_is_known_of_the_cases(self, pictures: Path, where: object, expected: tuple[str, ...]) -> None:
        assert held_out_of(folder=str(pictures), test=where) == expected

    def test_by_the_participants_of_bids(self, tmp_path: Path) -> None:
        assert held_out_of(
            bids={"path": str(write_bids(tmp_path, 3)), "images": "T1w"}, test={"subject": "sub-02"}
        ) == (
            "sub-02_ses-1",
            "sub-02_ses-2",
        )

    @pytest.mark.parametrize("source", ["nnunet", "msd", "datalist"])
    def test_as_the_source_has_it(self, tmp_path: Path, source: str) -> None:
        write = write_nnunet if source == "nnunet" else write_decathlon
        folder = write(tmp_path / "set", 6)
        path = folder / "dataset.json" if source == "datalist" else folder
        before = scan(dataset(**{source: str(path)}))
        held_out = ("case_001", "case_004")
        if source == "datalist":
            described = json.loads(path.read_text())
            described["testing"] = [described["training"].pop(number) for number in (4, 1)]
            path.write_text(json.dumps(described))
        else:
            move_to_test_part(folder, held_out)
        assert held_out_of(**{source: str(path)}, test="own") == held_out
        found = scan(dataset(**{source: str(path)}, test="own"))
        assert [case.id for case in found.cases] == [case.id for case in before.cases]
        assert [[image.name for image in case.images] for case in found.cases] == [
            [image.name for image in case.images] for case in before.cases
        ]
        left = [case.id for case in scan(dataset(**{source: str(path)})).cases]
        assert left == [case.id for case in before.cases if case.id not in held_out]


class TestRefused:
    def complaint(self, **block: object) -> str:
        with pytest.raises(DataError) as caught:
            scan(dataset(**block))
        return str(caught.value)

    @pytest.mark.parametrize(
        ("where", "expected"),
        [
            ({"splt": "test"}, "no column 'splt'; columns: group, age, id"),
            (
                {"group": ["p1", "p9"]},
                "no case has 'p9' in column 'group'; values: p0, p1, p2, p3, p4, p5, p6, p7, p8",
            ),
            ({"id": "case-99"}, "no case has 'case-99' in column 'id'"),
            ({"group": "p1", "age": 0}, "no case is where group=p1, age=0"),
            ({"group": [f"p{n}" for n in range(9)]}, "every case is in the test set, so that none is left to train on"),
            (
                {"id": "case-00"},
                "group 'p0' is in the test set and outside it; `group: none` makes every case its own",
            ),
        ],
        ids=str,
    )
    def test_cases_that_are_no_test_set(self, pictures: Path, where: object, expected: str) -> None:
        assert self.complaint(folder=str(pictures), test=where) == f"{pictures}: test: {expected}"

    def test_one_name_on_both_sides(self, tmp_path: Path) -> None:
        folder = move_to_test_part(write_nnunet(tmp_path, 4, channels=1), ("case_003",))
        for kind, number in (("images", "_0000"), ("labels", "")):
            moved = folder / f"{kind}Ts" / f"case_003{number}.nii.gz"
            moved.rename(moved.with_name(f"case_000{number}.nii.gz"))
        assert self.complaint(nnunet=str(folder), test="own") == (
            f"{folder}: test: case 'case_000' is there twice, in the test part and outside it"
        )

    def test_a_test_part_without_labels(self, tmp_path: Path) -> None:
        nnunet = move_to_test_part(write_nnunet(tmp_path / "nnunet", 4), ("case_003",))
        msd = move_to_test_part(write_decathlon(tmp_path / "msd", 4), ("case_003",))
        for folder in (nnunet, msd):
            (folder / "labelsTs" / "case_003.nii.gz").unlink()
            (folder / "labelsTs").rmdir()
        assert self.complaint(nnunet=str(nnunet), test="own").startswith(f"{nnunet}/labelsTs: no such folder; ")
        assert self.complaint(msd=str(msd), test="own") == (
            f"case case_003: {msd}/labelsTs/case_003.nii.gz is missing, though `test: own` needs it"
        )

    def test_a_list_without_a_test_part(self, tmp_path: Path) -> None:
        path = write_decathlon(tmp_path, 4) / "dataset.json"
        assert self.complaint(datalist=str(path), test="own") == f"{path}: `testing` lists no case"
        assert self.complaint(msd=str(tmp_path), test="own") == f"{path}: `test` lists no case"


THREE_FOLDS = {"folds": {"k": 3, "run": "all"}}


class TestFolds:
    def test_they_are_those_of_a_dataset_without_the_test_cases(self, pictures: Path) -> None:
        found = splits(pictures, THREE_FOLDS, test=HELD_OUT)
        alone = splits(without_test_cases(pictures), THREE_FOLDS)
        assert len(found) == 3
        assert found == {fold: replace(split, test=TEST) for fold, split in alone.items()}

    @pytest.mark.parametrize("given", ["splits_final.json", "folds.csv", "fold"])
    def test_so_are_given_ones(self, pictures: Path, given: str) -> None:
        fold_of = {f"case-{number:02d}": int(group[1:]) % 3 for number, group in enumerate(GROUPS)}
        dealt = {case: fold for case, fold in fold_of.items() if case not in TEST}
        (pictures / "meta.csv").write_text(
            "".join(
                ["id,group,fold\n"]
                + [f"{case},{group},{dealt.get(case, 'test')}\n" for case, group in zip(fold_of, GROUPS, strict=True)]
            )
        )
        (pictures / "folds.csv").write_text("".join(["id,fold\n", *(f"{case},{dealt[case]}\n" for case in dealt)]))
        parts = [
            {
                "train": [case for case in dealt if dealt[case] != fold],
                "val": [case for case in dealt if dealt[case] == fold],
            }
            for fold in range(3)
        ]
        (pictures / "splits_final.json").write_text(json.dumps(parts))
        grid = {**THREE_FOLDS, "split": {"select": "fold"}}
        found = splits(pictures, grid, test=HELD_OUT, splits=given)
        assert found == {
            fold: Split(tuple(part["train"]), (), tuple(part["val"]), TEST) for fold, part in enumerate(parts)
        }

    @pytest.mark.parametrize(
        ("given", "expected"),
        [
            ("splits_final.json", "fold 1: case 'case-06' of the test set is in train"),
            ("fold", "fold 2: case 'case-06' of the test set is in val"),
        ],
    )
    def test_a_test_case_in_a_fold_is_refused(self, pictures: Path, given: str, expected: str) -> None:
        names = [f"case-{number:02d}" for number in range(12)]
        rest = [case for case in names if case not in TEST]
        parts = [{"train": rest[2:], "val": rest[:2]}, {"train": [*rest[:2], "case-06"], "val": rest[2:]}]
        (pictures / "splits_final.json").write_text(json.dumps(parts))
        rows = [f"{case},{int(GROUPS[number][1:]) % 3}" for number, case in enumerate(names)]
        rows = [row if row[:7] not in TEST or row[:7] == "case-06" else f"{row[:7]}," for row in rows]
        rows[6] = "case-06,2"
        (pictures / "meta.csv").write_text("\n".join(["id,fold", *rows, ""]))
        k = 2 if given.endswith("json") else 3
        where = pictures / given if given.endswith("json") else given
        with pytest.raises(DataError) as caught:
            splits(pictures, {"folds": {"k": k}}, test={"id": list(TEST)}, splits=given)
        assert str(caught.value) == f"{pictures}: {where}: {expected}"

    def test_of_fewer_cases_each_side_keeps_its_share(self, pictures: Path) -> None:
        found = scan(dataset(folder=str(pictures), test=HELD_OUT, cases=7)).cases
        assert (len(found), [case.id for case in found if case.test]) == (7, sorted(set(TEST) & {c.id for c in found}))
        assert sum(case.test for case in found) == round(7 * len(TEST) / 12)

    def test_a_tiny_sweep_keeps_it(self, pictures: Path) -> None:
        block = {"folder": str(pictures), "name": "pictures", "test": HELD_OUT}
        (split,) = measure(parse_sweep(made_tiny(tiny_sweep(datasets=block))))["pictures"].splits.values()
        assert split.test == TEST


class TestIdentity:
    def test_a_test_set_makes_other_trials(self, pictures: Path) -> None:
        sets = [None, HELD_OUT, {"group": "p1"}, {"group": ["p1", "p8"]}]
        trials = [trial_on(pictures, dataset={} if where is None else {"test": where}) for where in sets]
        assert len({trial.id for trial in trials}) == len(sets)

    def test_the_way_it_is_named_does_not(self, pictures: Path) -> None:
        one, other = ({"test": where} for where in (HELD_OUT, {"id": list(TEST)}))
        assert trial_on(pictures, dataset=one).id == trial_on(pictures, dataset=other).id


def seen(batches: Any) -> list[Batch]:
    """Everything that training is shown: two epochs of both phases, and what chooses the checkpoint."""
    shown = [batch for phase in ("warm start", "loss") for number in (1, 2) for batch in batches.epoch(phase, number)]
    return [*shown, *batches.selection()]


@pytest.mark.parametrize(
    "changes",
    [
        {"augment": "bertels2019"},
        {"labels": {"fraction": 0.6}, "split": {"select": "fold"}},
        {"labels": {"oversample": {"where": {"group": "p0"}, "times": 2}}},
        {"dataset": {"resize": [24, 24], "patch": [16, 16]}, "augment": "bertels2019"},
    ],
    ids=str,
)
def test_training_sees_what_it_would_see_had_there_been_no_test_case(pictures: Path, changes: dict[str, Any]) -> None:
    block = changes.get("dataset", {})
    held = batches_on(pictures, **{**changes, "dataset": {**block, "test": HELD_OUT}})
    shown, judged, inner = seen(held), list(held.evaluation()), {case.id for case in held.inner()}
    alone = batches_on(without_test_cases(pictures), **{**changes, "dataset": dict(block)})
    assert len(shown) > 4
    for one, other in zip(shown, seen(alone), strict=True):
        assert torch.equal(one.images, other.images)
        assert torch.equal(one.targets, other.targets)
    assert held.statistics == alone.statistics
    assert inner == {case.id for case in alone.inner()}
    assert tuple(case.id for case in judged if case.split == "test") == TEST
    assert [(case.id, case.split) for case in judged if case.split != "test"] == [
        (case.id, case.split) for case in alone.evaluation()
    ]


def test_a_short_look_at_undecoded_cases_judges_some_of_them(pictures: Path) -> None:
    trial = trial_on(pictures, dataset={"test": HELD_OUT})
    with open_few(trial, CPU) as (batches, held, _):
        judged = [case.id for case in batches.evaluation() if case.split == "test"]
    assert tuple(judged) == held.split.test == TEST[:4]
    assert evaluation_cases(trial) == len(GROUPS)


def test_a_sweep_says_how_many_cases_it_keeps(pictures: Path, capsys: pytest.CaptureFixture[str]) -> None:
    from segsweep.terminal.verbs import print_plan

    block = {"folder": str(pictures), "name": "pictures", "test": HELD_OUT}
    grid = pictures.parent / "grid.yaml"
    grid.write_text(tiny_sweep(datasets=block))
    print_plan(plan_sweep(grid))
    assert "pictures: a test set of 5 cases, which no fold has and every trial is judged by" in capsys.readouterr().out


def test_extra_image_of_the_test_part_is_named(tmp_path: Path) -> None:
    folder = move_to_test_part(write_nnunet(tmp_path, 4, channels=1), ("case_003",))
    write_nifti(folder / "imagesTs" / "case_009_0000.nii.gz", torch.zeros(8, 8, 8).numpy())
    with pytest.raises(DataError, match=f"^case case_009: no label of this name in {folder}/labelsTs$"):
        scan(dataset(nnunet=str(folder), test="own"))
