"""The record of a study: what is asked for, what is kept of it, and how it goes on after a kill."""

import json
import math
from pathlib import Path
from typing import Any

import pytest
from grids import tiny_sweep

from segsweep.orchestration.candidate_search import CandidateSearch
from segsweep.orchestration.candidates import Candidates
from segsweep.orchestration.outcome import Outcome
from segsweep.orchestration.planning import plan_sweep
from segsweep.orchestration.study import Study, studies
from segsweep.records import tables
from segsweep.records.schemas import SEARCH

EPSILON = {"low": 1.0e-7, "high": 1.0e4, "log": True}
GRID = [{"loss": "dice", "epsilon": EPSILON}, {"loss": "wce", "weight": {"low": 0.5, "high": 16, "log": True}}]


def all_studies(folder: Path, **changes: Any) -> tuple[Study, ...]:
    grid = folder / "grid.yaml"
    grid.write_text(tiny_sweep(**{"grid": GRID, "search": {"trials": 12}, "seeds": [0, 1], **changes}))
    return studies(plan_sweep(grid))


def opened(folder: Path, **changes: Any) -> Candidates:
    (study,) = all_studies(folder, **changes)
    return Candidates(study, folder)


def worth(parameters: dict[str, Any]) -> dict[str, float]:
    """A trade-off with an inside: more ε or weight is better in both at first, then Dice falls."""
    drawn = math.log10(parameters.get("dice.epsilon", 1.0)) / 10 + parameters.get("wce.weight", 0.0) / 20
    return {"dice": 1 - (drawn - 0.3) ** 2, "abs_bias": abs(drawn - 0.6), "abs_bias_soft": 0.0}


def outcome(parameters: dict[str, Any], state: str = "searched") -> dict[str, Any]:
    values = worth(parameters) if state == "searched" else {}
    return {"outcome": Outcome(state, None, values).to_json()}


def try_all(candidates: Candidates, count: int) -> list[dict[str, Any]]:
    """Ask for candidates and say how they ended, as Tune does."""
    searcher, asked = CandidateSearch(candidates), []
    for number in range(count):
        asked.append(searcher.suggest(str(number)))
        searcher.on_trial_complete(str(number), outcome(asked[-1]))
    return asked


def test_the_front_is_what_nothing_else_beats(tmp_path: Path) -> None:
    candidates = opened(tmp_path)
    asked = try_all(candidates, 12)
    found = [(worth(one)["dice"], worth(one)["abs_bias"]) for one in asked]
    best = [
        one
        for one, (dice, bias) in zip(asked, found, strict=True)
        if not any((d >= dice and b <= bias) and (d, b) != (dice, bias) for d, b in found)
    ]
    expected = {trial.id for one in best for trial in candidates.study.trials(one)}
    assert {trial.id for trial in candidates.front()} == expected
    assert 1 < len(best) < 12
    assert candidates.left() == 0


def test_a_candidate_is_a_trial_per_fold_and_seed(tmp_path: Path) -> None:
    candidates = opened(tmp_path, folds={"k": 2, "run": [0, 1]})
    (asked,) = try_all(candidates, 1)
    assert [(trial.fold, trial.seed) for trial in candidates.study.trials(asked)] == [(0, 0), (0, 1), (1, 0), (1, 1)]


def test_a_killed_search_asks_for_its_open_candidates_first(tmp_path: Path) -> None:
    killed = opened(tmp_path)
    done = try_all(killed, 3)
    searcher = CandidateSearch(killed)
    left_open = [searcher.suggest(f"open {number}") for number in range(2)]
    again = opened(tmp_path)
    again.resume()
    assert again.left() == 12 - 3
    assert try_all(again, 4)[:2] == left_open
    assert again.left() == 12 - 3 - 4
    assert {trial.id for one in done for trial in again.study.trials(one)} <= {trial.id for trial in again.tried()}


def test_a_sampler_that_goes_on_does_not_begin_again(tmp_path: Path) -> None:
    candidates = opened(tmp_path, search={"trials": 12, "sampler": "random"})
    first = try_all(candidates, 3)
    assert not [one for one in try_all(opened(tmp_path, search={"trials": 12, "sampler": "random"}), 3) if one in first]


@pytest.mark.parametrize("sampler", ["tpe", "nsga2", "random"])
def test_every_sampler_draws_from_the_space(tmp_path: Path, sampler: str) -> None:
    candidates = opened(tmp_path, search={"trials": 3, "sampler": sampler})
    for one in try_all(candidates, 3):
        assert 1e-7 <= one.get("dice.epsilon", 1) <= 1e4
        assert 0.5 <= one.get("wce.weight", 1) <= 16
    assert candidates.left() == 0


def test_equal_seeds_ask_for_equal_candidates(tmp_path: Path) -> None:
    asked = []
    for name in ("one", "two"):
        (tmp_path / name).mkdir()
        asked.append(try_all(opened(tmp_path / name), 3))
    (tmp_path / "other").mkdir()
    other = try_all(opened(tmp_path / "other", search={"trials": 12, "seed": 1}), 3)
    assert asked[0] == asked[1] != other


@pytest.mark.parametrize(("state", "left"), [("diverged", 11), ("failed", 11), ("stopped", 11), ("interrupted", 12)])
def test_a_candidate_without_a_result_counts_unless_it_was_interrupted(tmp_path: Path, state: str, left: int) -> None:
    candidates = opened(tmp_path)
    searcher = CandidateSearch(candidates)
    asked = searcher.suggest("one")
    searcher.on_trial_complete("one", outcome(asked, state))
    assert (candidates.left(), candidates.front()) == (left, ())
    again = opened(tmp_path)
    again.resume()
    assert (CandidateSearch(again).suggest("two") == asked) == (state == "interrupted")


def test_a_lost_worker_is_no_result(tmp_path: Path) -> None:
    candidates = opened(tmp_path)
    searcher = CandidateSearch(candidates)
    for name, result in (("one", None), ("two", {}), ("three", {"phase": "training"})):
        searcher.suggest(name)
        searcher.on_trial_complete(name, result, error=name == "one")
    assert candidates.left() == 12


def test_more_candidates_go_on_with_the_study_and_another_space_does_not(tmp_path: Path) -> None:
    try_all(opened(tmp_path), 4)
    assert opened(tmp_path, search={"trials": 20}).left() == 16
    wider = [GRID[0], {"loss": "wce", "weight": {"low": 0.5, "high": 32, "log": True}}]
    assert opened(tmp_path, grid=wider).left() == 12
    assert opened(tmp_path, search={"trials": 12, "objectives": ["dice"]}).left() == 12
    assert opened(tmp_path, seeds=[0, 1, 2]).left() == 12


def test_every_other_axis_has_a_study_of_its_own(tmp_path: Path) -> None:
    train = [{"epochs": 2, "lr": 0.01}, {"epochs": 2, "lr": 0.1}]
    found = all_studies(tmp_path, network=["logistic", "unet-s"], train=train)
    assert [study.title for study in found] == [
        "phantoms, logistic, train[0]",
        "phantoms, logistic, train[1]",
        "phantoms, unet-s, train[0]",
        "phantoms, unet-s, train[1]",
    ]
    assert len({study.name for study in found}) == 4


def test_a_grid_has_no_study(tmp_path: Path) -> None:
    assert all_studies(tmp_path, grid={"loss": "dice"}, search="grid") == ()


def test_rows_say_what_was_drawn_and_how_it_ended(tmp_path: Path) -> None:
    candidates = opened(tmp_path)
    asked = try_all(candidates, 11)
    searcher = CandidateSearch(candidates)
    last = searcher.suggest("last")
    candidates.end(searcher._ot_trials["last"], Outcome("diverged", "the training loss became nan", {}))
    names = {trial.id: trial.setting for trial in candidates.tried()}
    rows = tables.table(candidates.rows(names), SEARCH).to_pylist()
    for row, one in zip(rows, [*asked, last], strict=True):
        key = "epsilon" if one["loss"] == "dice" else "weight"
        assert json.loads(row["parameters"]) == {key: one[f"{one['loss']}.{key}"]}
        assert (row["loss"], row["logarithmic"]) == (one["loss"], [key])
        assert row["trials"] == [trial.id for trial in candidates.study.trials(one)]
    assert [row["dice"] for row in rows[:-1]] == [worth(one)["dice"] for one in asked]
    assert (rows[-1]["state"], rows[-1]["reason"], rows[-1]["dice"]) == (
        "diverged",
        "the training loss became nan",
        None,
    )
    assert not rows[-1]["front"]
