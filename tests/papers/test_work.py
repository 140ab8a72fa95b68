"""Operations counted by hand: two for each multiply-add of a convolution."""

from grids import PHANTOM, plan_of, tiny_sweep
from torch import nn

from papers.h200 import PEAK, QUICK, SLOW, hours
from papers.work import Work, operations, parts_of, total

VOXELS = PHANTOM["size"] ** 2
FORWARD = 2 * VOXELS
"""Of a logistic regression on one image with one channel: a multiply-add per voxel."""


def test_operations_of_an_image() -> None:
    network = nn.Sequential(nn.Conv2d(1, 4, kernel_size=3, padding=1), nn.PReLU(), nn.Conv2d(4, 2, kernel_size=1))
    first, second = (2 * 8**2 * weights for weights in (1 * 9 * 4, 4 * 1 * 2))  # of an image of 8² pixels
    forward, learning = operations(network, (1, 8, 8))
    assert forward == first + second
    # back: as much again for the gradient of each weight, and of what flows in, which the image does not need
    assert learning == 2 * first + 3 * second


def test_parts_of_a_trial() -> None:
    (trial, *_) = plan_of(tiny_sweep(), labels=("background", "uncertain")).trials
    parts = parts_of([trial])[trial.id]
    batch, steps = trial.train.batch_size, PHANTOM["steps"]
    assert parts.steps == Work(steps, steps * batch * 2 * FORWARD)  # forward, and back to the weights
    assert parts.look == Work(PHANTOM["validation"] // batch, PHANTOM["validation"] * FORWARD)
    assert parts.evaluation == Work(PHANTOM["evaluation"] // batch, PHANTOM["evaluation"] * FORWARD)
    # a look before the first epoch and after each of two
    passes = 2 * steps + 3 * PHANTOM["validation"] // batch + PHANTOM["evaluation"] // batch
    assert parts.trial(2).passes == passes


def test_a_warm_start_is_work_once() -> None:
    trials = plan_of(tiny_sweep(), labels=("background", "uncertain")).trials
    parts = parts_of(trials)
    own = parts[trials[0].id].trial(2)
    warm = parts[trials[0].id].phase(1)
    assert total(trials, parts) == own * 2 + warm
    assert total(trials, parts, trained={str(trials[0].warm_start_id)}) == own * 2


def test_hours_lie_between_two_assumptions() -> None:
    launches, arithmetic = Work(passes=3600 * 1000), Work(operations=int(3600 * PEAK))
    assert [speed.hours(launches) for speed in (QUICK, SLOW)] == [2, 20]
    assert [round(speed.hours(arithmetic), 6) for speed in (QUICK, SLOW)] == [10, 100]
    assert hours(launches + arithmetic, 1) == "12 to 120"
    assert hours(launches + arithmetic, 8) == "1.5 to 15"
    assert hours(Work(), 8) == "–"
