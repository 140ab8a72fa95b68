"""Figures of a report as files of their own: on white, in the colours of the light page, in their own size."""

import re
from functools import cache
from importlib import resources

from segsweep.reports.document import Drawing

_ENLARGED = 1.25
"""Pixels of the file for a point of the drawing."""

_FONT = "system-ui, 'Segoe UI', Roboto, 'Noto Sans', 'DejaVu Sans', sans-serif"


def standalone(drawing: Drawing) -> str:
    """The drawing as an SVG file."""
    colours = _colours()
    svg = re.sub(r"var\(--([a-z0-9-]+)\)", lambda found: colours[found[1]], drawing.svg)
    width, height = (float(side) for side in re.findall(r'viewBox="0 0 ([\d.]+) ([\d.]+)"', svg)[0])
    size = f'width="{_ENLARGED * width:.0f}" height="{_ENLARGED * height:.0f}" style="font-family: {_FONT}"'
    start = svg.index(">") + 1
    head = svg[: start - 1].rstrip("/")
    return f'{head} {size}>\n<rect width="100%" height="100%" fill="{colours["surface"]}"/>{svg[start:]}\n'


@cache
def _colours() -> dict[str, str]:
    """The variables of the report's light page."""
    style = (resources.files("segsweep.reports") / "templates" / "report.css").read_text(encoding="utf-8")
    light = style[style.index("{") : style.index("}")]
    return dict(re.findall(r"--([a-z0-9-]+): (#[0-9a-f]+)", light))
