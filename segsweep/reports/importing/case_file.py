"""A CSV or parquet file with one row per case and setting, from whatever made it."""

import csv
import math
import re
from collections.abc import Iterator, Mapping
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from segsweep.errors import TableError
from segsweep.records.schemas import SPLITS, UNITS
from segsweep.reports.importing.foreign_rows import UNKNOWN, ForeignCase, foreign_tables

REQUIRED = ("setting", "case", "dice")
WORDS = ("dataset", "group", "label", "loss", "truth")
SHARES = ("dice", "jaccard", "nsd", "ece", "foreground_fraction")
SIZES = ("hd95", "assd", "volume_true", "volume_soft", "volume_hard")
WHOLE = ("fold", "seed")
KNOWN = (*REQUIRED, *WORDS, *SHARES[1:], *SIZES, *WHOLE, "split", "unit")
"""Further columns are taken as facts about the case and make subgroups."""


def read_case_file(path: Path) -> tuple[pa.Table, pa.Table]:
    """The trials and the cases table of a file.

    Required columns are `setting`, `case` and `dice`; an empty `dice` means that truth and prediction are both empty.
    `jaccard` follows from Dice where it is missing. `dataset` is the file's name, `label` is `foreground`, `group` the
    case, `unit` px and `fold` and `seed` 0 where left out.

    Args:
        path: ends in .csv or .parquet.

    Raises:
        TableError: the file cannot be read or a value cannot be used; names the column and the row, counted from 1
            without the heading.
    """
    rows = list(_rows(path))
    if not rows:
        raise TableError(f"{path}: holds no row")
    if missing := [name for name in REQUIRED if name not in rows[0]]:
        raise TableError(
            f"{path}: column {missing[0]!r} is missing; required: {', '.join(REQUIRED)}; known: {', '.join(KNOWN)}"
        )
    return foreign_tables(_case(path, number, row) for number, row in enumerate(rows, start=1))


def _rows(path: Path) -> Iterator[dict[str, str]]:
    """Rows as words; an empty word where there is no value."""
    try:
        if path.suffix == ".parquet":
            for row in pq.read_table(path).to_pylist():
                yield {name: "" if value is None else str(value) for name, value in row.items()}
        elif path.suffix == ".csv":
            with path.open(encoding="utf-8-sig", newline="") as file:
                for row in csv.DictReader(file, restval="", restkey=""):
                    yield {name.strip(): str(value).strip() for name, value in row.items() if name}
        else:
            raise TableError(f"{path}: neither .csv nor .parquet")
    except (OSError, UnicodeDecodeError, csv.Error, pa.ArrowInvalid) as error:
        raise TableError(f"{path}: cannot be read: {error}") from error


def _case(path: Path, number: int, row: Mapping[str, str]) -> ForeignCase:
    at = f"{path}, row {number}"
    for name in ("setting", "case"):
        if not row[name]:
            raise TableError(f"{at}, column {name!r}: is empty")
    shares = {name: _share(at, name, row.get(name, "")) for name in SHARES}
    sizes = {name: _size(at, name, row.get(name, "")) for name in SIZES}
    dice = shares["dice"]
    jaccard = dice / (2 - dice) if math.isnan(shares["jaccard"]) else shares["jaccard"]
    both_empty = math.isnan(dice)
    return ForeignCase(
        dataset=row.get("dataset") or path.stem,
        setting=row["setting"],
        case=row["case"],
        group=row.get("group") or row["case"],
        label=row.get("label") or "foreground",
        loss=row.get("loss") or row["setting"].split()[0],
        truth=row.get("truth") or "label",
        split=_one_of(at, "split", row.get("split") or "val", SPLITS),
        unit=_one_of(at, "unit", row.get("unit") or "px", UNITS),
        empty_true=both_empty or sizes["volume_true"] == 0,
        empty_pred=both_empty or sizes["volume_hard"] == 0,
        meta={name: value for name, value in row.items() if name not in KNOWN and value},
        fold=_whole(at, "fold", row.get("fold", "")),
        seed=_whole(at, "seed", row.get("seed", "")),
        dice=dice,
        jaccard=jaccard,
        nsd=shares["nsd"],
        ece=shares["ece"],
        foreground_fraction=shares["foreground_fraction"],
        hd95=sizes["hd95"],
        assd=sizes["assd"],
        volume_true=sizes["volume_true"],
        volume_soft=sizes["volume_soft"],
        volume_hard=sizes["volume_hard"],
    )


def _number(at: str, name: str, text: str) -> float:
    if text.lower() in ("", "nan", "na", "null", "none"):
        return UNKNOWN
    try:
        value = float(text)
    except ValueError:
        raise TableError(f"{at}, column {name!r}: {text!r} is not a number") from None
    if math.isinf(value):
        raise TableError(f"{at}, column {name!r}: {text!r} is not finite")
    return value


def _share(at: str, name: str, text: str) -> float:
    value = _number(at, name, text)
    if value < 0 or value > 1:
        raise TableError(f"{at}, column {name!r}: {text} is not between 0 and 1")
    return value


def _size(at: str, name: str, text: str) -> float:
    value = _number(at, name, text)
    if value < 0:
        raise TableError(f"{at}, column {name!r}: {text} is below 0")
    return value


def _whole(at: str, name: str, text: str) -> int:
    """A whole number; pandas writes `2.0` where a column has gaps."""
    if not text:
        return 0
    if not re.fullmatch(r"-?\d+(\.0*)?", text):
        raise TableError(f"{at}, column {name!r}: {text!r} is not a whole number")
    return int(float(text))


def _one_of(at: str, name: str, text: str, allowed: tuple[str, ...]) -> str:
    if text not in allowed:
        raise TableError(f"{at}, column {name!r}: {text!r} is not one of {', '.join(allowed)}")
    return text
