"""The verbs for notebooks: listed, reachable, light to import, and what they return."""

import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path

import pandas as pd
import pytest
from grids import tiny_sweep
from tiny_datasets import write_pictures

import segsweep
from segsweep.errors import DataError, GridError, TrackingError
from segsweep.orchestration.executor import SliceEvent
from segsweep.orchestration.in_process import InProcessExecutor
from segsweep.orchestration.launch import Launched
from segsweep.orchestration.left import Left
from segsweep.orchestration.planning import Planned
from segsweep.orchestration.slices import Slice
from segsweep.orchestration.watcher import SilentWatcher
from segsweep.records.schemas import CASES, TRIALS
from segsweep.training import probe


def test_public_names_are_sorted_and_reachable() -> None:
    assert segsweep.__all__ == sorted(segsweep.__all__)
    assert len(segsweep.__all__) <= 8
    for name in segsweep.__all__:
        assert callable(getattr(segsweep, name))


def test_a_name_that_is_not_public_is_no_attribute() -> None:
    with pytest.raises(AttributeError, match=r"^module 'segsweep' has no attribute 'lunch'$"):
        segsweep.lunch  # noqa: B018


def test_importing_segsweep_imports_nothing_else() -> None:
    code = "import sys; before = set(sys.modules); import segsweep; print(*sorted(set(sys.modules) - before))"
    loaded = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True).stdout.split()
    assert [name for name in loaded if name.startswith("segsweep")] == ["segsweep"]
    assert not {"torch", "numpy", "pydantic", "yaml", "ray", "mlflow"} & {name.split(".")[0] for name in loaded}


class Diary(SilentWatcher):
    """A watcher that writes down what it is told."""

    def __init__(self) -> None:
        self.left: list[Left] = []
        self.copied: list[tuple[str, int, int]] = []
        self.decoded: list[tuple[str, int, int]] = []
        self.measured: list[tuple[int, int]] = []
        self.events: list[tuple[int, Slice, SliceEvent]] = []

    def on_left(self, left: Left) -> None:
        self.left.append(left)

    @contextmanager
    def copying(self) -> Iterator[Callable[[str, int, int], None]]:
        yield lambda *news: self.copied.append(news)

    @contextmanager
    def decoding(self) -> Iterator[Callable[[str, int, int], None]]:
        yield lambda *news: self.decoded.append(news)

    @contextmanager
    def measuring(self) -> Iterator[Callable[[int, int], None]]:
        yield lambda *news: self.measured.append(news)

    @contextmanager
    def training(self) -> Iterator[Callable[[int, Slice, SliceEvent], None]]:
        yield lambda *news: self.events.append(news)


def no_executor() -> AbstractContextManager[InProcessExecutor]:
    @contextmanager
    def refuse() -> Iterator[InProcessExecutor]:
        raise AssertionError("workers were started")
        yield

    return refuse()


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> segsweep.Home:
    return segsweep.Home(tmp_path_factory.mktemp("api") / "home")


@pytest.fixture(scope="module")
def launched(home: segsweep.Home) -> tuple[Launched, Diary]:
    """The tiny sweep, launched once for this file."""
    grid = home.folder.parent / "grid.yaml"
    grid.write_text(tiny_sweep())
    diary = Diary()
    return segsweep.launch(grid, home=home, executor=InProcessExecutor(), watcher=diary), diary


def test_plan_returns_the_sweep_and_its_trials(grid_file: Path) -> None:
    planned = segsweep.plan(grid_file)
    assert isinstance(planned, Planned)
    assert planned.sweep.name == "tiny"
    assert [trial.setting for trial in planned.plan.trials] == ["ce", "dice"]
    assert segsweep.plan(str(grid_file)) == planned


def test_plan_decodes_only_when_it_is_to_check(tmp_path: Path) -> None:
    grid = tmp_path / "grid.yaml"
    pictures = write_pictures(tmp_path / "pictures")
    grid.write_text(tiny_sweep(datasets={"folder": str(pictures)}))
    diary = Diary()
    segsweep.plan(grid, watcher=diary)
    assert diary.decoded == []
    segsweep.plan(grid, check=True, watcher=diary)
    assert diary.decoded == [("pictures", done, 10) for done in range(1, 11)]
    (pictures / "images" / "case-00.png").write_bytes(b"damaged")
    segsweep.plan(grid)
    with pytest.raises(DataError):
        segsweep.plan(grid, check=True)


def test_launch_returns_how_it_ended_and_tells_its_watcher(launched: tuple[Launched, Diary]) -> None:
    ended, diary = launched
    assert ended.started == 2
    assert [entry.state for entry in ended.manifest.entries] == ["finished", "finished"]
    assert ended.report.html.read_text().startswith("<!doctype html>")
    assert [len(left.trials) for left in diary.left] == [2]
    assert {count for count, _, _ in diary.events} == {1}
    assert diary.events[-1][2].phase == "ended"


def test_launch_starts_no_workers_where_nothing_is_left(home: segsweep.Home, launched: tuple[Launched, Diary]) -> None:
    again = segsweep.launch(home.folder.parent / "grid.yaml", home=home, executor=no_executor())
    assert (again.started, again.manifest) == (0, launched[0].manifest)


@contextmanager
def ending(ends: list[str], error: Exception | None = None) -> Iterator[InProcessExecutor]:
    """Workers that say when they have ended, or how they could not."""
    try:
        yield InProcessExecutor()
    finally:
        ends.append("ended")
        if error is not None:
            raise error


class TestTheEndOfTheWorkers:
    def test_they_have_ended_when_launch_returns(self, tmp_path: Path, grid_file: Path) -> None:
        ends: list[str] = []
        segsweep.launch(grid_file, home=segsweep.Home(tmp_path / "home"), executor=ending(ends))
        assert ends == ["ended"]

    def test_they_have_ended_when_the_report_cannot_be_written(
        self, tmp_path: Path, grid_file: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        def refuse(*_: object, **__: object) -> None:
            raise OSError("no room")

        monkeypatch.setattr("segsweep.orchestration.launch.write_tables_report", refuse)
        ends: list[str] = []
        with pytest.raises(OSError, match="no room"):
            segsweep.launch(grid_file, home=segsweep.Home(tmp_path / "home"), executor=ending(ends))
        assert ends == ["ended"]

    def test_they_have_ended_where_the_store_cannot_be_made(self, tmp_path: Path, grid_file: Path) -> None:
        (tmp_path / "file").touch()
        ends: list[str] = []
        with pytest.raises(NotADirectoryError):
            segsweep.launch(grid_file, home=segsweep.Home(tmp_path / "file" / "home"), executor=ending(ends))
        assert ends == ["ended"]

    def test_that_they_could_not_end_is_told(self, tmp_path: Path, grid_file: Path) -> None:
        stuck = ending([], RuntimeError("they would not"))
        with pytest.raises(RuntimeError, match="they would not"):
            segsweep.launch(grid_file, home=segsweep.Home(tmp_path / "home"), executor=stuck)


def test_launch_within_no_time_measures_once_and_starts_nothing(
    home: segsweep.Home, launched: tuple[Launched, Diary], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(probe, "SECONDS", 0.0)
    assert launched[1].measured == []
    grid, diary = home.folder.parent / "hurried.yaml", Diary()
    grid.write_text(tiny_sweep(name="hurried", grid=[{"loss": ["lovasz", "jaccard"]}]))
    for _ in range(2):
        ended = segsweep.launch(grid, home=home, executor=InProcessExecutor(), max_hours=0.0, watcher=diary)
        assert [entry.state for entry in ended.manifest.entries] == ["pending", "pending"]
        assert (ended.started, ended.postponed) == (0, 2)
    assert diary.measured == [(0, 1), (1, 1)]


def test_estimate_returns_what_a_sweep_will_cost(home: segsweep.Home, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(probe, "SECONDS", 0.0)
    grid = home.folder.parent / "seeds.yaml"
    grid.write_text(tiny_sweep(seeds=[0, 1, 2]))
    found = segsweep.estimate(grid, home=home, executor=InProcessExecutor())
    assert found.wall > found.forecast.training > 0
    assert [cost.trials for cost in found.settings] == [3, 3]
    tiny = segsweep.estimate(grid, tiny=True, home=home, executor=InProcessExecutor())
    assert [cost.trials for cost in tiny.settings] == [1, 1]


def test_the_cost_of_a_search_is_not_estimated(tmp_path: Path, home: segsweep.Home) -> None:
    grid = tmp_path / "grid.yaml"
    block = {"loss": "dice", "epsilon": {"low": 1e-7, "high": 1, "log": True}}
    grid.write_text(tiny_sweep(grid=[block], search={"trials": 3}))
    with pytest.raises(GridError, match=r"grid\.yaml: search: the cost of a search is not estimated"):
        segsweep.estimate(grid, home=home, executor=no_executor())


def test_launch_checks_everything_before_it_starts_workers(tmp_path: Path, home: segsweep.Home) -> None:
    grid = tmp_path / "grid.yaml"
    grid.write_text(tiny_sweep(name="misspelt", network={"monai": "SegRessNet"}))
    with pytest.raises(GridError, match="SegRessNet"):
        segsweep.launch(grid, home=home, executor=no_executor())
    with pytest.raises(TrackingError, match="no sweep named 'misspelt'"):
        segsweep.report("misspelt", home=home)


def test_report_returns_the_page_and_the_answer(home: segsweep.Home, launched: tuple[Launched, Diary]) -> None:
    report = segsweep.report("tiny", home=home)
    assert report == launched[0].report
    assert report.summary.startswith("# tiny\n")
    changed = segsweep.report("tiny", home=home, changes={"metric": "jaccard"})
    assert "mean Jaccard" in changed.summary


def test_tables_returns_data_frames_with_the_columns_of_the_schemas(
    home: segsweep.Home, launched: tuple[Launched, Diary]
) -> None:
    frames = segsweep.tables("tiny", home=home)
    assert isinstance(frames.trials, pd.DataFrame)
    assert isinstance(frames.cases, pd.DataFrame)
    assert list(frames.trials.columns) == TRIALS.names
    assert list(frames.cases.columns) == CASES.names
    assert list(frames.trials["trial"]) == [entry.trial for entry in launched[0].manifest.entries]
    assert len(frames.cases) == 2 * 6


def test_home_comes_from_the_environment(
    home: segsweep.Home, launched: tuple[Launched, Diary], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SEGSWEEP_HOME", str(home.folder))
    assert len(segsweep.tables("tiny").trials) == len(launched[0].manifest.entries)
    assert segsweep.report("tiny").html == home.folder / "sweeps" / "tiny" / "report.html"


@pytest.mark.parametrize("verb", [segsweep.report, segsweep.tables])
def test_looking_into_a_folder_without_runs_makes_no_store(tmp_path: Path, verb: Callable[..., object]) -> None:
    with pytest.raises(TrackingError, match=r"hoem: no tracked runs; "):
        verb("tiny", home=segsweep.Home(tmp_path / "hoem"))
    assert not (tmp_path / "hoem").exists()
