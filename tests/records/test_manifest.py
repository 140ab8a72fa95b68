import json

import pytest
from grids import files_sweep, plan_of

from segsweep.errors import TrackingError
from segsweep.records.manifest import Manifest, Told

PLAN = plan_of(files_sweep(train={"batch_size": 1}, folds={"k": 2}, grid={"loss": "dice", "phi": ["image", "batch"]}))


def manifest() -> Manifest:
    return Manifest.of("polyps", PLAN, {"metric": "dice"})


def test_it_lists_every_trial_in_the_order_of_the_grid() -> None:
    assert [entry.trial for entry in manifest().entries] == [trial.id for trial in PLAN.trials]
    assert {(entry.state, entry.run_id, entry.reason) for entry in manifest().entries} == {("pending", None, None)}


def test_it_knows_aliases_and_cohorts() -> None:
    assert [len(entry.aliases) for entry in manifest().entries] == [1, 1]
    assert list(manifest().cohorts()) == list(PLAN.cohorts())


def test_it_reads_back_as_it_was_written() -> None:
    first = PLAN.trials[0].id
    found = manifest().with_runs({first: Told("run-7", "failed", "it was dark", "code")})
    assert Manifest.from_json(found.to_json()) == found


def test_runs_of_other_sweeps_are_left_out() -> None:
    assert manifest().with_runs({"another": Told("run-1", "finished")}) == manifest()


def test_runs_are_entered_by_trial() -> None:
    second = PLAN.trials[1].id
    entries = manifest().with_runs({second: Told("run-7", "finished")}).entries
    assert [(entry.state, entry.run_id) for entry in entries] == [("pending", None), ("finished", "run-7")]


@pytest.mark.parametrize(
    "content", [b"", b"[]", b"{}", b'{"sweep": "a", "report": {}, "entries": [{"b": 1}]}', b"\xff"]
)
def test_a_damaged_file(content: bytes) -> None:
    with pytest.raises(TrackingError, match=r"^trials.json cannot be read: "):
        Manifest.from_json(content)


def test_it_is_json_that_others_can_read() -> None:
    values = json.loads(manifest().to_json())
    assert values["entries"][0]["row"]["dataset"] == "pictures"
