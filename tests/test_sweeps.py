"""Every shipped sweep parses, and comes to the number of trials that it says."""

from pathlib import Path

import pytest
from tiny_datasets import write_decathlon, write_pictures

from segsweep.orchestration.planning import Planned, plan_sweep

SWEEPS = Path(__file__).parents[1] / "sweeps"
TRIALS = {"quickstart": 2 * 4, "hippocampus": 2 * 5, "kvasir": 2 * 5, "aa-kvasir": 2 * 8}


@pytest.fixture
def data(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Folders of the names and layouts that the sweeps expect."""
    monkeypatch.setenv("SEGSWEEP_DATA", str(tmp_path))
    write_decathlon(tmp_path / "Task04_Hippocampus", 20)
    write_pictures(tmp_path / "kvasir-seg", 500, size=(4, 4))
    return tmp_path


def test_none_is_forgotten_here() -> None:
    assert {path.stem for path in SWEEPS.glob("*.yaml")} == set(TRIALS)


def planned(name: str) -> Planned:
    return plan_sweep(SWEEPS / f"{name}.yaml")


@pytest.mark.usefixtures("data")
@pytest.mark.parametrize("name", TRIALS)
class TestEach:
    def test_it_comes_to_its_trials(self, name: str) -> None:
        found = planned(name)
        assert (found.sweep.name, len(found.plan.trials)) == (name, TRIALS[name])

    def test_the_losses_of_a_cohort_share_their_warm_start(self, name: str) -> None:
        for trials in planned(name).plan.cohorts().values():
            assert len({trial.warm_start_id for trial in trials}) == 1

    def test_no_setting_is_there_twice(self, name: str) -> None:
        assert planned(name).plan.aliases == {}

    def test_it_begins_by_saying_what_it_is_about(self, name: str) -> None:
        assert (SWEEPS / f"{name}.yaml").read_text().startswith("# ")
