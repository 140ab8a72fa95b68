"""The command line: what it prints and how it exits. Launches that start trials are tested beside Ray."""

import re
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import NamedTuple, Protocol

import numpy as np
import pytest
import typer.main
from grids import tiny_sweep
from tiny_datasets import write_picture, write_pictures
from typer.testing import CliRunner

from segsweep import api, cli
from segsweep.orchestration.executor import SliceEvent
from segsweep.orchestration.home import Home
from segsweep.orchestration.in_process import InProcessExecutor
from segsweep.orchestration.launch import Launched
from segsweep.orchestration.left import Left
from segsweep.orchestration.planning import plan_sweep
from segsweep.terminal import verbs
from segsweep.terminal.watch import Watch
from segsweep.tracking.protocol import Ending

COMMANDS = typer.main.get_command(cli.app).commands  # type: ignore[attr-defined]
FAILING = "user_losses:raises"
REASON = "RuntimeError: shapes [B, C] and [/B] do not fit"


class Outcome(NamedTuple):
    code: int
    out: str
    err: str


class Run(Protocol):
    def __call__(self, *arguments: object) -> Outcome: ...


@pytest.fixture
def run(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Run:
    """Call the program as a shell would, in this process."""

    def call(*arguments: object) -> Outcome:
        monkeypatch.setattr(sys, "argv", ["segsweep", *map(str, arguments)])
        with pytest.raises(SystemExit) as stopped:
            cli.main()
        code = stopped.value.code
        return Outcome(code if isinstance(code, int) else 0, *capsys.readouterr())

    return call


@pytest.fixture(autouse=True)
def _own_python_path(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "path", list(sys.path))


class Swept(NamedTuple):
    """A sweep of a finished and a failed trial, launched once for this file."""

    home: Path
    grid: Path
    launched: Launched


@pytest.fixture(scope="module")
def swept(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Swept]:
    folder = tmp_path_factory.mktemp("swept")
    grid = folder / "grid.yaml"
    grid.write_text(tiny_sweep(grid=[{"loss": ["ce", FAILING]}]))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(sys, "path", list(sys.path))
        launched = api.launch(grid, home=Home(folder / "home"), executor=InProcessExecutor())
        yield Swept(folder / "home", grid, launched)


class TestHelp:
    @pytest.mark.parametrize("name", sorted(COMMANDS))
    def test_every_command_says_what_it_does(self, name: str) -> None:
        result = CliRunner().invoke(cli.app, [name, "--help"])
        assert result.exit_code == 0
        said = " ".join(result.output.split())
        assert said.startswith(f"Usage: segsweep {name} ")
        assert " ".join(COMMANDS[name].help.split()) in said

    def test_without_a_command_the_help_lists_every_command(self) -> None:
        output = CliRunner().invoke(cli.app, []).output
        for name in COMMANDS:
            assert re.search(rf"^  {name} ", output, re.MULTILINE)
        assert "look at what it comes to with `segsweep plan`" in " ".join(output.split())

    def test_it_starts_as_a_program(self) -> None:
        command = [sys.executable, "-m", "segsweep", "--help"]
        assert "Usage:" in subprocess.run(command, check=True, capture_output=True, text=True).stdout


class TestPlan:
    def test_prints_trials_aliases_and_a_sum(self, run: Run, tmp_path: Path) -> None:
        grid = tmp_path / "grid.yaml"
        blocks = [{"loss": "ce"}, {"loss": "dice", "phi": ["image", "batch"]}]
        train = {"epochs": 2, "lr": 0.01, "batch_size": 1}
        grid.write_text(tiny_sweep(grid=blocks, train=train, folds={"k": 2, "run": [1]}))
        ce, dice = plan_sweep(grid).plan.trials
        assert run("plan", grid) == Outcome(
            0,
            "trial             cohort            dataset   fold  seed  network   loss setting\n"
            f"{ce.id}  {ce.cohort}  phantoms  1     0     logistic  ce\n"
            f"{dice.id}  {ce.cohort}  phantoms  1     0     logistic  dice\n"
            "dice Φ=batch is the same as dice here: trained once\n"
            "tiny: 2 trials in 1 cohort, 1 warm start\n",
            "",
        )

    def test_tiny_is_a_sweep_of_its_own(self, run: Run, grid_file: Path) -> None:
        outcome = run("plan", grid_file, "--tiny")
        assert outcome.code == 0
        assert outcome.out.splitlines()[-1] == "tiny-tiny: 2 trials in 1 cohort, 1 warm start"
        assert set(outcome.out.split()).isdisjoint(trial.id for trial in plan_sweep(grid_file).plan.trials)

    def test_prints_names_in_brackets_as_they_are_and_folds_no_line(self, run: Run, tmp_path: Path) -> None:
        grid = tmp_path / "grid.yaml"
        name = "[/phantoms] [bold] :smile: " + "of a long name " * 10
        phantom = {"p": 0.3, "k": 4, "r": 1, "size": 16}
        grid.write_text(tiny_sweep(datasets={"phantom": phantom, "name": name}))
        outcome = run("plan", grid)
        assert outcome.code == 0
        assert len(outcome.out.splitlines()) == 4
        assert outcome.out.count(name) == 2

    def test_check_decodes_and_builds(self, run: Run, tmp_path: Path) -> None:
        grid = tmp_path / "grid.yaml"
        pictures = write_pictures(tmp_path / "[bold]pictures")
        network = {"monai": "UNet", "args": {"channels": [4, 8], "strides": [2]}}
        grid.write_text(tiny_sweep(datasets={"folder": str(pictures)}, network=network))
        outcome = run("plan", "--check", grid)
        assert outcome.code == 0
        assert re.match(r"decoding \[bold\]pictures .* 10/10 cases\n", outcome.out)
        (pictures / "images" / "case-00.png").write_bytes(b"damaged")
        assert run("plan", grid).code == 0
        assert run("plan", "--check", grid).code == 2


class TestBadInput:
    """One line on the standard error that names the file and the key or the case, and exit code 2."""

    def complaint(self, run: Run, *arguments: object) -> str:
        outcome = run(*arguments)
        assert (outcome.code, outcome.out) == (2, "")
        assert outcome.err.startswith("segsweep: ")
        assert outcome.err.count("\n") == 1
        return outcome.err.removeprefix("segsweep: ").strip()

    @pytest.fixture
    def pictures(self, tmp_path: Path) -> Path:
        return write_pictures(tmp_path / "pictures")

    @pytest.fixture
    def grid(self, tmp_path: Path, pictures: Path) -> Path:
        path = tmp_path / "grid.yaml"
        path.write_text(tiny_sweep(datasets={"folder": str(pictures)}))
        return path

    @pytest.mark.parametrize("command", [("plan",), ("plan", "--check"), ("launch",), ("retry",)])
    def test_an_unknown_key(self, run: Run, grid: Path, command: tuple[str, ...]) -> None:
        grid.write_text(tiny_sweep(train={"epohcs": 3}))
        assert self.complaint(run, *command, grid) == (
            f"{grid}: train.epohcs: unknown key; known: epochs, plateau, factor, patience, lr, batch_size, amp"
        )

    def test_no_grid_file(self, run: Run, tmp_path: Path) -> None:
        assert self.complaint(run, "plan", tmp_path / "gird.yaml").startswith(f"{tmp_path}/gird.yaml: cannot be read: ")

    def test_text_that_is_no_yaml(self, run: Run, grid: Path) -> None:
        grid.write_text("name: [tiny\ndatasets: 3\n")
        assert self.complaint(run, "plan", grid).startswith(f"{grid}: line 2: ")

    def test_a_missing_path(self, run: Run, grid: Path, pictures: Path) -> None:
        pictures.rename(pictures.with_name("elsewhere"))
        assert self.complaint(run, "plan", grid) == f"{grid}: datasets: folder: {pictures}: no such folder"

    def test_an_image_without_mask(self, run: Run, grid: Path, pictures: Path) -> None:
        (pictures / "masks" / "case-01.png").unlink()
        assert self.complaint(run, "plan", grid) == (
            f"{grid}: case case-01: {pictures}/images/case-01.png has no mask of this name in {pictures}/masks"
        )

    def test_data_that_a_grid_from_elsewhere_may_not_use(self, run: Run, grid: Path, pictures: Path) -> None:
        opened = pictures.with_name("open")
        assert self.complaint(run, "launch", grid, "--data-root", "s3://open", "--data-root", opened) == (
            f"{grid}: datasets: {pictures} is not open to a grid from the network; it may lie in s3://open, {opened}"
        )

    def test_more_folds_than_groups(self, run: Run, grid: Path, pictures: Path) -> None:
        grid.write_text(tiny_sweep(datasets={"folder": str(pictures)}, folds={"k": 11}))
        assert self.complaint(run, "plan", grid).startswith(
            f"{grid}: {pictures}: 11 folds need at least 11 groups; there are 10"
        )

    @pytest.mark.parametrize("command", ["plan --check", "launch", "retry"])
    def test_shapes_that_differ(self, run: Run, swept: Swept, grid: Path, pictures: Path, command: str) -> None:
        write_picture(pictures / "masks" / "case-01.png", np.zeros((16, 12), dtype=np.uint8))
        outcome = run(*command.split(), grid, *([] if command == "plan --check" else ["--home", swept.home]))
        assert outcome.code == 2
        assert outcome.err == (
            f"segsweep: {grid}: case case-01: the image has [16, 16] voxels, its label [16, 12]"
            f" ({pictures}/masks/case-01.png)\n"
        )

    def test_an_undeclared_label_value(self, run: Run, grid: Path, pictures: Path) -> None:
        write_picture(pictures / "masks" / "case-01.png", np.full((16, 16), 7, dtype=np.uint8))
        outcome = run("plan", "--check", grid)
        assert outcome.err.startswith(
            f"segsweep: {grid}: case case-01: {pictures}/masks/case-01.png: label value 7 is not declared;"
            " declared: 0 background, 1 foreground; `classes: [...]` in the grid's dataset block declares more"
        )
        assert outcome.err.count("\n") == 1

    def test_an_unreadable_file(self, run: Run, grid: Path, pictures: Path) -> None:
        (pictures / "images" / "case-01.png").write_bytes(b"damaged\n")
        outcome = run("plan", "--check", grid)
        assert outcome.code == 2
        assert outcome.err.startswith(f"segsweep: {grid}: case case-01: {pictures}/images/case-01.png cannot be read: ")
        assert outcome.err.count("\n") == 1

    def test_a_name_that_monai_does_not_have(self, run: Run, swept: Swept, grid: Path) -> None:
        grid.write_text(tiny_sweep(network={"monai": "SegRessNet"}))
        assert run("launch", grid, "--home", swept.home).err == (
            f"segsweep: {grid}: network.monai: monai.networks.nets has no network 'SegRessNet'\n"
        )

    def test_nothing_to_open_in_the_ui(self, run: Run, tmp_path: Path) -> None:
        assert self.complaint(run, "ui", "--home", tmp_path / "none") == (
            f"{tmp_path}/none: no tracked runs; `segsweep launch` makes them, --home names another folder"
        )

    def test_a_report_on_nothing_and_on_two_things(self, run: Run, tmp_path: Path) -> None:
        said = "report takes the name of a sweep, or --from with a table or folder"
        assert self.complaint(run, "report") == said
        assert self.complaint(run, "report", "tiny", "--from", tmp_path) == said
        missing = tmp_path / "cases.csv"
        assert self.complaint(run, "report", "--from", missing) == f"{missing}: no such file or folder"

    @pytest.mark.parametrize(
        ("arguments", "said"),
        [
            (["plan"], "Missing argument"),
            (["launch"], "Missing argument"),
            (["status"], "Missing argument"),
            (["plan", "--chekc", "grid.yaml"], "No such option"),
            (["lunch", "grid.yaml"], "No such command"),
        ],
    )
    def test_arguments_that_are_missing_or_wrong(self, run: Run, arguments: list[str], said: str) -> None:
        outcome = run(*arguments)
        assert (outcome.code, outcome.out) == (2, "")
        assert said in outcome.err
        assert "--help" in outcome.err


class TestStatus:
    def test_prints_a_line_per_trial_and_a_sum(self, run: Run, swept: Swept) -> None:
        ce, failed = (entry.trial for entry in swept.launched.manifest.entries)
        assert run("status", "tiny", "--home", swept.home) == Outcome(
            0,
            "trial             state     dataset   fold  seed  loss setting        reason\n"
            f"{ce}  finished  phantoms  0     0     ce\n"
            f"{failed}  failed    phantoms  0     0     {FAILING}  {REASON}\n"
            "1 failed, 1 finished\n",
            "",
        )

    def test_of_no_sweep(self, run: Run, swept: Swept) -> None:
        outcome = run("status", "other", "--home", swept.home)
        assert outcome == Outcome(1, "", "segsweep: no sweep named 'other' is tracked here\n")

    @pytest.mark.parametrize("command", ["status", "report"])
    def test_of_a_folder_that_is_none_makes_none(self, run: Run, tmp_path: Path, command: str) -> None:
        outcome = run(command, "tiny", "--home", tmp_path / "hoem")
        said = f"{tmp_path}/hoem: no tracked runs; `segsweep launch` makes them, --home names another folder"
        assert outcome == Outcome(1, "", f"segsweep: {said}\n")
        assert not (tmp_path / "hoem").exists()


class TestReport:
    def test_prints_the_launchs_own_and_where_its_page_is(self, run: Run, swept: Swept) -> None:
        page = swept.home / "sweeps" / "tiny" / "report.html"
        outcome = run("report", "tiny", "--home", swept.home)
        assert outcome == Outcome(0, f"{swept.launched.report.summary}\nreport: {page}\n", "")
        assert "1 of 2 trials finished" in outcome.out
        assert page.is_file()

    def test_of_no_sweep(self, run: Run, swept: Swept) -> None:
        outcome = run("report", "other", "--home", swept.home)
        said = f"segsweep: no sweep named 'other' in sqlite:///{swept.home}/mlflow.db\n"
        assert outcome == Outcome(1, "", said)

    def test_home_may_come_from_the_environment(self, run: Run, swept: Swept, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv("SEGSWEEP_HOME", str(swept.home))
        assert run("report", "tiny").code == 0
        assert run("report", "tiny", "--home", "elsewhere").code == 1


class TestLaunchOfASweepThatHasRun:
    def test_names_its_failures_and_exits_with_1(self, run: Run, swept: Swept) -> None:
        failed = swept.launched.manifest.entries[1].trial
        page = swept.home / "sweeps" / "tiny" / "report.html"
        assert run("launch", swept.grid, "--home", swept.home) == Outcome(
            1,
            "1 trial finished already\n"
            f"trial {failed} failed: {REASON} (`segsweep retry` runs it again)\n"
            "nothing to run\n"
            f"failed: {FAILING} fold 0: {REASON}\n"
            f"{swept.launched.report.summary}\n"
            f"report: {page}\n"
            "tiny: 0 trials run now; 1 failed, 1 finished\n",
            "",
        )

    def test_exits_with_0_where_all_are_finished(self, run: Run, swept: Swept, tmp_path: Path) -> None:
        grid = tmp_path / "grid.yaml"
        grid.write_text(tiny_sweep(name="smaller", grid=[{"loss": "ce"}]))
        outcome = run("launch", grid, "--home", swept.home)
        assert (outcome.code, outcome.err) == (0, "")
        assert outcome.out.startswith("1 trial finished already\nnothing to run\n")
        assert outcome.out.endswith("smaller: 0 trials run now; 1 finished\n")


class TestLaunchThatLostAWorker:
    def test_says_of_each_trial_why_it_has_no_result(self, swept: Swept, capsys: pytest.CaptureFixture[str]) -> None:
        manifest = swept.launched.manifest
        finished, failed = manifest.entries
        lost = replace(finished, state="interrupted", reason=None)
        unborn = replace(finished, state="pending", run_id=None)
        entries = (finished, failed, lost, unborn)
        verbs.print_launched(Launched(replace(manifest, entries=entries), swept.launched.report, 3))
        lines = capsys.readouterr().out.splitlines()
        assert lines[:3] == [
            f"failed: {FAILING} fold 0: {REASON}",
            "interrupted: ce fold 0: its process ended before it did",
            "pending: ce fold 0: never started",
        ]
        assert lines[-1] == "tiny: 3 trials run now; 1 failed, 1 finished, 1 interrupted, 1 pending"


class TestProgress:
    """What a launch prints while it runs, where there is no screen."""

    def test_a_notice_is_said_once_in_a_launch(self, capsys: pytest.CaptureFixture[str]) -> None:
        watch = Watch()
        for sentence in ("a cropped", "b cropped", "a cropped"):
            watch.on_notice(sentence)
        assert capsys.readouterr().out.splitlines() == ["a cropped", "b cropped"]

    def watched(self, tmp_path: Path, *events: SliceEvent) -> None:
        grid = tmp_path / "grid.yaml"
        grid.write_text(tiny_sweep())
        trials = plan_sweep(grid).plan.trials
        watch = Watch()
        watch.on_left(Left(trials, (), {}))
        with watch.training() as on_event:
            for event in events:
                endings = {trials[int(number)].id: ending for number, ending in event.endings.items()}
                on_event(1, trials, replace(event, endings=endings))

    def test_every_trial_is_named_once_as_it_ends(self, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
        self.watched(
            tmp_path,
            SliceEvent(0, "training", 0.5, {}),
            SliceEvent(0, "evaluation", 0.5, {"0": Ending("finished")}),
            SliceEvent(0, "evaluation", 1.0, {"0": Ending("finished"), "1": Ending("failed", "bad case")}),
            SliceEvent(0, "ended", 1.0, {"0": Ending("finished"), "1": Ending("failed", "bad case")}),
        )
        first, *lines = capsys.readouterr().out.splitlines()
        assert first == "2 trials to run"
        assert lines[:2] == ["finished  ce  phantoms fold 0 seed 0", "failed    dice  phantoms fold 0 seed 0: bad case"]
        assert re.fullmatch(r"training .* 2/2 trials 0 running, 1 failed, 0:00:00 passed, about 0:00:00 left", lines[2])
        assert len(lines) == 3

    def test_a_lost_worker_is_reported_with_its_reason(
        self, tmp_path: Path, capsys: pytest.CaptureFixture[str]
    ) -> None:
        self.watched(
            tmp_path, SliceEvent(0, "lost", 0.0, {}, Ending("interrupted", "the worker [/died] " + "slowly " * 20))
        )
        said = capsys.readouterr().out.splitlines()[1]
        assert said == "a worker was lost with 2 trials: the worker [/died] " + "slowly " * 20
