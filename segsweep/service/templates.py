"""Pages from templates; every name in them is escaped."""

import time
from collections.abc import Mapping
from functools import cache
from importlib import resources
from typing import Any
from urllib.parse import quote

from jinja2 import Environment, FunctionLoader, StrictUndefined
from markupsafe import Markup

from segsweep.reports.numbers import count, duration, number, signed
from segsweep.service.heat_map import SIGNS

_FOLDER = resources.files("segsweep.service") / "templates"


def render(name: str, **values: Any) -> bytes:
    """A page.

    Args:
        name: of the template.
        values: that it shows.
    """
    return _environment().get_template(name).render(**values).encode()


@cache
def _environment() -> Environment:
    environment = Environment(
        loader=FunctionLoader(lambda name: (_FOLDER / name).read_text(encoding="utf-8")),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.globals["signs"] = SIGNS
    environment.filters["trusted"] = Markup
    environment.filters["count"] = count
    environment.filters["duration"] = duration
    environment.filters["moment"] = _moment
    environment.filters["number"] = number
    environment.filters["signed"] = signed
    environment.filters["states"] = _states
    # one segment of a path, whatever is in the name
    environment.filters["segment"] = lambda text: quote(str(text), safe="")
    return environment


def _moment(seconds: float | None) -> str:
    return "" if seconds is None else time.strftime("%Y-%m-%d %H:%M UTC", time.gmtime(seconds))


def _states(counts: Mapping[str, int]) -> str:
    """Trials by state in words, in the order in which they come about."""
    return ", ".join(f"{counts[state]} {state}" for state in SIGNS if counts.get(state))
