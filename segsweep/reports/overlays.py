"""The best, the median and the worst case of every setting, with the outlines of truth and prediction."""

from segsweep.records.schemas import PREDICTION_COLOUR, RANKS, TRUTH_COLOUR
from segsweep.reports.document import (
    Block,
    Cell,
    Column,
    Gallery,
    Image,
    Paragraph,
    Section,
    Strip,
    Table,
    Tone,
    text_cell,
)
from segsweep.reports.examples import Example, Examples
from segsweep.reports.numbers import number

_LEGEND = (
    (TRUTH_COLOUR, "truth, a line just outside its border"),
    (PREDICTION_COLOUR, "prediction, a line just inside its border"),
)
_ABOUT = (
    "By Dice, over all folds and seeds; cases without a true voxel only where there are no others. The median case is "
    "the one nearest the median among each model's own median case."
)
_SHOWN = (
    "Where truth and prediction agree, the two lines run side by side. Images are as the network was given them, "
    "resampled to their own voxels."
)
_SHOWN_3D = (
    f"{_SHOWN} Of a volume the axial slice with most of the truth is shown, seen from the feet, the patient's right on "
    "the left; Dice is that of the whole volume."
)


def section(examples: Examples, *, slug: str) -> Section:
    """Pictures of them as far as there are any, and a table of all."""
    shown = [case for case in examples.cases if case.setting in examples.pictured]
    blocks: list[Block] = [Paragraph(_ABOUT, Tone.NOTE)]
    if examples.pictures:
        blocks += [_gallery(examples, shown), *_remarks(examples)]
    table = _table(examples, slug=f"{slug}-examples", folded=bool(examples.pictures))
    return Section(f"{slug}-overlays", "Cases", (*blocks, table))


def _remarks(examples: Examples) -> list[Paragraph]:
    volumes = any(picture.slice is not None for picture in examples.pictures.values())
    remarks = [Paragraph(_SHOWN_3D if volumes else _SHOWN, Tone.NOTE)]
    if len(examples.pictured) < len({case.setting for case in examples.cases}):
        chosen = f"Shown: the {len(examples.pictured)} settings with the highest mean Dice. The table has all of them."
        remarks.append(Paragraph(chosen, Tone.NOTE))
    return remarks


def _gallery(examples: Examples, shown: list[Example]) -> Gallery:
    strips = []
    for setting in examples.pictured:
        images = tuple(_image(case, examples) for case in shown if case.setting == setting)
        strips += [Strip(setting, images)] if images else []
    return Gallery(tuple(strips), _LEGEND)


def _image(case: Example, examples: Examples) -> Image:
    picture = examples.pictures.get(case.key)
    place = f", slice {picture.slice}" if picture is not None and picture.slice is not None else ""
    dice, seen = number(case.dice, 3), f"{_named(case)}{place}"
    outlined = f"with the outlines of the true and of the predicted {case.label}"
    return Image(
        title=f"{case.rank.capitalize()}: Dice {dice}",
        caption=seen,
        description=f"{case.rank.capitalize()} case of {case.setting}: {seen}, {outlined}; Dice {dice}.",
        png=picture.png if picture is not None else None,
    )


def _named(case: Example) -> str:
    return f"{case.case} ({case.repeat})" if case.repeat else case.case


def _table(examples: Examples, *, slug: str, folded: bool) -> Table:
    by_setting: dict[str, dict[str, Example]] = {}
    for case in examples.cases:
        by_setting.setdefault(case.setting, {})[case.rank] = case
    headings = [(f"{rank.capitalize()} case", f"{rank.capitalize()} Dice") for rank in RANKS]
    columns = [column for name, dice in headings for column in (Column(name), Column(dice, numeric=True))]
    rows = tuple(
        (text_cell(setting), *(cell for rank in RANKS for cell in _cells(found[rank])))
        for setting, found in by_setting.items()
    )
    return Table(slug, "Best, median and worst cases", (Column("Setting"), *columns), rows, folded=folded)


def _cells(case: Example) -> tuple[Cell, Cell]:
    return text_cell(_named(case)), Cell(number(case.dice, 3), case.dice)
