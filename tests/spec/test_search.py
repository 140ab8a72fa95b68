"""The `search:` key, and the settings that a search may draw."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import pytest
from grids import files_sweep, plan_of, tiny_sweep
from hypothesis import given
from hypothesis import strategies as st

from segsweep.errors import GridError
from segsweep.spec.grid import Sweep, parse_sweep
from segsweep.spec.search import Asha, Search
from segsweep.spec.search_space import Drawn, SearchSpace

EPSILON = {"low": 1.0e-7, "high": 1.0e4, "log": True}
GRID = [
    {"loss": ["dice", "jaccard"], "phi": ["image", "batch"], "epsilon": EPSILON},
    {"loss": "wce", "weight": ["balanced", {"low": 0.5, "high": 16, "log": True}]},
    {"loss": "dice+ce", "mix": [[1, {"low": 0.1, "high": 10}]], "lr": {"low": 1e-4, "high": 1e-2, "log": True}},
    {"loss": "dice"},
]


@dataclass
class Scripted:
    """A sampler that answers from a script and notes what it was asked."""

    share: float
    choices: Mapping[str, int]

    def __post_init__(self) -> None:
        self.drawn: dict[str, Any] = {}

    def suggest_categorical(self, name: str, choices: Sequence[str]) -> str:
        self.drawn[name] = choices[self.choices.get(name, 0)]
        return str(self.drawn[name])

    def suggest_float(self, name: str, low: float, high: float, *, log: bool = False) -> float:
        self.drawn[name] = low * (high / low) ** self.share if log else low + (high - low) * self.share
        return float(self.drawn[name])


def searching(**changes: Any) -> Sweep:
    return parse_sweep(tiny_sweep(**{"search": {"trials": 8}, "grid": GRID, **changes}))


def space() -> SearchSpace:
    found = searching().space
    assert found is not None
    return found


def test_a_grid_is_what_is_run_without_a_word() -> None:
    sweep = parse_sweep(tiny_sweep())
    assert (sweep.search, sweep.space) == (Search(), None)
    assert parse_sweep(tiny_sweep(search="grid")).search == Search()


def test_halving_needs_no_sampler() -> None:
    sweep = parse_sweep(tiny_sweep(search={"asha": {"grace": 2}}))
    assert (sweep.search.asha, sweep.space) == (Asha(grace=2, factor=3), None)


def test_a_parameter_exists_only_where_its_loss_was_drawn() -> None:
    asked = Scripted(0.5, {"loss": 1, "jaccard.phi": 1})
    cell = space().draw(asked)
    assert list(asked.drawn) == ["loss", "jaccard.phi", "jaccard.epsilon"]
    assert (cell.loss.name, cell.loss.arguments["phi"]) == ("jaccard", "batch")
    assert cell.loss.arguments["epsilon"] == pytest.approx(1e4**0.5 * 1e-7**0.5, rel=5e-3)


def test_a_list_may_mix_words_and_ranges() -> None:
    assert space().draw(Scripted(0.5, {"loss": 2})).loss.arguments["weight"] == "balanced"
    drawn = space().draw(Scripted(1.0, {"loss": 2, "wce.weight": 1}))
    assert drawn.loss.arguments["weight"] == 16.0


def test_ranges_reach_into_lists_and_rates() -> None:
    cell = space().draw(Scripted(0.0, {"loss": 3}))
    assert cell.loss.arguments["mix"] == [1.0, 0.1]
    assert cell.overrides.lr == 1e-4


def test_two_blocks_of_one_loss_are_told_apart() -> None:
    names = ("dice of grid[0]", "jaccard", "wce", "dice+ce", "dice of grid[3]")
    assert tuple(space().branches) == names


@given(share=st.floats(0, 1), loss=st.integers(0, 4), phi=st.integers(0, 1), weight=st.integers(0, 1))
def test_what_was_drawn_gives_the_same_candidate_again(share: float, loss: int, phi: int, weight: int) -> None:
    choices = {"loss": loss, "dice of grid[0].phi": phi, "jaccard.phi": phi, "wce.weight": weight}
    asked = Scripted(share, choices)
    assert space().draw(asked) == space().draw(Drawn(asked.drawn))


@given(share=st.floats(0, 1))
def test_a_candidate_is_the_trial_of_a_grid_with_its_number(share: float) -> None:
    cell = space().draw(Scripted(share, {"loss": 1}))
    written = f"{cell.loss.arguments['epsilon']:.3g}"
    (ordinary,) = parse_sweep(tiny_sweep(grid={"loss": "jaccard", "epsilon": float(written)})).cells
    assert cell == ordinary


def test_rounding_leaves_no_range() -> None:
    grid = {"loss": "dice", "epsilon": {"low": 0.12345, "high": 0.12347}}
    found = searching(grid=grid).space
    assert found is not None
    assert found.draw(Scripted(0.0, {})).loss.arguments["epsilon"] == 0.12345


def test_the_plan_of_a_search_is_its_corners() -> None:
    plan = plan_of(files_sweep(grid=GRID[1], search={"trials": 8}))
    assert [trial.setting for trial in plan.trials] == ["wce", "wce w=0.5", "wce w=16"]


BAD: list[tuple[dict[str, Any], str]] = [
    ({"search": {"trials": 4, "x": 1}}, "search.x: unknown key; known: trials, sampler, objectives, seed, asha"),
    ({"search": {"trials": 0}}, "search.trials: input should be greater than 0, got 0"),
    ({"search": {"seed": 3}}, "search: `seed` is a sampler's; it needs `trials`, the number of candidates"),
    (
        {"search": {"trials": 4, "objectives": ["dice", "iou"]}},
        "search.objectives[1]: input should be 'dice', 'abs_bias' or 'abs_bias_soft', got 'iou'",
    ),
    ({"search": {"trials": 4, "objectives": ["dice", "dice"]}}, "search: each objective once, got ['dice', 'dice']"),
    ({"search": {"asha": {"factor": 1}}}, "search.asha.factor: input should be greater than or equal to 2, got 1"),
    (
        {"split": {"select": "fold"}},
        "split: a search chooses on inner cases and so needs `select: inner`, got 'fold'",
    ),
    (
        {"search": "grid"},
        "grid[0].epsilon: a range needs a sampler, e.g. `search: {trials: 40}`; a grid takes numbers",
    ),
    (
        {"grid": {"loss": "dice+ce", "mix": [{"low": 0.1, "high": 10}, 1]}},
        "grid[0]: loss 'dice+ce': mix is 0.1; it must be null | a list with a number ≥ 0 per term, not all 0; one value"
        ' that is a list is a list inside a list: `mix: [[{"low": 0.1, "high": 10}, 1]]`',
    ),
    (
        {"search": {"asha": {}}, "grid": {"loss": "dice+ce", "mix": [[1, EPSILON]]}},
        "grid[0].mix: a range needs a sampler, e.g. `search: {trials: 40}`; a grid takes numbers",
    ),
    (
        {"grid": {"loss": "dice", "epsilon": {"low": 3, "high": 1}}},
        "grid[0].epsilon: a range goes from `low` to a larger `high`, got 3 to 1",
    ),
    (
        {"grid": {"loss": "wce", "weight": ["balanced", {"low": 0, "high": 1, "log": True}]}},
        "grid[0].weight[1]: a logarithmic range starts above 0, got 0",
    ),
    (
        {"grid": {"loss": "dice", "epsilon": {"low": 3, "hi": 4}}},
        "grid[0].epsilon.high: missing",
    ),
    (
        {"grid": {"loss": "tversky", "alpha": {"low": -1, "high": 1}}},
        "grid[0]: loss 'tversky': alpha is -1.0; it must be a number ≥ 0",
    ),
    (
        {"grid": {"loss": "dice", "phi": {"low": 0, "high": 1}}},
        "grid[0]: loss 'dice': phi is 0.0; it must be image | class | batch | all",
    ),
    (
        {"grid": {"loss": "dice", "batch_size": {"low": 1, "high": 8}}},
        "grid[0].batch_size: input should be a valid integer",
    ),
]


@pytest.mark.parametrize(("changes", "expected"), BAD, ids=lambda value: str(value)[:60])
def test_what_cannot_be_searched_is_said_in_one_line(changes: dict[str, Any], expected: str) -> None:
    with pytest.raises(GridError) as caught:
        searching(**changes)
    assert str(caught.value).startswith(expected)
