"""Measurements are found again under the conditions that they hold for, and under no others."""

from dataclasses import replace
from pathlib import Path

import pytest
from grids import plan_of, tiny_sweep
from measurements import measured

from segsweep.orchestration.remembered import Conditions, Probed, recall, remember
from segsweep.orchestration.site import Node
from segsweep.spec.settings import Resources

CE, DICE = plan_of(tiny_sweep()).trials
HERE = Conditions([Node("here", 2, 0)], Resources(), 2)
PROBED = Probed(3.5, measured([CE]))


def test_what_was_remembered_is_recalled(tmp_path: Path) -> None:
    remember(tmp_path, "shape", HERE, PROBED)
    assert recall(tmp_path, "shape", HERE) == PROBED


@pytest.mark.parametrize(
    "conditions",
    [
        replace(HERE, workers=1),
        replace(HERE, nodes=[Node("there", 2, 0)]),
        replace(HERE, nodes=[*HERE.nodes, Node("there", 2, 0)]),
        replace(HERE, resources=Resources(cpus=2)),
        replace(HERE, resources=Resources(gpus=0.5)),
    ],
)
def test_other_conditions_are_another_measurement(tmp_path: Path, conditions: Conditions) -> None:
    remember(tmp_path, "shape", HERE, PROBED)
    assert recall(tmp_path, "shape", conditions) is None
    assert recall(tmp_path, "another", HERE) is None


def test_the_order_of_nodes_and_the_number_of_workers_asked_for_do_not_matter(tmp_path: Path) -> None:
    nodes = [Node("b", 4, 1), Node("a", 2, 0)]
    remember(tmp_path, "shape", replace(HERE, nodes=nodes), PROBED)
    asked = replace(HERE, nodes=nodes[::-1], resources=Resources(workers=2))
    assert recall(tmp_path, "shape", asked) == PROBED


def test_losses_that_are_measured_later_join_those_that_were(tmp_path: Path) -> None:
    later = Probed(5.0, measured([DICE], batch=9.0))
    remember(tmp_path, "shape", HERE, PROBED)
    remember(tmp_path, "shape", HERE, later)
    found = recall(tmp_path, "shape", HERE)
    assert found == Probed(5.0, measured([CE, DICE], batch=9.0))


def test_a_damaged_file_is_as_if_nothing_was_measured(tmp_path: Path) -> None:
    remember(tmp_path, "shape", HERE, PROBED)
    (path,) = tmp_path.iterdir()
    path.write_text(path.read_text()[:100])
    assert recall(tmp_path, "shape", HERE) is None
    path.write_text('{"startup": 1, "measured": {"losses": {}, "colour": "red"}}')
    assert recall(tmp_path, "shape", HERE) is None
