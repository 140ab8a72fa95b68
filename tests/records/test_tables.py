from pathlib import Path

import pyarrow as pa
import pytest
from grids import plan_of, tiny_sweep

from segsweep.errors import TableError
from segsweep.records import tables
from segsweep.records.rows import trial_parameters, trial_row
from segsweep.records.schemas import CASES, THRESHOLDS, TRIALS

CASE = {
    **dict.fromkeys(("trial", "dataset", "case", "group", "split", "label", "truth", "unit"), "a"),
    **dict.fromkeys(("fold", "seed", "tp", "fp", "fn"), 0),
    **dict.fromkeys(("volume_true", "volume_soft", "volume_hard", "foreground_fraction", "truth_cut_off", "ece"), 0.5),
    "empty_true": True,
    "empty_pred": False,
    "predicted_at": list(range(101)),
    "true_positive_at": [0] * 101,
}


def trials() -> list[dict[str, object]]:
    text = tiny_sweep(grid=[{"loss": ["ce", "dice+ce"]}, {"loss": "wce", "weight": [[1.0, 2.0]]}])
    return [trial_row(trial, state="finished", seconds=1.5) for trial in plan_of(text).trials]


class TestSchemas:
    @pytest.mark.parametrize(("rows", "schema"), [(trials(), TRIALS), ([CASE], CASES)], ids=["trials", "cases"])
    def test_rows_come_back_as_they_went(
        self, tmp_path: Path, rows: list[dict[str, object]], schema: pa.Schema
    ) -> None:
        path = tmp_path / "table.parquet"
        tables.write(tables.table(rows, schema), path)
        found = tables.read(path, schema)
        assert found.schema.equals(schema, check_metadata=True)
        for row, back in zip(rows, found.to_pylist(), strict=True):
            assert {key: back[key] for key in row} == row
            assert all(back[key] is None for key in set(back) - set(row))

    def test_every_column_says_what_it_means(self) -> None:
        assert all(field.metadata[b"meaning"] for schema in (TRIALS, CASES) for field in schema)

    def test_thresholds_are_the_101_hundredths(self) -> None:
        assert (len(THRESHOLDS), THRESHOLDS[0], THRESHOLDS[30], THRESHOLDS[-1]) == (101, 0.0, 0.3, 1.0)


class TestTable:
    def complaint(self, row: dict[str, object]) -> str:
        with pytest.raises(TableError) as caught:
            tables.table([CASE, row], CASES)
        return str(caught.value)

    def test_an_unknown_column(self) -> None:
        assert self.complaint({**CASE, "iou": 1.0}) == (f"row 1: unknown column 'iou'; known: {', '.join(CASES.names)}")

    def test_a_missing_value(self) -> None:
        assert self.complaint({**CASE, "unit": None}) == "row 1: column 'unit' is empty; it may not be"
        without = {key: value for key, value in CASE.items() if key != "case"}
        assert self.complaint(without) == "row 1: column 'case' is empty; it may not be"

    @pytest.mark.parametrize("wrong", [{"tp": "three"}, {"empty_true": "yes"}, {"predicted_at": 3}, {"fold": 2**40}])
    def test_a_value_of_another_type(self, wrong: dict[str, object]) -> None:
        assert self.complaint({**CASE, **wrong}).startswith("a value does not fit its column: ")

    def test_no_rows_are_a_table_too(self) -> None:
        assert tables.table([], CASES).num_rows == 0


class TestFiles:
    def test_equal_tables_are_identical_files(self, tmp_path: Path) -> None:
        for name in ("a", "b"):
            tables.write(tables.table(trials(), TRIALS), tmp_path / name)
        assert (tmp_path / "a").read_bytes() == (tmp_path / "b").read_bytes()

    def test_a_failed_write_leaves_what_was_there(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        path = tmp_path / "table.parquet"
        tables.write(tables.table([CASE], CASES), path)
        before = path.read_bytes()

        def full(*_: object, **__: object) -> None:
            raise OSError("no space left on device")

        monkeypatch.setattr("pyarrow.parquet.write_table", full)
        with pytest.raises(OSError, match="no space"):
            tables.write(tables.table([CASE, CASE], CASES), path)
        assert path.read_bytes() == before
        assert list(tmp_path.iterdir()) == [path]

    def test_folders_are_made(self, tmp_path: Path) -> None:
        tables.write(tables.table([], CASES), tmp_path / "a" / "b" / "table.parquet")
        assert tables.read(tmp_path / "a" / "b" / "table.parquet", CASES).num_rows == 0

    def test_what_is_no_parquet(self, tmp_path: Path) -> None:
        path = tmp_path / "table.parquet"
        path.write_text("hello")
        with pytest.raises(TableError, match=f"^{path}: cannot be read as parquet: "):
            tables.read(path, CASES)
        with pytest.raises(TableError, match="cannot be read as parquet"):
            tables.read(tmp_path / "none", CASES)

    def test_a_missing_column(self, tmp_path: Path) -> None:
        path = tmp_path / "table.parquet"
        tables.write(tables.table([CASE], CASES).drop_columns(["unit"]), path)
        with pytest.raises(TableError) as caught:
            tables.read(path, CASES)
        assert str(caught.value) == f"{path}: column 'unit' is missing"

    def test_further_columns_are_left_out(self, tmp_path: Path) -> None:
        path = tmp_path / "table.parquet"
        more = tables.table([CASE], CASES).append_column("mine", pa.array([1]))
        tables.write(more, path)
        assert tables.read(path, CASES).column_names == CASES.names

    def test_concatenating_nothing(self) -> None:
        assert tables.concatenate([], CASES).schema.equals(CASES)


class TestParameters:
    def test_sums_and_lists_are_flat_text(self) -> None:
        (trial,) = plan_of(tiny_sweep(grid={"loss": "wce", "weight": [[1.0, 2.0]]})).trials
        found = trial_parameters(trial)
        assert all(isinstance(value, str) for value in found.values())
        expected = {
            "weight": "[1.0, 2.0]",
            "lr": "0.01",
            "warm_start.epochs": "1",
            "phantom_p": "0.3",
            "augment": "none",
        }
        assert found.items() >= expected.items()

    def test_from_scratch_has_no_warm_start(self) -> None:
        trial = plan_of(tiny_sweep(warm_start="none")).trials[0]
        assert not [key for key in trial_parameters(trial) if key.startswith("warm_start")]


def test_an_older_table_lacks_columns_that_may_be_empty(tmp_path: Path) -> None:
    whole = tables.table([CASE], CASES)
    tables.write(whole.drop_columns(["label_removed", "dice"]), tmp_path / "cases.parquet")
    assert tables.read(tmp_path / "cases.parquet", CASES).to_pylist() == whole.to_pylist()
