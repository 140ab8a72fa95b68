"""Whole images judged by a network that was trained on patches."""

from pathlib import Path

import numpy as np
import torch
from file_trials import CPU, trial_on
from tiny_datasets import write_nifti
from torch import nn

from segsweep.data.batches import EvaluationCase
from segsweep.data.geometry import Geometry
from segsweep.data.open import open_batches
from segsweep.training.evaluation import evaluate
from segsweep.training.inference import predict, probabilities


class Brightness(nn.Module):
    """A voxel's logit is its own intensity: what it sees around makes no difference."""

    def forward(self, images: torch.Tensor) -> torch.Tensor:
        return images


def case(image: np.ndarray, window: tuple[int, ...] | None) -> EvaluationCase:
    shape = image.shape[1:]
    geometry = Geometry(shape, shape, shape, None)
    truth = np.zeros(shape, dtype=np.uint8)
    return EvaluationCase("a", "a", "val", image, truth, geometry, (0.0, 0.0), {}, window=window)


def test_a_network_that_sees_no_further_than_a_voxel_says_the_same_through_windows() -> None:
    image = np.random.default_rng(0).normal(size=(1, 21, 30, 17)).astype(np.float32)
    network = Brightness().eval()
    (whole,) = probabilities(network, [image], CPU)
    (seen,) = predict(network, [case(image, (16, 16, 16))], CPU)
    # single precision: weighted means of equal numbers
    np.testing.assert_allclose(seen, whole, rtol=0, atol=1e-6)


def test_a_window_of_the_image_s_size_is_the_image() -> None:
    torch.manual_seed(0)
    network = nn.Conv2d(1, 3, 5, padding=2).eval()
    image = np.random.default_rng(0).normal(size=(1, 16, 24)).astype(np.float32)
    (whole,) = predict(network, [case(image, None)], CPU)
    (seen,) = predict(network, [case(image, (16, 24))], CPU)
    np.testing.assert_allclose(seen, whole, rtol=0, atol=1e-6)


def test_cases_of_different_sizes_are_judged_on_their_native_grids(tmp_path: Path) -> None:
    folder = tmp_path / "volumes"
    shapes = [(20, 16, 18), (24, 20, 16), (12, 30, 16), (17, 19, 23)]
    for number, shape in enumerate(shapes):
        label = np.zeros(shape, dtype=np.uint8)
        label[2:6, 2:6, 2:7] = 1
        write_nifti(folder / "images" / f"case-{number}.nii.gz", (20.0 * label - 10).astype(np.float32))
        write_nifti(folder / "masks" / f"case-{number}.nii.gz", label)
    trial = trial_on(folder, dataset={"patch": [16, 16, 16], "normalise": "none"})
    batches = open_batches(trial, CPU)
    rows = list(evaluate(Brightness(), batches.evaluation(), batches.labels, trial, CPU))
    assert {row["case"] for row in rows} == {f"case-{number}" for number in range(4)}
    assert all((row["dice"], row["tp"], row["fp"], row["truth_cut_off"]) == (1.0, 80, 0, 0.0) for row in rows)
