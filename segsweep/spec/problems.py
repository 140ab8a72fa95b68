"""What is wrong with a value of the grid file, in one line a person can act on."""

from collections.abc import Mapping, Sequence
from typing import Any, get_args

from pydantic import ValidationError

from segsweep.spec.values import Frozen

_PLAIN_WORDS = {
    "tuple_type": "must be a list",
    "dict_type": "must be a mapping",
    "missing": "missing",
}
"""In place of what pydantic says about Python's types."""

_FLATTENED = "preprocess"
"""The one field whose keys stand in the grid file beside those of the model it belongs to."""


def first_problem(key: str, error: ValidationError, model: type[Frozen]) -> str:
    """The first of a validation error's problems: the key, what is wrong with its value, what is allowed.

    Of a value that has not even the form of what it was to become, that form is said.

    Args:
        key: where in the grid file the value stands.
        error: what the value was refused with.
        model: what it was to become.
    """
    problem = error.errors()[0]
    kind, given = problem["type"], problem["input"]
    found, location = _found(model, problem["loc"])
    where = key + "".join(f"[{part}]" if isinstance(part, int) else f".{part}" for part in _written(location))
    if kind == "extra_forbidden":
        known = [field for field in found.model_fields if field not in found.unwritten]
        return f"{where}: unknown key; known: {', '.join(known) or found.form}"
    if kind == "model_type" or (len(location) < len(problem["loc"]) and kind != "value_error"):
        return f"{where}: {found.form}, got {given!r}"
    message = _PLAIN_WORDS.get(kind, problem["msg"].removeprefix("Value error, "))
    said = isinstance(given, Mapping) or kind in ("value_error", "missing")
    return f"{where}: {message[0].lower()}{message[1:]}{'' if said else f', got {given!r}'}"


def _written(location: Sequence[int | str]) -> list[int | str]:
    """Without the parts that stand in no grid file: the names of a union's alternatives start with no small letter
    or are no names at all, such as `WarmStart` or `literal['all']`."""
    return [
        part
        for part in location
        if isinstance(part, int) or (part != _FLATTENED and (part.isidentifier() and not part[0].isupper()))
    ]


def _found(model: type[Frozen], location: Sequence[int | str]) -> tuple[type[Frozen], Sequence[int | str]]:
    """The model that a location leads to, and the location up to the first field that no grid file names."""
    for depth, part in enumerate(location):
        if part in model.unwritten:
            return model, location[:depth]
        if part in model.model_fields:
            model = _model_in(model.model_fields[str(part)].annotation) or model
    return model, location


def _model_in(annotation: Any) -> type[Frozen] | None:
    alternatives = (annotation, *get_args(annotation))
    return next((kind for kind in alternatives if isinstance(kind, type) and issubclass(kind, Frozen)), None)
