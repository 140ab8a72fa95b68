import pytest
import torch

from segsweep.losses.counts import classic_counts, semimetric_counts, squared_counts
from segsweep.losses.lovasz import _falling, _sorted_sum
from segsweep.losses.softmax_counts import softmax_counts


@pytest.fixture
def batch():
    generator = torch.Generator().manual_seed(0)
    logits = torch.randn(2, 3, 4, 5, generator=generator, dtype=torch.float64, requires_grad=True)
    return logits, torch.rand(2, 3, 4, 5, generator=generator, dtype=torch.float64, requires_grad=True)


@pytest.mark.parametrize("first", [0, 1])
def test_counts_are_sums_over_voxels(batch, first):
    p, y = batch[0].softmax(1), batch[1]
    for image in range(2):
        for label in range(first, 3):
            a, b = p[image, label], y[image, label]
            place = (image, label - first)
            classic, squared = classic_counts(p, y, first=first), squared_counts(p, y, first=first)
            torch.testing.assert_close(classic.true_positive[place], (a * b).sum())
            torch.testing.assert_close(classic.predicted[place], a.sum())
            torch.testing.assert_close(classic.labelled[place], b.sum())
            torch.testing.assert_close(squared.predicted[place], (a * a).sum())
            torch.testing.assert_close(squared.labelled[place], (b * b).sum())
            semimetric = semimetric_counts(p, y, first=first)
            torch.testing.assert_close(semimetric.true_positive[place], torch.minimum(a, b).sum())


@pytest.mark.parametrize("first", [0, 1])
@pytest.mark.parametrize("used", [[0], [1], [2], [0, 1, 2]])
def test_from_logits_in_one_step_is_softmax_and_then_counts(batch, first, used):
    results = []
    for counts in (
        softmax_counts(batch[0], batch[1], first=first),
        classic_counts(batch[0].softmax(1), batch[1], first=first),
    ):
        weights = torch.arange(1.0, counts[0].numel() + 1).reshape(counts[0].shape).double()
        total = sum((counts[index] * weights).square().sum() for index in used)
        results.append(torch.autograd.grad(total, batch, materialize_grads=True))
    torch.testing.assert_close(*results)


def test_the_two_ways_to_sort_agree():
    """Row by row as integers on a CPU; all rows at once as floats on other devices."""
    generator = torch.Generator().manual_seed(0)
    errors = torch.rand(4, 100, generator=generator)
    y = (torch.rand(4, 100, generator=generator) > 0.5).float()
    together = _sorted_sum(errors, y, *errors.sort(dim=-1, descending=True))
    for row in range(4):
        alone = _sorted_sum(errors[row], y[row], *_falling(errors[row]))
        torch.testing.assert_close(alone[0], together[0][row])
        torch.testing.assert_close(alone[1], together[1][row])
