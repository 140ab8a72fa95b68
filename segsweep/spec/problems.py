"""What is wrong with a value of the grid file, in one line a person can act on."""

from collections.abc import Iterable, Mapping

from pydantic import ValidationError


def first_problem(key: str, error: ValidationError, known: Iterable[str]) -> str:
    """The first of a validation error's problems: the key, what is wrong with its value, what is allowed.

    Args:
        key: where in the grid file the value stands.
        error: what the value was refused with.
        known: the keys that the value may have, listed where it has another one.
    """
    problem = error.errors()[0]
    inner = [f"[{part}]" if isinstance(part, int) else f".{part}" for part in problem["loc"] if part != "preprocess"]
    where = key + "".join(inner)
    if problem["type"] == "extra_forbidden":
        return f"{where}: unknown key; known: {', '.join(known)}"
    message = problem["msg"].removeprefix("Value error, ")
    given = problem["input"]
    said = isinstance(given, Mapping) or problem["type"] in ("value_error", "missing")
    return f"{where}: {message[0].lower()}{message[1:]}{'' if said else f', got {given!r}'}"
