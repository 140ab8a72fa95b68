"""What is wrong with a value of the grid file, in one line a person can act on."""

from collections.abc import Mapping, Sequence
from typing import Any, get_args

from pydantic import BaseModel, ValidationError

_PLAIN_WORDS = {
    "tuple_type": "must be a list",
    "dict_type": "must be a mapping",
    "model_type": "must be a mapping",
    "missing": "missing",
}
"""In place of what pydantic says about Python's types."""

_FLATTENED = "preprocess"
"""The one field whose keys stand in the grid file beside those of the model it belongs to."""


def first_problem(key: str, error: ValidationError, model: type[BaseModel]) -> str:
    """The first of a validation error's problems: the key, what is wrong with its value, what is allowed.

    Args:
        key: where in the grid file the value stands.
        error: what the value was refused with.
        model: what it was to become.
    """
    problem = error.errors()[0]
    location = problem["loc"]
    where = key + "".join(f"[{part}]" if isinstance(part, int) else f".{part}" for part in _written(location))
    if problem["type"] == "extra_forbidden":
        return f"{where}: unknown key; known: {', '.join(_model_at(model, location[:-1]).model_fields)}"
    message = _PLAIN_WORDS.get(problem["type"], problem["msg"].removeprefix("Value error, "))
    given = problem["input"]
    said = isinstance(given, Mapping) or problem["type"] in ("value_error", "missing")
    return f"{where}: {message[0].lower()}{message[1:]}{'' if said else f', got {given!r}'}"


def _written(location: Sequence[int | str]) -> list[int | str]:
    """Without the parts that stand in no grid file: the names of a union's alternatives start with no small letter
    or are no names at all, such as `WarmStart` or `literal['all']`."""
    return [
        part
        for part in location
        if isinstance(part, int) or (part != _FLATTENED and (part.isidentifier() and not part[0].isupper()))
    ]


def _model_at(model: type[BaseModel], location: Sequence[int | str]) -> type[BaseModel]:
    """The model whose key comes after a location."""
    for part in location:
        if part in model.model_fields:
            model = _model_in(model.model_fields[str(part)].annotation) or model
    return model


def _model_in(annotation: Any) -> type[BaseModel] | None:
    alternatives = (annotation, *get_args(annotation))
    return next((kind for kind in alternatives if isinstance(kind, type) and issubclass(kind, BaseModel)), None)
