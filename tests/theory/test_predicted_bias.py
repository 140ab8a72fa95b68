import numpy as np
import pytest

from segsweep.spec.catalogue import ENTRIES, resolve
from segsweep.theory.predicted_bias import predicted_bias


def predicted(name, arguments=None, *, p=0.48, k=16, r=1.0, batch_size=4, certain_volume=None, soft_labels=False):
    resolved = resolve(name, arguments or {}).arguments
    return predicted_bias(
        name,
        resolved,
        p=p,
        k=k,
        r=r,
        batch_size=batch_size,
        certain_volume=certain_volume,
        soft_labels=soft_labels,
    )


@pytest.mark.parametrize(
    ("name", "arguments", "p", "expected"),
    [
        ("ce", {}, 0.48, 0.0),
        ("dice", {}, 0.48, 0.52),
        ("dice", {}, 0.30, -0.30),
        ("jaccard", {}, 0.48, 0.52),
        ("tversky", {"alpha": 0.5, "beta": 0.5}, 0.30, -0.30),
        ("lovasz", {}, 0.48, 0.02),
        ("wce", {"weight": 2}, 0.4, 0.8 / 1.4 - 0.4),
        ("wce", {"weight": [2, 1]}, 0.4, 0.4 / 1.6 - 0.4),
    ],
)
def test_it_is_the_bias_of_the_optimum(name, arguments, p, expected):
    assert predicted(name, arguments, p=p) == pytest.approx(expected, abs=1e-12)


@pytest.mark.parametrize("name", ["dice", "jaccard"])
def test_of_soft_labels_the_minimiser_is_found_by_trying(name):
    """One label that is 1 on the core and p on a region of the same size; one prediction q on the region."""
    q = np.linspace(0, 1, 1001)
    for p in (0.30, 0.40, 0.43, 0.48):
        both, volumes = 1 + q * p, 2 + q + p
        classic = 2 * both / volumes if name == "dice" else both / (volumes - both)
        best = q[classic.argmax()]
        assert predicted(name, p=p, k=1, soft_labels=True) == pytest.approx(best - p, abs=1e-3)
        overlap = 1 + np.minimum(q, p)
        semimetric = 2 * overlap / volumes if name == "dice" else overlap / (volumes - overlap)
        nearest = q[semimetric.argmax()]
        assert predicted(name, {"form": "semimetric"}, p=p, k=1, soft_labels=True) == pytest.approx(
            nearest - p, abs=1e-3
        )


def test_over_the_batch_all_images_blocks_count():
    # p*(1, 1) = .5 and p*(4, 1) = .4358, so four images of one block include what one image leaves out
    assert predicted("dice", {"phi": "image"}, p=0.46, k=1) == pytest.approx(-0.46)
    assert predicted("dice", {"phi": "batch"}, p=0.46, k=1) == pytest.approx(0.54)
    assert predicted("dice", {"phi": "all"}, p=0.46, k=1) == pytest.approx(0.54)
    assert predicted("dice", {"phi": "batch"}, p=0.46, k=1, batch_size=1) == pytest.approx(-0.46)


def test_a_large_epsilon_raises_the_bar_to_predict():
    # between p*(16, 1) = .4196 with ε = 0 and the limit ½ as ε outgrows all volumes
    assert predicted("dice", {"epsilon": 1e6}, p=0.44, certain_volume=100) == pytest.approx(-0.44)
    assert predicted("dice", {}, p=0.44) == pytest.approx(0.56)
    assert predicted("dice", {"epsilon": "mean_volume"}, p=0.44) == predicted(
        "dice", {"epsilon": 144}, p=0.44, certain_volume=100
    )


@pytest.mark.parametrize(
    ("name", "arguments"),
    [
        ("wce", {"weight": "balanced"}),
        ("dice+ce", {}),
        ("focal", {}),
        ("monai:DiceLoss", {}),
        ("dice", {"epsilon": 100}),
        ("dice", {"background": True}),
        ("dice", {"denominator": "squared"}),
        ("dice", {"epsilon": "mean_volume", "epsilon_in": "denominator"}),
        ("lovasz", {"background": True}),
    ],
)
def test_where_theory_does_not_say_it_says_nothing(name, arguments):
    assert predicted(name, arguments) is None


@pytest.mark.parametrize("entry", ENTRIES, ids=lambda entry: entry.name)
def test_every_entry_has_a_prediction_or_none(entry):
    found = predicted(entry.name)
    assert found is None or -1 <= found <= 1
