"""Pictures of cases against masks whose outlines are known."""

import doctest
import io
from collections.abc import Sequence

import numpy as np
import pytest
import torch
from numpy.typing import NDArray
from PIL import Image, ImageColor

from segsweep.data.batches import EvaluationCase
from segsweep.data.geometry import Geometry
from segsweep.records import example_cases
from segsweep.records.example_cases import choose_examples
from segsweep.records.schemas import OVERLAYS, PREDICTION_COLOUR, TRUTH_COLOUR
from segsweep.records.tables import table
from segsweep.training.examples import example_rows
from segsweep.training.overlays import render, shown_shape, shown_slice, windowed

TRUTH, PREDICTION = ImageColor.getrgb(TRUTH_COLOUR), ImageColor.getrgb(PREDICTION_COLOUR)
CPU = torch.device("cpu")


def pixels(png: bytes) -> NDArray[np.uint8]:
    """(rows, columns, 3)."""
    with Image.open(io.BytesIO(png)) as picture:
        assert picture.format == "PNG"
        return np.asarray(picture.convert("RGB"))


def of_colour(png: bytes, colour: Sequence[int]) -> set[tuple[int, int]]:
    """Rows and columns of the pixels of one colour."""
    return {(int(row), int(column)) for row, column in np.argwhere((pixels(png) == colour).all(axis=-1))}


def box(shape: tuple[int, ...], rows: slice, columns: slice) -> NDArray[np.bool_]:
    mask = np.zeros(shape, dtype=np.bool_)
    mask[rows, columns] = True
    return mask


def frame(top: int, bottom: int, left: int, right: int, width: int) -> set[tuple[int, int]]:
    """The pixels of rectangle [top, bottom) × [left, right) that lie at most `width` from its edge."""
    return {
        (row, column)
        for row in range(top, bottom)
        for column in range(left, right)
        if min(row - top, bottom - 1 - row, column - left, right - 1 - column) < width
    }


class TestRendering:
    image = np.random.default_rng(0).normal(size=(1, 256, 256)).astype(np.float32)
    nothing = np.zeros((256, 256), dtype=np.bool_)

    def test_the_truth_is_a_line_outside_its_border_and_the_prediction_one_inside(self) -> None:
        mask = box((256, 256), slice(100, 140), slice(60, 90))
        png = render(self.image, mask, mask, None).png
        assert of_colour(png, TRUTH) == frame(98, 142, 58, 92, 2)
        assert of_colour(png, PREDICTION) == frame(100, 140, 60, 90, 2)

    def test_where_both_lines_fall_on_one_pixel_both_colours_alternate(self) -> None:
        true, wider = (box((256, 256), slice(100 - d, 140 + d), slice(60 - d, 90 + d)) for d in (0, 2))
        png = render(self.image, true, wider, None).png
        seen = of_colour(png, TRUTH), of_colour(png, PREDICTION)
        assert seen[0] | seen[1] == frame(98, 142, 58, 92, 2)
        assert 0.8 < len(seen[0]) / len(seen[1]) < 1.25

    def test_lines_stand_out_from_white_and_from_black(self) -> None:
        mask = box((256, 256), slice(100, 140), slice(60, 90))
        for image in (np.zeros((1, 256, 256), np.float32), np.ones((1, 256, 256), np.float32)):
            image[0, :10] = 1 - image[0, 0, 0]
            beside = pixels(render(image, mask, mask, None).png)[97, 70].astype(int)
            assert np.abs(beside - TRUTH).max() > 100

    @pytest.mark.parametrize("true", [True, False])
    def test_empty_masks_have_no_outline(self, true: bool) -> None:
        mask = box((256, 256), slice(100, 140), slice(60, 90))
        png = render(self.image, *((mask, self.nothing) if true else (self.nothing, mask)), None).png
        assert bool(of_colour(png, TRUTH)) is true
        assert bool(of_colour(png, PREDICTION)) is not true

    def test_a_speck_survives_the_reduction_of_a_large_image(self) -> None:
        large, speck = np.zeros((1, 1200, 1200), np.float32), np.zeros((1200, 1200), np.bool_)
        speck[700, 300] = True
        png = render(large, speck, self.nothing.repeat(5, 0)[:1200].repeat(5, 1)[:, :1200], None).png
        assert pixels(png).shape == (384, 384, 3)
        rows, columns = zip(*of_colour(png, TRUTH), strict=True)
        assert np.mean(rows) == pytest.approx(700 * 0.32, abs=1)
        assert np.mean(columns) == pytest.approx(300 * 0.32, abs=1)

    @pytest.mark.parametrize(("channels", "coloured"), [(1, False), (2, False), (3, True), (4, False)])
    def test_three_channels_of_a_picture_are_colours(self, channels: int, coloured: bool) -> None:
        image = np.random.default_rng(0).normal(size=(channels, 64, 64)).astype(np.float32)
        seen = pixels(render(image, self.nothing[:64, :64], self.nothing[:64, :64], None).png)
        assert bool(np.ptp(seen, axis=-1).any()) is coloured

    def test_a_photograph_takes_about_25_kilobytes(self) -> None:
        coarse = np.random.default_rng(0).normal(size=(3, 32, 32)).astype(np.float32)
        image = np.stack([np.asarray(Image.fromarray(channel).resize((256, 256))) for channel in coarse])
        assert len(render(image, self.nothing, self.nothing, None).png) < 30_000

    def test_equal_cases_give_equal_bytes(self) -> None:
        assert render(self.image, self.nothing, self.nothing, None) == render(
            self.image, self.nothing, self.nothing, None
        )


class TestVolumes:
    def test_the_slice_with_most_of_the_truth_is_shown_upright(self) -> None:
        """Voxels count from left, back and feet; a bright voxel at right, front is seen at the picture's top left."""
        image, true = np.zeros((1, 8, 6, 5), np.float32), np.zeros((8, 6, 5), np.bool_)
        true[3, 3, 1], true[3:5, 2:4, 3] = True, True
        image[0, 7, 5, 3] = 1
        found = render(image, true, np.zeros_like(true), (1, 1, 1))
        seen = pixels(found.png)
        assert found.slice == 4
        assert seen.shape == (192, 256, 3)
        assert seen[:32, :32].min() == 255
        assert seen[:32, 33:].max() == 0

    def test_without_a_truth_the_prediction_decides_and_without_both_the_middle(self) -> None:
        empty, predicted = np.zeros((4, 4, 7), np.bool_), np.zeros((4, 4, 7), np.bool_)
        predicted[0, 0, 5] = True
        assert shown_slice(empty, predicted) == 5
        assert shown_slice(empty, empty) == 3
        assert shown_slice(predicted, empty) == 5

    def test_an_anisotropic_plane_keeps_its_shape_in_millimetres(self) -> None:
        """40 mm from left to right, 20 mm from back to front."""
        mask = np.zeros((80, 10, 3), np.bool_)
        assert pixels(render(np.zeros((1, 80, 10, 3), np.float32), mask, mask, (0.5, 2.0, 5.0)).png).shape[:2] == (
            120,
            240,
        )

    def test_three_channels_of_a_volume_are_no_colours(self) -> None:
        image = np.random.default_rng(0).normal(size=(3, 8, 8, 4)).astype(np.float32)
        mask = np.zeros((8, 8, 4), np.bool_)
        assert np.ptp(pixels(render(image, mask, mask, (1, 1, 1)).png), axis=-1).max() == 0


@pytest.mark.parametrize(
    ("native", "mm", "shown"),
    [
        ((50, 35), (1, 1), (250, 175)),
        ((256, 200), (1, 1), (256, 200)),
        ((300, 300), (1, 1), (300, 300)),
        ((1000, 500), (1, 1), (384, 192)),
        ((1, 1), (1, 1), (256, 256)),
        ((100, 100), (3, 1), (300, 100)),
    ],
)
def test_small_planes_grow_by_a_whole_factor_and_large_ones_shrink(
    native: tuple[int, int], mm: tuple[float, float], shown: tuple[int, int]
) -> None:
    assert shown_shape(native, mm) == shown


def test_intensities_span_the_percentiles() -> None:
    plane = np.arange(101, dtype=np.float32).reshape(1, 101)
    assert windowed(plane)[0, [0, 1, 50, 99, 100]].tolist() == pytest.approx([0, 0, 127.5, 255, 255])
    assert windowed(np.full((4, 4), 7, np.float32)).max() == 0


class TestChoice:
    @pytest.mark.parametrize(
        ("dice", "volume", "empty", "chosen"),
        [
            ([0.2, 0.9, 0.5], [1, 1, 1], [0, 0, 0], (1, 2, 0)),
            ([0.2, 0.9, 0.5, 0.4], [1, 1, 1, 1], [0, 0, 0, 0], (1, 3, 0)),
            ([0.0, 0.0, 0.7], [1, 5, 1], [0, 0, 0], (2, 0, 1)),
            ([0.8, 0.8, 0.1], [2, 2, 1], [0, 0, 0], (0, 0, 2)),
            ([0.0, np.nan, 0.6], [0, 0, 1], [1, 1, 0], (2, 2, 2)),
            ([0.0, np.nan], [0, 0], [1, 1], (0, 0, 0)),
        ],
        ids=["odd", "even: lower median", "worst: larger truth", "equal: the first", "empty left out", "empty alone"],
    )
    def test_by_hand(
        self, dice: list[float], volume: list[float], empty: list[int], chosen: tuple[int, int, int]
    ) -> None:
        found = choose_examples(np.array(dice), np.array(volume, dtype=np.float64), np.array(empty, dtype=np.bool_))
        assert (found["best"], found["median"], found["worst"]) == chosen

    def test_its_example_runs(self) -> None:
        assert doctest.testmod(example_cases).failed == 0

    def test_nothing_stands_for_cases_without_a_score(self) -> None:
        assert choose_examples(np.array([np.nan]), np.zeros(1), np.ones(1, dtype=np.bool_)) == {}


class Threshold(torch.nn.Module):
    """Foreground wherever the first channel is positive."""

    def forward(self, images: torch.Tensor) -> torch.Tensor:
        return images[:, :1] * 100


class FewBatches:
    """The cases alone: no picture needs more of a fold."""

    labels = ("background", "lesion")

    def __init__(self, cases: list[EvaluationCase]) -> None:
        self._cases = cases

    def evaluation(self) -> list[EvaluationCase]:
        return self._cases


def picture_case(name: str, split: str = "val", **changes: object) -> EvaluationCase:
    truth = box((32, 32), slice(10, 20), slice(10, 20)).astype(np.uint8)
    image = np.where(truth, 1, -1).astype(np.float32)[None]
    geometry = Geometry((32, 32), (32, 32), (32, 32), None)
    values = {"id": name, "group": name, "split": split, "image": image, "truth": truth, "geometry": geometry}
    return EvaluationCase(**{**values, "cut_off": (0.0, 0.0), "meta": {}, **changes})  # type: ignore[arg-type]


def case_row(name: str, dice: float | None, split: str = "val", truth: str = "label") -> dict[str, object]:
    empty = dice is None
    kept = {"trial": "t", "case": name, "label": "lesion", "split": split, "truth": truth, "dice": dice}
    return {**kept, "volume_true": 0.0 if empty else 100.0, "empty_true": empty}


def examples(cases: list[EvaluationCase], rows: list[dict[str, object]]) -> dict[str, dict[str, object]]:
    """The rows of a trial by rank; they fit the table that they go to."""
    found = list(example_rows(Threshold(), FewBatches(cases), rows, CPU))  # type: ignore[arg-type]
    assert table(found, OVERLAYS).num_rows == len(found)
    return {str(row["rank"]): row for row in found}


class TestTrial:
    def test_only_cases_of_the_evaluation_fold_are_shown(self) -> None:
        cases = [picture_case("d", "train"), *(picture_case(name) for name in "abc")]
        rows = [case_row("d", 1.0, "train"), case_row("a", 0.5), case_row("b", 0.7), case_row("c", 0.9)]
        found = examples(cases, rows)
        assert {rank: (row["case"], row["dice"]) for rank, row in found.items()} == {
            "best": ("c", 0.9),
            "median": ("b", 0.7),
            "worst": ("a", 0.5),
        }

    def test_a_single_case_fills_all_ranks_with_one_picture(self) -> None:
        found = examples([picture_case("a")], [case_row("a", 0.5)])
        assert set(found) == {"best", "median", "worst"}
        assert len({row["png"] for row in found.values()}) == 1

    def test_no_score_no_picture(self) -> None:
        assert examples([picture_case("a")], [case_row("a", None)]) == {}

    def test_the_prediction_is_the_one_that_was_judged(self) -> None:
        """Voxels to ignore are no prediction: the network says foreground there, too."""
        truth = box((32, 32), slice(10, 20), slice(10, 20)).astype(np.uint8)
        image = np.where(truth, 1, -1).astype(np.float32)[None]
        truth[10:20, 15:20] = 255
        png = examples([picture_case("a", image=image, truth=truth)], [case_row("a", 0.5)])["best"]["png"]
        assert isinstance(png, bytes)
        assert max(column for _, column in of_colour(png, PREDICTION)) == 15 * 8 - 1

    def test_of_several_raters_the_majority_is_outlined(self) -> None:
        full, half = (box((32, 32), slice(10, 20), slice(10, end)).astype(np.uint8) for end in (20, 15))
        case = picture_case("a", truth=full, raters={"one": full, "two": half, "three": half})
        rows = [case_row("a", 0.5, truth=truth) for truth in ("one", "two", "three", "mean", "majority")]
        png = examples([case], rows)["best"]["png"]
        assert isinstance(png, bytes)
        assert max(column for _, column in of_colour(png, TRUTH)) == 15 * 8 + 1

    def test_what_the_network_did_not_see_is_dark(self) -> None:
        """The crop is the upper half: below it the picture is black, not the grey of a mean."""
        geometry = Geometry((32, 32), (32, 32), (16, 32), None)
        image = np.random.default_rng(0).normal(size=(1, 16, 32)).astype(np.float32)
        png = examples([picture_case("a", image=image, geometry=geometry)], [case_row("a", 0.5)])["best"]["png"]
        assert isinstance(png, bytes)
        assert pixels(png)[-40:].max() <= 10
