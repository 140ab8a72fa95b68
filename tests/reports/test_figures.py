import re
import xml.etree.ElementTree as ET

import numpy as np
import pytest

from segsweep.reports import canvas
from segsweep.reports.document import Drawing
from segsweep.reports.forest import MOST_LINES, Dots, forest
from segsweep.reports.squares import MOST_SQUARES
from segsweep.reports.volume_scatter import volume_scatter

NAMES = ["dice Φ=image", "a $1 <b>&", "脳 loss"]


def forest_of(names: list[str], slug: str = "x") -> Drawing:
    values = [0.1 * index for index in range(len(names))]
    soft = Dots("soft", values, values, values)
    hard = Dots("hard", values, values, values, "s")
    return forest(names, [soft, hard], slug=slug, title="t", axis="ΔV, ml", description="d", reference=0.0)


def scatter_of(cases: int) -> Drawing:
    volumes = np.random.default_rng(0).gamma(2.0, 10.0, (3, cases))
    return volume_scatter(NAMES, volumes, volumes + 1, slug="s", title="t", unit="ml", description="d")


@pytest.mark.parametrize("drawing", [forest_of(NAMES), scatter_of(20)], ids=["forest", "scatter"])
def test_drawings_follow_the_page(drawing: Drawing) -> None:
    root = ET.fromstring(drawing.svg)
    assert "viewBox" in root.attrib
    assert "width" not in root.attrib
    assert "#0a0b" not in drawing.svg
    assert "#0a1b" not in drawing.svg
    assert "var(--series-0)" in drawing.svg
    assert "metadata" not in drawing.svg
    letters = {float(size) for size in re.findall(r"font-size: ([\d.]+)px", drawing.svg)}
    assert letters
    assert min(letters) >= 10
    assert "font-family" not in drawing.svg


def test_names_are_text_and_stay_what_they_are() -> None:
    words = [element.text for element in ET.fromstring(forest_of(NAMES).svg).iter("{http://www.w3.org/2000/svg}text")]
    assert set(NAMES) <= set(words)


def test_ids_of_two_drawings_never_meet() -> None:
    one, two = (set(re.findall(r'\bid="([^"]+)"', forest_of(NAMES, slug).svg)) for slug in ("one", "two"))
    assert one
    assert not one & two


def test_references_inside_a_drawing_lead_somewhere() -> None:
    svg = forest_of(NAMES).svg
    ids = set(re.findall(r'\bid="([^"]+)"', svg))
    assert set(re.findall(r'href="#([^"]+)"', svg)) | set(re.findall(r"url\(#([^)]+)\)", svg)) <= ids


def test_drawing_twice_gives_the_same_bytes() -> None:
    assert forest_of(NAMES).svg == forest_of(NAMES).svg


def test_large_clouds_are_stored_as_pixels_and_stay_small() -> None:
    few, many = scatter_of(20).svg, scatter_of(5000).svg
    assert "data:image/png" not in few
    assert "data:image/png" in many
    assert len(many) < 300_000


def test_more_settings_than_can_be_seen_are_left_to_the_table() -> None:
    names = [f"setting {index}" for index in range(MOST_LINES + 5)]
    svg = forest_of(names).svg
    assert f">{names[MOST_LINES - 1]}<" in svg
    assert f">{names[MOST_LINES]}<" not in svg
    assert MOST_SQUARES % 2 == 0


def test_the_style_leaves_the_world_as_it_was() -> None:
    import matplotlib as mpl

    before = mpl.rcParams["text.parse_math"]
    forest_of(NAMES)
    assert mpl.rcParams["text.parse_math"] == before
    assert canvas.WIDTH == 360


@pytest.mark.parametrize(
    "names", [["dice Φ=batch ε=0.001 B=4"] * 4, ["ce B=4", "dice Φ=batch ε=mean_volume B=4"]], ids=["two", "one"]
)
def test_a_legend_lies_within_its_figure(names: list[str]) -> None:
    columns = canvas.legend_columns(names)
    with canvas.style():
        figure, axes = canvas.one_axes(200, left=52, legend_lines=len(names) // columns)
        for name in names:
            axes.plot([0, 1], label=name)
        canvas.legend(figure, columns=columns)
        (drawn,) = figure.legends
        box = drawn.get_window_extent()
    assert columns == (2 if len(names) == 4 else 1)
    assert box.x1 <= figure.bbox.x1
    assert box.y0 >= axes.get_window_extent().y1 - 1
