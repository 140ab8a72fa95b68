"""Pages written from a sweep that was really run, a half of it: what is counted, and what is asked to be there."""

import re
from dataclasses import replace
from pathlib import Path
from statistics import median
from xml.etree import ElementTree

import jinja2
import pyarrow as pa
import pytest
from grids import tiny_sweep

from papers import page, volume_bias_theory
from papers.chosen_sections import chosen_sections
from papers.coverage import coverage_section, ended_by_epochs
from papers.overview import Overview
from papers.page import Page, Part, filled, write_page
from papers.published import published
from papers.tracked import Tracked, read
from segsweep import api
from segsweep.orchestration.collect import Tables
from segsweep.orchestration.home import Home
from segsweep.orchestration.in_process import InProcessExecutor
from segsweep.orchestration.launch import Launch
from segsweep.orchestration.planning import plan_sweep
from segsweep.reports.markdown import fragment
from segsweep.tracking.memory import MemoryTracker

GRID = "soft-labels"
PAGE = Page(GRID, (Part(GRID, volume_bias_theory.findings, volume_bias_theory.sections),))


@pytest.fixture(scope="module")
def half_run(tmp_path_factory: pytest.TempPathFactory) -> Tracked:
    """Two losses on two folds, of which a sweep of another name has run one."""
    folder = tmp_path_factory.mktemp("half-run")
    home = Home(folder / "home")
    whole, first = folder / f"{GRID}.yaml", folder / "first.yaml"
    whole.write_text(tiny_sweep(name=GRID, folds={"k": 2, "run": "all"}))
    first.write_text(tiny_sweep(name="first", folds={"k": 2, "run": [1]}))
    tracker = MemoryTracker()
    with Launch(plan_sweep(first), tracker, home) as started:
        started.run(started.left(), InProcessExecutor(), lambda slices, piece, event: None)
    api.estimate(whole, home=home, executor=InProcessExecutor())
    return read(whole, home, tracker, InProcessExecutor(), published(folder))


def test_trials_are_found_whichever_sweep_ran_them(half_run: Tracked) -> None:
    assert {trial.fold for trial in half_run.left} == {0}
    assert (len(half_run.seconds), len(half_run.planned.plan.trials)) == (2, 4)
    assert set(half_run.tables.cases["fold"].to_pylist()) == {1}


def test_a_page(half_run: Tracked, tmp_path: Path) -> None:
    written = write_page(PAGE, {GRID: half_run}, tmp_path)
    text = (tmp_path / f"{GRID}.md").read_text()
    assert "2 of 4 trials have been run" in text
    # logistic regression: 512 operations forward, as many back; an epoch shows 4 images, a look 4, the end 6
    own, warm = 2 * 4 * 1024 + 3 * 4 * 512 + 6 * 512, 4 * 1024 + 2 * 4 * 512
    assert f"{(2 * own + warm) / 10**4:.1f}·10⁴ operations" in text
    forecast = sum(half_run.forecast[trial.id] for trial in half_run.left)
    assert re.search(rf"at most {forecast / 3600:.1f} CPU-hours", text)
    (part,) = written
    assert all(finding.claim.replace("|", "\\|") in text for finding in part.findings)
    for drawing in re.findall(r"\]\((figures/[^)]+)\)", text):
        root = ElementTree.parse(tmp_path / drawing).getroot()
        assert root.get("width", "").isdigit()
        assert "var(" not in (tmp_path / drawing).read_text()


@pytest.mark.parametrize(("best", "short"), [(40, 2), (31, 2), (30, 0)], ids=["last", "within patience", "stopped"])
def test_trainings_that_were_ended_by_their_epochs_are_counted(half_run: Tracked, best: int, short: int) -> None:
    stopping = {"epochs": 40, "patience": 10}
    trials = [replace(trial, train=trial.train.model_copy(update=stopping)) for trial in half_run.planned.plan.trials]
    names = [trial.id for trial in trials if trial.fold == 1]
    rows = [{"trial": name, "state": "finished", "seconds": 1.0, "best_epoch": best} for name in names]
    run = replace(half_run, tables=Tables(pa.Table.from_pylist(rows), half_run.tables.cases))
    assert ended_by_epochs(trials, run) == short


def test_speed_of_what_started_from_scratch(half_run: Tracked) -> None:
    assert half_run.speed is None
    trials = half_run.tables.trials
    place = trials.schema.get_field_index("warm_start")
    scratch = trials.set_column(place, trials.schema.field(place), pa.nulls(len(trials), pa.string()))
    found = replace(half_run, tables=Tables(scratch, half_run.tables.cases)).speed
    operations = 2 * 4 * 1024 + 3 * 4 * 512 + 6 * 512  # as in the page
    assert found == pytest.approx(median(operations / seconds for seconds in half_run.seconds.values()))


def test_what_was_never_measured_has_no_forecast(half_run: Tracked) -> None:
    known = dict(list(half_run.forecast.items())[1:])
    text = fragment([coverage_section(replace(half_run, forecast=known), GRID)], lambda drawing: "", depth=2)
    assert "what they cost here was not measured" in text
    assert "CPU-hours" not in text


def test_equal_runs_give_equal_pages(half_run: Tracked, tmp_path: Path) -> None:
    folders = [tmp_path / "once", tmp_path / "again"]
    for folder in folders:
        folder.mkdir()
        Overview(folder).write([PAGE], {PAGE: write_page(PAGE, {GRID: half_run}, folder)})
    once, again = ({path.name: path.read_bytes() for path in folder.rglob("*.*")} for folder in folders)
    assert once == again
    assert "| 2 of 4 |" in once["README.md"].decode()


def test_prose_that_names_what_is_not_there_is_refused() -> None:
    with pytest.raises(jinja2.UndefinedError):
        filled("{{ parts['phi-epsilon'].findings }}", parts={})


def test_every_page_has_its_prose() -> None:
    from papers.__main__ import PAGES  # it imports every paper

    assert {f"{one.name}.md" for one in PAGES} | {"README.md"} == {path.name for path in page.PROSE.iterdir()}


def test_a_grid_of_which_nothing_was_run_has_no_results(half_run: Tracked) -> None:
    nothing = replace(half_run, tables=Tables(half_run.tables.trials.slice(0, 0), half_run.tables.cases.slice(0, 0)))
    assert chosen_sections(nothing.report, ("-scores",)) == ()


def test_a_grid_that_a_page_has_not_had_yet_waits_for_its_page(half_run: Tracked, tmp_path: Path) -> None:
    Overview(tmp_path).write([PAGE], {PAGE: write_page(PAGE, {GRID: half_run}, tmp_path)})
    before = (tmp_path / "README.md").read_text()
    longer = replace(PAGE, parts=(*PAGE.parts, replace(PAGE.parts[0], grid="a-new-grid")))
    Overview(tmp_path).write([longer], {})
    assert (tmp_path / "README.md").read_text() == before
