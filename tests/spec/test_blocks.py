"""The `grid:` key: each block is the product of its lists."""

from hypothesis import given
from hypothesis import strategies as st

from segsweep.spec.blocks import LossCell, expand_blocks
from segsweep.spec.settings import WarmStart


def named(cells: tuple[LossCell, ...]) -> list[tuple[object, ...]]:
    return [(cell.loss.name, cell.loss.arguments.get("phi"), cell.overrides.lr) for cell in cells]


def test_one_block_may_stand_alone() -> None:
    assert expand_blocks({"loss": "dice"}) == expand_blocks([{"loss": "dice"}])


def test_a_loss_is_not_multiplied_by_what_it_does_not_take() -> None:
    cells = expand_blocks([{"loss": ["ce", "dice"], "phi": ["image", "batch"]}])
    assert named(cells) == [("ce", None, None), ("dice", "image", None), ("dice", "batch", None)]


def test_every_loss_is_multiplied_by_what_blocks_may_override() -> None:
    cells = expand_blocks([{"loss": ["ce", "dice"], "phi": ["image", "batch"], "lr": [0.1, 0.2]}])
    assert [cell[2] for cell in named(cells)] == [0.1, 0.2] * 3


def test_blocks_follow_each_other_in_the_order_they_are_written() -> None:
    cells = expand_blocks([{"loss": "jaccard", "phi": "batch"}, {"loss": "ce"}, {"loss": "dice"}])
    assert [cell.loss.name for cell in cells] == ["jaccard", "ce", "dice"]


def test_a_list_of_lists_is_an_axis_of_lists() -> None:
    cells = expand_blocks({"loss": "wce", "weight": ["balanced", 2.0, [0.5, 3.0]]})
    assert [cell.loss.arguments["weight"] for cell in cells] == ["balanced", 2.0, [0.5, 3.0]]


def test_overrides_of_train_leave_the_rest_alone() -> None:
    (cell,) = expand_blocks({"loss": "dice", "batch_size": 1, "epochs": 3})
    assert cell.overrides.train_changes() == {"batch_size": 1, "epochs": 3}


def test_a_block_may_go_without_the_warm_start_or_have_its_own() -> None:
    cells = expand_blocks({"loss": "dice", "warm_start": ["none", {"epochs": 2}]})
    assert [cell.overrides.warm_start for cell in cells] == ["none", WarmStart(epochs=2)]


@given(
    phis=st.lists(st.sampled_from(["image", "class", "batch", "all"]), min_size=1, max_size=4, unique=True),
    epsilons=st.lists(st.sampled_from([0, 1e-7, 1, "mean_volume"]), min_size=1, max_size=4, unique=True),
    rates=st.lists(st.sampled_from([0.1, 0.2, 0.3]), min_size=1, max_size=3, unique=True),
)
def test_a_block_is_the_product_of_its_lists(phis: list[str], epsilons: list[object], rates: list[float]) -> None:
    cells = expand_blocks({"loss": ["dice", "jaccard", "ce"], "phi": phis, "epsilon": epsilons, "lr": rates})
    assert len(cells) == (2 * len(phis) * len(epsilons) + 1) * len(rates)
    assert len(set(cells)) == len(cells)
