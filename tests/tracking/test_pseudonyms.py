"""A store whose cases have other names."""

import io
import json
import pickle

import pyarrow.parquet as pq
import pytest

from segsweep.records.manifest import Manifest, ManifestEntry
from segsweep.records.schemas import CASES, TRIALS
from segsweep.records.tables import table
from segsweep.tracking.memory import MemoryTracker
from segsweep.tracking.protocol import CASES_FILE, SEARCH_FILE, SWEEP_FILE, TRIALS_FILE, Ending, RunDescription
from segsweep.tracking.pseudonyms import Pseudonymous

KEY = b"a secret of some length"
REASON = "case anna: no label"
TRIAL = {"trial": "0" * 16, "cohort": "1" * 16, "state": "failed", "reason": REASON, "reason_class": "data"}


def case(name: str, group: str, meta: dict[str, str] | None) -> dict[str, object]:
    """A row of which only the names matter."""
    empty = {"string": "", "bool": False, "int32": 0, "int64": 0, "double": 0.0, "list<element: int64>": [0]}
    row = {field.name: empty.get(str(field.type), [0]) for field in CASES if not field.nullable}
    return {**row, "case": name, "group": group, "meta": None if meta is None else json.dumps(meta)}


@pytest.fixture
def store() -> MemoryTracker:
    """A sweep with one trial, three cases and a table as a file."""
    tracker = MemoryTracker()
    parent = tracker.open_sweep("sweep", {})
    cases = table(
        [
            case("anna", "anna", {"site": "Leuven", "subject": "anna"}),
            case("bert 1", "bert", {"subject": "bert"}),
            case("bert 2", "bert", None),
        ],
        CASES,
    )
    tags = {"segsweep.trial": TRIAL["trial"], "segsweep.cohort": TRIAL["cohort"]}
    run = tracker.open_run(parent, RunDescription("ce", "trial", {}, tags))
    row = {field.name: TRIAL.get(field.name, 0) for field in TRIALS if not field.nullable}
    row |= {key: TRIAL.get(key, "x") for key in row if TRIALS.field(key).type == "string"} | TRIAL
    run.finish(Ending("failed", REASON, "data"), {}, {CASES_FILE: cases, TRIALS_FILE: table([row], TRIALS)})
    written = io.BytesIO()
    pq.write_table(cases, written)
    manifest = Manifest("sweep", {}, (ManifestEntry(TRIAL, (), "failed", run.run_id, REASON, "data"),))
    tracker.write_files(parent, {SWEEP_FILE: manifest.to_json(), SEARCH_FILE: written.getvalue(), "grid.yaml": b"x: 1"})
    return tracker


def names(store: MemoryTracker, key: bytes = KEY) -> tuple[list[str], list[str]]:
    read = Pseudonymous(store, key).read_table("run-1", CASES_FILE)
    return read["case"].to_pylist(), read["group"].to_pylist()


def test_equal_names_have_equal_pseudonyms(store: MemoryTracker) -> None:
    cases, groups = names(store)
    assert len(set(cases)) == 3
    assert (cases[0], groups[1]) == (groups[0], groups[2])
    assert len({*cases, *groups}) == 4
    assert not {*cases, *groups} & {"anna", "bert", "bert 1", "bert 2"}


def test_they_are_stable_under_one_key_and_others_under_another(store: MemoryTracker) -> None:
    assert names(store) == names(store)
    assert not set(names(store)[0]) & set(names(store, b"another secret")[0])
    # printf anna | openssl dgst -sha256 -hmac "a secret of some length"
    assert Pseudonymous(store, KEY).pseudonym("anna") == "p-a88f6b6ee272"


def test_the_rest_of_a_table_is_as_it_was(store: MemoryTracker) -> None:
    was, read = store.read_table("run-1", CASES_FILE), Pseudonymous(store, KEY).read_table("run-1", CASES_FILE)
    assert read.schema == was.schema
    renamed = ["case", "group", "meta"]
    assert read.drop_columns(renamed) == was.drop_columns(renamed)


def test_a_meta_column_that_repeats_a_name_is_renamed_too(store: MemoryTracker) -> None:
    read = Pseudonymous(store, KEY).read_table("run-1", CASES_FILE).to_pylist()
    assert json.loads(read[0]["meta"]) == {"site": "Leuven", "subject": read[0]["group"]}
    assert (json.loads(read[1]["meta"]), read[2]["meta"]) == ({"subject": read[1]["group"]}, None)


def test_of_a_reason_its_class_is_told(store: MemoryTracker) -> None:
    seen = Pseudonymous(store, KEY)
    assert [run.reason for run in seen.find([str(TRIAL["cohort"])]).values()] == ["data"]
    assert seen.read_table("run-1", TRIALS_FILE)["reason"].to_pylist() == ["data"]
    assert [entry.reason for entry in Manifest.from_json(seen.read_file("run-0", SWEEP_FILE)).entries] == ["data"]


def test_files_that_are_tables_have_pseudonyms_and_others_are_as_they_are(store: MemoryTracker) -> None:
    seen = Pseudonymous(store, KEY)
    assert pq.read_table(io.BytesIO(seen.read_file("run-0", SEARCH_FILE)))["case"].to_pylist() == names(store)[0]
    assert seen.read_file("run-0", "grid.yaml") == b"x: 1"


def test_it_can_be_sent_to_another_process(store: MemoryTracker) -> None:
    assert Pseudonymous(None, KEY) == pickle.loads(pickle.dumps(Pseudonymous(None, KEY)))  # type: ignore[arg-type]
