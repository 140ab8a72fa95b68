"""What the verbs print and how they exit: plan, status, report, and bad input in one line."""

import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from grids import PHANTOM, tiny_sweep
from PIL import Image

import segsweep
from segsweep.cli import main
from segsweep.orchestration.home import Home
from segsweep.orchestration.in_process import InProcessExecutor
from segsweep.orchestration.planning import plan_sweep
from segsweep.tracking.memory import MemoryTracker

Verb = Callable[..., tuple[int, str, str]]


@pytest.fixture
def verb(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Verb:
    """Runs `segsweep …` in this process; gives exit code, output and complaints."""

    def run(*arguments: object) -> tuple[int, str, str]:
        monkeypatch.setattr(sys, "argv", ["segsweep", *map(str, arguments)])
        with pytest.raises(SystemExit) as ended:
            main()
        said = capsys.readouterr()
        return int(ended.value.code or 0), said.out, said.err

    return run


class TestPlan:
    def test_a_line_per_trial_then_aliases_and_a_sum(self, verb: Verb, tmp_path: Path) -> None:
        grid = tmp_path / "grid.yaml"
        grid.write_text(tiny_sweep(train={"batch_size": 1}, grid={"loss": "dice", "phi": ["image", "batch"]}))
        (trial,) = plan_sweep(grid).plan.trials
        code, out, err = verb("plan", grid)
        header, line, alias, total = out.splitlines()
        assert (code, err) == (0, "")
        assert header.split() == ["trial", "cohort", "dataset", "fold", "seed", "network", "loss", "setting"]
        assert line.split() == [trial.id, trial.cohort, "phantoms", "0", "0", "logistic", *trial.setting.split()]
        assert alias == f"dice Φ=batch is the same as {trial.setting} here: trained once"
        assert total == "tiny: 1 trial in 1 cohort, 1 warm start"

    def test_it_writes_nothing(self, verb: Verb, grid_file: Path, home: Home) -> None:
        verb("plan", grid_file)
        assert not home.folder.exists()

    def test_long_lines_are_not_folded(self, verb: Verb, tmp_path: Path) -> None:
        grid = tmp_path / "grid.yaml"
        grid.write_text(tiny_sweep(datasets={"phantom": PHANTOM, "name": "x" * 300}))
        _, out, _ = verb("plan", grid)
        assert len(out.splitlines()) == 1 + 2 + 1


class TestBadInput:
    @pytest.mark.parametrize("command", ["plan", "launch", "retry"])
    def test_a_wrong_grid_is_one_line_and_exit_code_2(self, verb: Verb, command: str, tmp_path: Path) -> None:
        grid = tmp_path / "grid.yaml"
        grid.write_text(tiny_sweep(seeds=-1))
        assert verb(command, grid) == (2, "", f"segsweep: {grid}: seeds: whole numbers from 0 up, got -1\n")

    def test_a_grid_that_is_not_there(self, verb: Verb, tmp_path: Path) -> None:
        grid = tmp_path / "none.yaml"
        reason = f"[Errno 2] No such file or directory: '{grid}'"
        assert verb("plan", grid) == (2, "", f"segsweep: {grid}: cannot be read: {reason}\n")

    def test_data_that_is_not_there(self, verb: Verb, tmp_path: Path) -> None:
        grid = tmp_path / "grid.yaml"
        grid.write_text(tiny_sweep(datasets={"msd": f"{tmp_path}/none"}))
        code, out, err = verb("plan", grid)
        assert (code, out) == (2, "")
        assert err.endswith(f"{tmp_path}/none: no such folder\n")
        assert err.count("\n") == 1

    def test_a_missing_argument(self, verb: Verb) -> None:
        code, _, err = verb("plan")
        assert code == 2
        assert "Missing argument" in err

    @pytest.mark.parametrize("command", ["status", "report"])
    def test_a_sweep_that_is_not_there(self, verb: Verb, command: str, tmp_path: Path) -> None:
        code, out, err = verb(command, "other", "--home", tmp_path / "home")
        assert code != 0
        assert out == ""
        assert err.startswith("segsweep: ")
        assert err.count("\n") == 1


def test_report_prints_the_answer_and_where_the_page_is(verb: Verb, grid_file: Path, home: Home) -> None:
    """A sweep that was tracked elsewhere, with its tables still in its folder."""
    from segsweep.orchestration.launch import Launch
    from segsweep.orchestration.left import left_to_run

    planned, tracker = plan_sweep(grid_file), MemoryTracker()
    with Launch(planned, tracker, home) as started:
        launched = started.run(left_to_run(planned, tracker), InProcessExecutor(), lambda *_: None)
    code, out, err = verb("report", "tiny", "--home", home.folder)
    assert (code, err) == (0, "")
    assert out.splitlines()[0].startswith("# ")
    assert str(launched.report.html) in out


def test_theory_is_printed_and_written(verb: Verb, tmp_path: Path) -> None:
    code, out, _ = verb("theory", tmp_path / "theory")
    assert code == 0
    # with 16 blocks and as much uncertain as certain volume, soft Dice takes all of it from p* = .4196 on
    assert "| dice | 1 | 0.5 | 0.4575 | 0.4358 | 0.4196 | 0.4156 | 0.4142 |" in out
    listed = [Path(line) for line in out.splitlines() if line.startswith(str(tmp_path))]
    assert {path.suffix for path in listed} == {".md", ".csv", ".svg"}
    assert all(path.stat().st_size > 0 for path in listed)


class TestModels:
    def test_a_kept_trial_predicts(self, verb: Verb, home: Home, tmp_path: Path) -> None:
        grid = tmp_path / "grid.yaml"
        grid.write_text(tiny_sweep(keep="weights", grid={"loss": "ce"}))
        (entry,) = segsweep.launch(grid, home=home, executor=InProcessExecutor()).manifest.entries
        place = ("--home", home.folder)
        kept = verb("keep", "tiny", entry.trial, *place)
        assert kept == (0, "tiny/1: ce  phantoms fold 0 seed 0, threshold 0.5\n", "")
        image = np.full((16, 16), 2, dtype=np.float32)  # as bright as what is certainly foreground
        Image.fromarray(image).save(tmp_path / "bright.tiff")
        code, out, err = verb("predict", "tiny", tmp_path / "bright.tiff", "--out", tmp_path / "out", *place)
        assert (code, err) == (0, "")
        assert out.splitlines()[-1] == f"tiny/1: 1 mask, volumes in {tmp_path}/out/volumes.csv"
        header, line = (tmp_path / "out" / "volumes.csv").read_text().splitlines()
        values = dict(zip(header.split(","), line.split(","), strict=True))
        mask = np.asarray(Image.open(values["mask"]))
        assert (mask.shape, float(values["volume_hard"])) == ((16, 16), np.count_nonzero(mask))
        assert values["volume_hard_recalibrated"] == ""

    @pytest.mark.parametrize(
        ("given", "reason"),
        [
            (("keep", "other", "abc"), "no sweep named 'other' is tracked here"),
            (("predict", "other", "a.png", "--out", "out"), "no model named 'other' is registered here; "),
        ],
    )
    def test_what_is_not_there_is_one_line(
        self, verb: Verb, home: Home, store: str, given: tuple[str, ...], reason: str
    ) -> None:
        code, out, err = verb(*given, "--home", home.folder, "--tracking", store)
        assert code != 0
        assert out == ""
        assert err.startswith(f"segsweep: {reason}")
        assert err.count("\n") == 1
