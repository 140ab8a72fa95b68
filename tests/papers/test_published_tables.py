"""Tables that outlive their runs, on a made-up sweep of two folds."""

from dataclasses import replace
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc
import pytest
from sweep_tables import hippocampus, phantoms
from tracked_tables import tracked

from papers.__main__ import PAGES
from papers.bertels2019 import findings, sections
from papers.page import Page
from papers.published import completed, publish, published
from segsweep.orchestration.collect import Tables
from segsweep.records.schemas import CASES, SPLITS, TRIALS
from segsweep.records.tables import table
from segsweep.reports.markdown import fragment


@pytest.fixture(scope="module")
def run() -> Tables:
    return Tables(*hippocampus().tables())


def left(run: Tables, trials: set[str]) -> Tables:
    """As if these trials had not been run."""
    rows = [
        {**row, "state": "pending", "seconds": None} if row["trial"] in trials else row
        for row in run.trials.to_pylist()
    ]
    cases = run.cases.filter(pc.invert(pc.is_in(run.cases["trial"], pa.array(sorted(trials)))))
    return Tables(table(rows, TRIALS), cases)


def names(run: Tables) -> list[str]:
    return [str(name) for name in run.trials["trial"].to_pylist()]


def by_trial(cases: pa.Table) -> pa.Table:
    compared = [name for name in CASES.names if name not in ("predicted_at", "true_positive_at")]
    return cases.select(compared).sort_by([(name, "ascending") for name in ("trial", "case", "label", "split")])


def test_what_was_run_comes_back(run: Tables, tmp_path: Path) -> None:
    publish("page", [run], SPLITS, tmp_path)
    again = completed(left(run, set(names(run))), published(tmp_path))
    assert again.trials.equals(run.trials)
    assert by_trial(again.cases).equals(by_trial(run.cases))


def test_trials_of_two_homes_come_together(run: Tables, tmp_path: Path) -> None:
    first, second = set(names(run)[::2]), set(names(run)[1::2])
    publish("page", [left(run, second)], SPLITS, tmp_path)
    again = completed(left(run, first), published(tmp_path))
    assert again.trials.equals(run.trials)
    assert by_trial(again.cases).equals(by_trial(run.cases))
    assert said(again) == said(run)


def said(run: Tables) -> str:
    """What a page says of it."""
    one = replace(tracked(hippocampus()), tables=run)
    return fragment(sections(one), lambda drawing: drawing.slug, depth=2) + "".join(map(str, findings(one)))


def test_what_was_run_here_counts_before_what_was_published(run: Tables, tmp_path: Path) -> None:
    other = [{**row, "seconds": 7.0} for row in run.trials.to_pylist()]
    publish("page", [Tables(table(other, TRIALS), run.cases)], SPLITS, tmp_path)
    found = completed(run, published(tmp_path))
    assert found.trials.equals(run.trials)
    assert by_trial(found.cases).equals(by_trial(run.cases))


def test_a_trial_of_several_grids_and_pages_is_there_once(run: Tables, tmp_path: Path) -> None:
    publish("page", [run, run], SPLITS, tmp_path)
    publish("another", [run], SPLITS, tmp_path)
    kept = published(tmp_path)
    assert (len(kept.trials), len(kept.cases)) == (len(run.trials), len(run.cases))


def test_only_finished_trials_are_published(run: Tables, tmp_path: Path) -> None:
    gone = set(names(run)[:3])
    publish("page", [left(run, gone)], SPLITS, tmp_path)
    assert not gone & set(names(published(tmp_path)))
    assert completed(left(run, gone), published(tmp_path)).trials.equals(left(run, gone).trials)


def test_cases_of_a_trial_that_pages_have_different_splits_of_come_together(run: Tables, tmp_path: Path) -> None:
    publish("a page", [run], ["val"], tmp_path)
    publish("another", [run], ["val", "train"], tmp_path)
    assert by_trial(published(tmp_path).cases).equals(by_trial(run.cases))


def test_only_the_cases_that_a_page_computes_from_are_published(run: Tables, tmp_path: Path) -> None:
    publish("page", [run], ["val"], tmp_path)
    assert set(run.cases["split"].to_pylist()) > {"val"}
    assert set(published(tmp_path).cases["split"].to_pylist()) == {"val"}


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_a_page_is_the_same_from_its_published_tables(page: Page, tmp_path: Path) -> None:
    sweep = phantoms(p=0.3) if page.name == "volume-bias-theory" else hippocampus()
    run = Tables(*sweep.tables())
    publish(page.name, [run], page.splits, tmp_path)
    nothing = published(tmp_path / "elsewhere")
    for part in page.parts:
        texts = [
            fragment(part.sections(replace(tracked(sweep), tables=tables)), lambda drawing: "f.svg", depth=3)
            for tables in (completed(run, nothing), completed(left(run, set(names(run))), published(tmp_path)))
        ]
        assert texts[0] == texts[1]


def test_settings_and_datasets_go_by_the_names_of_the_grid(run: Tables, tmp_path: Path) -> None:
    publish("page", [run], SPLITS, tmp_path)
    renamed = [
        {**row, "dataset": "ours", "setting": row["setting"].upper()}
        for row in left(run, set(names(run))).trials.to_pylist()
    ]
    found = completed(Tables(table(renamed, TRIALS), CASES.empty_table()), published(tmp_path))
    assert set(found.trials["dataset"].to_pylist()) == set(found.cases["dataset"].to_pylist()) == {"ours"}
    assert set(found.trials["setting"].to_pylist()) == {row["setting"] for row in renamed}


def test_without_published_tables_there_are_none(run: Tables, tmp_path: Path) -> None:
    assert completed(run, published(tmp_path)).trials.equals(run.trials)
