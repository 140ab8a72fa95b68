"""Cases are judged on their native grid, whatever grid the network works on."""

import json

import numpy as np
import pytest
import torch
from grids import plan_of, tiny_sweep
from numpy.typing import NDArray
from torch import nn

from segsweep.data.batches import EvaluationCase
from segsweep.data.geometry import Geometry
from segsweep.records.schemas import CASES
from segsweep.records.tables import table
from segsweep.training.evaluation import case_rows, evaluate
from segsweep.training.inference import decide, probabilities

TRIAL = plan_of(tiny_sweep()).trials[0]
LABELS = ("background", "anterior", "posterior")


def case(truth: NDArray[np.uint8], geometry: Geometry, **changes: object) -> EvaluationCase:
    image = np.zeros((1, *geometry.size), dtype=np.float32)
    return EvaluationCase("a", "g", "val", image, truth, geometry, (0.0, 0.25, 0.5), {}, **changes)  # type: ignore[arg-type]


def square(shape: tuple[int, ...]) -> NDArray[np.uint8]:
    truth = np.zeros(shape, dtype=np.uint8)
    truth[4:8, 4:12] = 1
    return truth


class TestRows:
    GEOMETRY = Geometry((16, 16), (16, 16), (16, 16), spacing=(0.5, 2.0))

    def test_by_hand(self) -> None:
        """32 true pixels of 1 mm²; the prediction is 8 columns wide too, but a column further right."""
        truth = square((16, 16))
        foreground = np.zeros((1, 16, 16), dtype=np.float32)
        foreground[0, 4:8, 5:13] = 0.75
        (row,) = case_rows(case(truth, self.GEOMETRY), foreground, LABELS[:2], TRIAL)
        assert (row["tp"], row["fp"], row["fn"]) == (28, 4, 4)
        assert (row["dice"], row["jaccard"]) == (28 / 32, 28 / 36)
        assert (row["unit"], row["volume_true"], row["volume_soft"], row["volume_hard"]) == ("mm2", 32, 24, 32)
        assert row["hd95"] == 2.0  # one column is 2 mm
        assert (row["foreground_fraction"], row["truth_cut_off"]) == (32 / 256, 0.25)
        assert (row["predicted_at"][0], row["predicted_at"][75], row["predicted_at"][76]) == (256, 32, 0)
        assert row["true_positive_at"][50] == row["tp"]

    def test_labels_take_what_is_most_probable(self) -> None:
        truth = np.array([[0, 1, 2, 2]], dtype=np.uint8)
        foreground = np.array([[[0.1, 0.4, 0.3, 0.2]], [[0.2, 0.35, 0.4, 0.2]]], dtype=np.float32)
        geometry = Geometry((1, 4), (1, 4), (1, 4), spacing=None)
        rows = list(case_rows(case(truth, geometry), foreground, LABELS, TRIAL))
        assert [(row["label"], row["tp"], row["fp"], row["fn"]) for row in rows] == [
            ("anterior", 1, 0, 0),
            ("posterior", 1, 0, 1),
        ]
        assert [row["truth_cut_off"] for row in rows] == [0.25, 0.5]

    def test_empty_truth_and_prediction(self) -> None:
        nothing = np.zeros((16, 16), dtype=np.uint8)
        (row,) = case_rows(case(nothing, self.GEOMETRY), np.zeros((1, 16, 16), np.float32), LABELS[:2], TRIAL)
        assert (row["empty_true"], row["empty_pred"]) == (True, True)
        assert [row[metric] for metric in ("dice", "jaccard", "hd95", "assd", "nsd")] == [None] * 5
        assert (row["volume_true"], row["volume_soft"], row["volume_hard"]) == (0, 0, 0)

    def test_they_fit_the_table(self) -> None:
        truth = square((16, 16))
        rows = list(case_rows(case(truth, self.GEOMETRY), truth[None].astype(np.float32), LABELS[:2], TRIAL))
        assert table(rows, CASES).num_rows == 1

    def test_further_columns_of_meta_csv(self) -> None:
        truth = square((16, 16))
        (without,) = case_rows(case(truth, self.GEOMETRY), truth[None].astype(np.float32), LABELS[:2], TRIAL)
        assert without["meta"] is None
        changed = EvaluationCase(**{**vars(case(truth, self.GEOMETRY)), "meta": {"site": "Leuven"}})
        (row,) = case_rows(changed, truth[None].astype(np.float32), LABELS[:2], TRIAL)
        assert json.loads(row["meta"]) == {"site": "Leuven"}

    def test_ignored_voxels_count_nowhere(self) -> None:
        truth = square((16, 16))
        truth[:, 8:] = 255
        (row,) = case_rows(case(truth, self.GEOMETRY), np.ones((1, 16, 16), np.float32), LABELS[:2], TRIAL)
        assert (row["tp"], row["fn"], row["fp"]) == (16, 0, 16 * 8 - 16)
        assert row["volume_soft"] == 16 * 8

    def test_raters_are_judged_by_majority_mean_and_one_by_one(self) -> None:
        masks = np.zeros((3, 16, 16), dtype=np.uint8)
        masks[:, :2], masks[1:, 2:4] = 1, 1  # the first rater saw two rows, the others four
        raters = dict(zip(("ann", "bob", "cas"), masks, strict=True))
        found = case(masks[1], self.GEOMETRY, raters=raters)
        rows = {row["truth"]: row for row in case_rows(found, masks[1][None].astype(np.float32), LABELS[:2], TRIAL)}
        assert list(rows) == ["majority", "mean", "ann", "bob", "cas"]
        assert [rows[name]["dice"] for name in ("majority", "bob", "cas")] == [1, 1, 1]
        assert rows["ann"]["dice"] == pytest.approx(2 * 32 / (32 + 64))
        assert rows["mean"]["volume_true"] == pytest.approx(32 + 32 * 2 / 3)
        assert rows["mean"]["dice"] == pytest.approx(2 * (32 + 64 / 3) / (64 + 32 + 64 / 3))


class TestNativeGrid:
    class Everything(nn.Module):
        """Says lesion with one probability everywhere."""

        def forward(self, images: torch.Tensor) -> torch.Tensor:
            return torch.full((len(images), 1, *images.shape[2:]), 2.0)

    def rows(self, geometry: Geometry) -> dict[str, object]:
        cases = [case(square(geometry.native), geometry)]
        (row,) = evaluate(self.Everything(), cases, LABELS[:2], TRIAL, torch.device("cpu"))
        return row

    def test_volumes_are_counted_on_the_finer_native_grid(self) -> None:
        row = self.rows(Geometry((16, 24), (4, 8), (4, 8), spacing=None))
        probability = 1 / (1 + np.exp(-2.0))
        assert row["volume_hard"] == 16 * 24
        assert row["volume_soft"] == pytest.approx(16 * 24 * probability, rel=1e-6)
        assert row["volume_true"] == 32

    def test_what_the_network_did_not_see_is_background(self) -> None:
        row = self.rows(Geometry((16, 24), (16, 24), (8, 8), spacing=None))
        assert row["volume_hard"] == 64


class TestInference:
    def test_binary_probabilities_are_sigmoids(self) -> None:
        found = probabilities(nn.Identity(), [np.array([[[0.0, 2.0]]], np.float32)], torch.device("cpu"))
        np.testing.assert_allclose(found[0, 0, 0], [0.5, 1 / (1 + np.exp(-2))], rtol=1e-6)

    def test_several_labels_are_a_softmax_without_its_background(self) -> None:
        logits = np.random.default_rng(0).normal(size=(3, 2, 2)).astype(np.float32)
        found = probabilities(nn.Identity(), [logits], torch.device("cpu"))[0]
        np.testing.assert_allclose(found, (np.exp(logits) / np.exp(logits).sum(axis=0))[1:], rtol=1e-5)

    def test_one_half_is_foreground(self) -> None:
        assert decide(np.array([[0.5, np.nextafter(np.float32(0.5), np.float32(0))]], np.float32)).tolist() == [1, 0]
