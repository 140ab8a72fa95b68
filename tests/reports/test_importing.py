import json
import re
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from segsweep.errors import TableError
from segsweep.reports.importing.case_file import read_case_file
from segsweep.reports.importing.nnunet import read_nnunet
from segsweep.reports.report import Report, build_report
from segsweep.reports.scores import Estimator
from segsweep.reports.writing import to_html, to_markdown
from segsweep.spec.report_settings import ReportSettings

FAST = ReportSettings(resamples=499)

PLAIN = "setting,case,dice\nce,a,0.5\nce,b,0.7\ndice,a,0.6\ndice,b,0.9\n"
FULL = (
    "setting,dataset,case,group,label,fold,seed,dice,volume_true,volume_hard,volume_soft,unit,site\n"
    "ce,liver,a,p1,tumour,0.0,1,0.5,1.0,1.5,1.25,ml,north\n"
    "ce,liver,b,p2,tumour,1,1,,0,0,0.5,ml,south\n"
)


def written(folder: Path, text: str, name: str = "cases.csv") -> Path:
    path = folder / name
    path.write_text(text, encoding="utf-8")
    return path


def report_of(path: Path) -> Report:
    return build_report(*read_case_file(path), FAST, name="imported")


def test_three_columns_are_enough_for_a_comparison(tmp_path: Path) -> None:
    report = report_of(written(tmp_path, PLAIN))
    (panel,) = report.panels
    assert panel.panel.key.dataset == "cases"
    assert [mean.estimate for mean in panel.estimates.dice] == pytest.approx([0.6, 0.75])
    assert panel.estimates.jaccard[0].estimate == pytest.approx((0.5 / 1.5 + 0.7 / 1.3) / 2)
    assert panel.pairs.gain(1, 0).estimate == pytest.approx(0.15)
    assert "Volume bias" not in to_markdown(report)
    assert to_html(report).endswith("</html>\n")


def test_every_known_column_is_read(tmp_path: Path) -> None:
    (item,) = report_of(written(tmp_path, FULL)).panels
    panel = item.panel
    assert (panel.key.dataset, panel.key.label, panel.unit) == ("liver", "tumour", "ml")
    assert panel.groups == ("p1", "p2")
    assert list(panel.fold) == [0, 1]
    assert panel.repeats == ("seed 1",)
    assert item.estimates.dice[0].n == 1
    assert item.estimates.errors[Estimator.HARD][0].estimate == pytest.approx(0.25)
    assert item.estimates.errors[Estimator.SOFT][0].estimate == pytest.approx(0.375)
    assert panel.results.cases_table["meta"].to_pylist() == ['{"site": "north"}', '{"site": "south"}']
    assert panel.results.cases_table["empty_true"].to_pylist() == [False, True]


def test_parquet_and_csv_give_the_same_tables(tmp_path: Path) -> None:
    rows = [dict(zip(FULL.splitlines()[0].split(","), line.split(","), strict=True)) for line in FULL.splitlines()[1:]]
    pq.write_table(pa.Table.from_pylist(rows), tmp_path / "cases.parquet")
    from_csv, from_parquet = read_case_file(written(tmp_path, FULL)), read_case_file(tmp_path / "cases.parquet")
    for one, two in zip(from_csv, from_parquet, strict=True):
        assert str(one.to_pylist()) == str(two.to_pylist())  # as words: two unknown numbers are equal


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("setting,case\nce,a\n", "column 'dice' is missing; required: setting, case, dice"),
        ("setting,case,dice\n", "holds no row"),
        ("setting,case,dice\nce,a,0.5\nce,b,high\n", "row 2, column 'dice': 'high' is not a number"),
        ("setting,case,dice\nce,a,82.5\n", "row 1, column 'dice': 82.5 is not between 0 and 1"),
        ("setting,case,dice\n,a,0.5\n", "row 1, column 'setting': is empty"),
        ("setting,case,dice,volume_true\nce,a,0.5,-1\n", "row 1, column 'volume_true': -1 is below 0"),
        ("setting,case,dice,volume_true\nce,a,0.5,inf\n", "row 1, column 'volume_true': 'inf' is not finite"),
        ("setting,case,dice,unit\nce,a,0.5,litre\n", "row 1, column 'unit': 'litre' is not one of ml, mm2, px"),
        ("setting,case,dice,fold\nce,a,0.5,first\n", "row 1, column 'fold': 'first' is not a whole number"),
    ],
)
def test_a_bad_file_is_one_line_that_names_column_and_row(tmp_path: Path, text: str, message: str) -> None:
    with pytest.raises(TableError) as found:
        read_case_file(written(tmp_path, text))
    assert message in str(found.value)
    assert "\n" not in str(found.value)


def test_other_files_are_refused(tmp_path: Path) -> None:
    with pytest.raises(TableError, match=r"neither \.csv nor \.parquet"):
        read_case_file(written(tmp_path, PLAIN, "cases.txt"))
    with pytest.raises(TableError, match="cannot be read"):
        read_case_file(tmp_path / "missing.csv")
    with pytest.raises(TableError, match="cannot be read"):
        read_case_file(written(tmp_path, "no parquet", "cases.parquet"))


def counts(tp: int, fp: int, fn: int) -> dict[str, float]:
    union = tp + fp + fn
    dice = 2 * tp / (2 * tp + fp + fn) if union else float("nan")
    return {"Dice": dice, "TP": tp, "FP": fp, "FN": fn, "TN": 1000 - union, "n_pred": tp + fp, "n_ref": tp + fn}


def nnunet_summary(folder: Path, members: dict[str, dict[str, float]]) -> None:
    entries = [
        {
            "prediction_file": f"/results/{case}.nii.gz",
            "reference_file": f"/labels/{case}.nii.gz",
            "metrics": {"1": found},
        }
        for case, found in members.items()
    ]
    folder.mkdir(parents=True)
    summary = {"foreground_mean": {}, "mean": {}, "metric_per_case": entries}
    (folder / "summary.json").write_text(json.dumps(summary))


def nnunet_folder(root: Path) -> Path:
    cases = {0: {"a": counts(80, 20, 20), "b": counts(0, 0, 0)}, 1: {"c": counts(50, 0, 50), "d": counts(0, 30, 0)}}
    for trainer, extra in (("Plain__nnUNetPlans__3d_fullres", 0), ("Dice__nnUNetPlans__3d_fullres", 10)):
        for fold, members in cases.items():
            scored = {case: counts(at["TP"], at["FP"] + extra, at["FN"]) for case, at in members.items()}
            nnunet_summary(root / "Dataset001_Liver" / trainer / f"fold_{fold}" / "validation", scored)
    return root


def test_nnunet_folds_are_pooled_and_volumes_counted(tmp_path: Path) -> None:
    report = build_report(*read_nnunet(nnunet_folder(tmp_path)), FAST, name="imported")
    (item,) = report.panels
    panel = item.panel
    assert (panel.key.dataset, panel.key.label, panel.unit) == ("Dataset001_Liver", "1", "px")
    assert panel.settings == ("Dice__nnUNetPlans__3d_fullres", "Plain__nnUNetPlans__3d_fullres")
    assert panel.cases == ("a", "b", "c", "d")
    assert list(panel.fold) == [0, 0, 1, 1]
    plain = item.estimates.dice[1]
    assert plain.n == 2
    assert plain.estimate == pytest.approx((160 / 200 + 100 / 150) / 2)
    assert item.estimates.errors[Estimator.HARD][1].estimate == pytest.approx((0 + 0 - 50 + 30) / 4)
    assert item.estimates.errors[Estimator.SOFT][1].n == 0
    assert item.presence is not None
    assert item.presence.rows[1].left_empty.estimate == pytest.approx(0.5)
    text = to_markdown(report)
    assert "2 cases with an empty truth: left out of Dice" in text
    assert not re.search(r"\| soft +\|", text)


PLAIN_TRAINER = Path("Dataset001_Liver") / "Plain__nnUNetPlans__3d_fullres"
BESIDE_THE_FOLDS = (
    "Dataset001_Liver/Plain__nnUNetPlans__3d_fullres/crossval_results_folds_0_1",
    "Dataset001_Liver/Plain__nnUNetPlans__3d_fullres/crossval_results_folds_0_1/postprocessed",
    "Dataset001_Liver/Plain__nnUNetPlans__3d_fullres/fold_0/validation/postprocessed",
    "Dataset001_Liver/Plain__nnUNetPlans__3d_fullres/fold_all/validation",
    "Dataset001_Liver/ensembles/ensemble___Plain___Dice___0_1",
)
"""Folders in which nnU-Net scores the cases of the folds once more."""


def test_nnunet_folds_are_taken_and_nothing_beside_them(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    folds = read_nnunet(nnunet_folder(tmp_path))
    assert caplog.messages == []
    for place in BESIDE_THE_FOLDS:
        nnunet_summary(tmp_path / place, {"a": counts(99, 1, 0), "c": counts(99, 0, 1)})
    for found, expected in zip(read_nnunet(tmp_path), folds, strict=True):
        assert str(found.to_pylist()) == str(expected.to_pylist())  # as words: two unknown numbers are equal
    assert caplog.messages == [f"{tmp_path}: left out, as it is no validation fold: {', '.join(BESIDE_THE_FOLDS)}"]


def test_nnunet_summaries_that_are_no_folds_are_settings(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    for place in ("liver/one", "liver/two", "liver/fold_all/validation"):
        nnunet_summary(tmp_path / place, {"a": counts(80, 20, 20)})
    trials, _ = read_nnunet(tmp_path)
    named = [(row["dataset"], row["setting"], row["fold"]) for row in trials.to_pylist()]
    assert named == [("liver", "one", 0), ("liver", "two", 0)]
    assert caplog.messages == [f"{tmp_path}: left out, as it is no validation fold: liver/fold_all/validation"]


def test_nnunet_scores_on_training_cases_are_refused(tmp_path: Path) -> None:
    nnunet_summary(tmp_path / PLAIN_TRAINER / "fold_all" / "validation", {"a": counts(80, 20, 20)})
    with pytest.raises(TableError) as found:
        read_nnunet(tmp_path)
    assert str(found.value) == f"{tmp_path}: every summary.json below it is of fold_all, on its training cases"


def test_a_nnunet_fold_is_named_by_its_folders_also_from_within(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(nnunet_folder(tmp_path) / PLAIN_TRAINER / "fold_1")
    (trial,) = read_nnunet(Path())[0].to_pylist()
    assert (trial["dataset"], trial["setting"], trial["fold"]) == (*PLAIN_TRAINER.parts, 1)


def test_nnunet_cases_may_have_dots_in_their_names(tmp_path: Path) -> None:
    cases = {f"1.3.6.1.4.{number:03d}": counts(80, number, 20) for number in (1, 2)}
    nnunet_summary(tmp_path / PLAIN_TRAINER / "fold_0" / "validation", cases)
    report = build_report(*read_nnunet(tmp_path), FAST, name="imported")
    assert report.panels[0].panel.cases == tuple(cases)


@pytest.mark.parametrize("file", ["/results/a.b.nii.gz", "C:\\results\\a.b.nii.gz", "a.b.png", "a.b.nrrd"])
def test_a_nnunet_case_is_its_file_without_folder_and_suffix(tmp_path: Path, file: str) -> None:
    entry = {"prediction_file": file, "metrics": {"1": counts(1, 1, 1)}}
    written(tmp_path, json.dumps({"metric_per_case": [entry]}), "summary.json")
    assert read_nnunet(tmp_path)[1]["case"].to_pylist() == ["a.b"]


def test_nnunet_errors_name_file_case_and_label(tmp_path: Path) -> None:
    with pytest.raises(TableError, match=r"no summary\.json below it"):
        read_nnunet(tmp_path)
    path = written(tmp_path, "{}", "summary.json")
    with pytest.raises(TableError, match=r"not a summary\.json of nnU-Net"):
        read_nnunet(tmp_path)
    entry = {"prediction_file": "x.nii.gz", "metrics": {"1": counts(1, 1, 1) | {"n_ref": 7}}}
    path.write_text(json.dumps({"metric_per_case": [entry]}))
    with pytest.raises(TableError, match=r"summary\.json, case 'x', label '1': TP, FP and FN contradict"):
        read_nnunet(tmp_path)
