"""Every shipped sweep parses, and comes to the number of trials that it says."""

from pathlib import Path

import numpy as np
import pytest
from grids import made_up_facts
from PIL import Image
from tiny_datasets import write_decathlon, write_picture, write_pictures

from papers.__main__ import PAGES, write_all
from segsweep import api
from segsweep.orchestration.home import Home
from segsweep.orchestration.in_process import InProcessExecutor
from segsweep.orchestration.planning import Planned, plan_sweep
from segsweep.spec.grid import parse_sweep
from segsweep.spec.tiny import made_tiny
from segsweep.spec.trials import expand
from segsweep.tracking.memory import MemoryTracker

SWEEPS = Path(__file__).parents[1] / "sweeps"
FIRST = SWEEPS.parent / "docs" / "papers" / "first"
TRIALS = {
    "quickstart": 2 * 4,
    "hippocampus": 2 * 5,
    "kvasir": 2 * 5,
    "aa-kvasir": 2 * 8,
    "search-busi": 2 + 2,  # the ends of its ranges
    "bertels2019": 3 * 5 * 3 * 5,
    "bertels2019-tversky": 2 * 5 * (2 + 3 + 8 + 2),
    "volume-bias": 2 * 5 * 3 * 4 * 2,
    "volume-bias-raters": 5 * 3 * 4 * 2,
    "volume-bias-theory": (5 * 3 * 2 + 1) * 6,
    "volume-bias-theory-soft": 5 * 2 * 4,
    "phi-epsilon-empty": 5 * (2 * 4 + 2 * 3 + 2),
    "phi-epsilon-missing": 5 * 4 * (2 * 4 + 3 + 1),
    "phi-epsilon-missing-classes": 5 * 3 * 5,
    "soft-labels": 5 * 3 * (3 + 5 + 3),
}
FIRST_IDS = {
    "quickstart": "ccdd51f7ee93c6ce",
    "hippocampus": "f0407ecca908b10e",
    "kvasir": "9ff510768017f00c",
    "aa-kvasir": "d3cd47ef9ca18a64",
    "search-busi": "35c83d5400a427e2",
    "bertels2019": "a6e99882179c498e",
    "bertels2019-tversky": "a6e99882179c498e",
    "volume-bias": "3b2c42d885e66a46",
    "volume-bias-raters": "c09d2bfb0aab2dcf",
    "volume-bias-theory": "79aacb02fb7227ad",
    "volume-bias-theory-soft": "544536db15c219ea",
    "phi-epsilon-empty": "43e4bb1d0898bab6",
    "phi-epsilon-missing": "43e4bb1d0898bab6",
    "phi-epsilon-missing-classes": "bf7438e3af906b5f",
    "soft-labels": "1497715430509a84",
}
"""The first trial of each on made-up data. An id that moves takes leave of every result that was tracked under it."""
SAME_ON_HARD_LABELS = ("soft-labels",)
"""Both forms of Dice, where some label policies give hard labels and others soft ones."""


@pytest.fixture(scope="module")
def written(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Folders of the names and layouts that the sweeps expect."""
    tmp_path = tmp_path_factory.mktemp("data")
    write_decathlon(tmp_path / "Task04_Hippocampus", 20, labels=("background", "Anterior", "Posterior"))
    write_pictures(tmp_path / "kvasir-seg", 500, size=(4, 4))
    write_pictures(tmp_path / "sunnybrook-lv", 20, groups=[f"patient {number // 2}" for number in range(20)])
    write_busi(tmp_path / "busi")
    write_raters(tmp_path / "bubil-raters")
    return tmp_path


@pytest.fixture
def data(written: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SEGSWEEP_DATA", str(written))


def write_busi(folder: Path) -> None:
    """Benign, malignant and normal images; normal ones have an empty label."""
    write_pictures(folder, 24)
    kinds = ("benign", "malignant", "normal")
    rows = [f"case-{number:02d},{kinds[number % 3]}" for number in range(24)]
    (folder / "meta.csv").write_text("\n".join(["id,cls", *rows, ""]))
    (folder / "dataset.json").write_text('{"labels": {"0": "background", "1": "lesion"}}')
    for number in range(2, 24, 3):
        write_picture(folder / "masks" / f"case-{number:02d}.png", np.zeros((16, 16), dtype=np.uint8))


def write_raters(folder: Path) -> None:
    """Two raters a case, in two series."""
    write_pictures(folder, 16, groups=[f"series {number % 2}" for number in range(16)])
    for mask in (folder / "masks").iterdir():
        drawn = np.asarray(Image.open(mask))
        for rater, other in (("ann", drawn), ("bob", np.roll(drawn, 1, axis=0))):
            write_picture(folder / "raters" / f"{mask.stem}__{rater}.png", other)


def test_none_is_forgotten_here() -> None:
    assert {path.stem for path in SWEEPS.glob("*.yaml")} == set(TRIALS)


@pytest.mark.parametrize("name", sorted(TRIALS))
def test_ids_do_not_move(name: str) -> None:
    sweep = parse_sweep((SWEEPS / f"{name}.yaml").read_text(), {"SEGSWEEP_DATA": "/data"})
    assert expand(sweep, made_up_facts(sweep)).trials[0].id == FIRST_IDS[name]


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
        aliases = planned(name).plan.aliases
        assert set(aliases) == set() or name in SAME_ON_HARD_LABELS
        assert all("semimetric" in setting for settings in aliases.values() for setting in settings)

    def test_its_tiny_size_is_small_and_of_its_own_name(self, name: str) -> None:
        small = plan_sweep(SWEEPS / f"{name}.yaml", rewrite=made_tiny)
        assert small.sweep.name == f"{name}-tiny"
        assert 0 < len(small.plan.trials) <= 36
        assert {cell.loss.name for cell in small.sweep.cells} == {cell.loss.name for cell in planned(name).sweep.cells}
        assert len(small.sweep.labels) == len(planned(name).sweep.labels)

    def test_it_begins_by_saying_what_it_is_about(self, name: str) -> None:
        assert (SWEEPS / f"{name}.yaml").read_text().startswith("# ")


@pytest.mark.usefixtures("data")
@pytest.mark.parametrize("path", sorted(FIRST.iterdir()), ids=lambda path: path.stem)
def test_what_is_run_first_are_trials_of_the_shipped_grid(path: Path) -> None:
    first, whole = plan_sweep(path), planned(max((name for name in TRIALS if path.stem.startswith(name)), key=len))
    assert first.sweep.name == f"{path.stem}-first"
    assert {trial.id for trial in first.plan.trials} < {trial.id for trial in whole.plan.trials}


@pytest.mark.usefixtures("data")
def test_pages_on_what_was_never_run_say_so(tmp_path: Path, home: Home, memory_tracker: MemoryTracker) -> None:
    write_all(home, memory_tracker, InProcessExecutor(), tmp_path)
    assert {path.stem for path in tmp_path.glob("*.md")} == {"README", *(page.name for page in PAGES)}
    overview = (tmp_path / "README.md").read_text()
    for page in PAGES:
        text = (tmp_path / f"{page.name}.md").read_text()
        for part in page.parts:
            assert f"0 of {TRIALS[part.grid]} trials have been run" in text
            assert f"| 0 of {TRIALS[part.grid]} |" in overview
    assert not (tmp_path / "figures").exists()
    assert not (tmp_path / "tables").exists()


@pytest.mark.usefixtures("data")
def test_a_page_that_was_made_of_more_trials_is_left_as_it_is(
    tmp_path: Path, home: Home, memory_tracker: MemoryTracker, capsys: pytest.CaptureFixture[str]
) -> None:
    write_all(home, memory_tracker, InProcessExecutor(), tmp_path)
    first, second = PAGES[:2]
    trials = TRIALS[first.parts[0].grid]
    overview = (tmp_path / "README.md").read_text().replace(f"| 0 of {trials} |", f"| 3 of {trials} |", 1)
    (tmp_path / "README.md").write_text(overview)
    for page in (first, second):
        (tmp_path / f"{page.name}.md").write_text("of runs that are elsewhere")
    write_all(home, memory_tracker, InProcessExecutor(), tmp_path)
    assert (tmp_path / "README.md").read_text() == overview
    assert (tmp_path / f"{first.name}.md").read_text() == "of runs that are elsewhere"
    assert (tmp_path / f"{second.name}.md").read_text() != "of runs that are elsewhere"
    assert capsys.readouterr().out == f"{first.name}: was made of more trials than are at hand, and is left as it is\n"


@pytest.mark.slow
@pytest.mark.usefixtures("data")
@pytest.mark.parametrize("name", TRIALS)
def test_each_runs_from_end_to_end_in_its_tiny_size(name: str, tmp_path: Path) -> None:
    home = Home(tmp_path / "home")
    launched = api.launch(SWEEPS / f"{name}.yaml", home=home, executor=InProcessExecutor(), tiny=True)
    assert {entry.state for entry in launched.manifest.entries} - {"searched"} == {"finished"}
    judged = set(api.tables(f"{name}-tiny", home=home).cases["trial"])
    assert judged == {entry.trial for entry in launched.manifest.entries if entry.state == "finished"}
    assert launched.report.html.exists()
