"""One loss with all its arguments, checked and frozen."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from segsweep.errors import GridError
from segsweep.spec.loss_entries import ARGS, MIX, NAMES, LossEntry, Parameter, entry
from segsweep.spec.loss_names import NameKind, kind_of, terms_of
from segsweep.spec.loss_source import source_digest
from segsweep.spec.loss_values import Kind
from segsweep.spec.suggestion import suggestion

# raised when the way foreign losses are called changes their numbers
_FOREIGN_PROTOCOL = 1


@dataclass(frozen=True)
class LossSetting:
    """A loss and every argument it takes, defaults included. Hashable; equal settings are equal.

    Args:
        name: the loss's name.
        encoded: its arguments as JSON with sorted keys (a mapping itself could not be hashed).
    """

    name: str
    encoded: str

    @classmethod
    def of(cls, name: str, arguments: Mapping[str, object]) -> "LossSetting":
        """Freeze arguments that are already in normal form.

        Args:
            name: the loss's name.
            arguments: JSON-able values; for a sum `{"mix": […], "terms": {name: {…}}}`.
        """
        return cls(name, json.dumps(arguments, sort_keys=True, allow_nan=False, ensure_ascii=False))

    @property
    def arguments(self) -> dict[str, Any]:
        """The arguments as a fresh dict of plain values, as `segsweep.losses.build.build_loss` takes them."""
        arguments: dict[str, Any] = json.loads(self.encoded)
        return arguments

    @property
    def terms(self) -> tuple["LossSetting", ...]:
        """The terms of a sum; of any other loss, the loss itself."""
        if kind_of(self.name) is not NameKind.SUM:
            return (self,)
        terms = self.arguments["terms"]
        return tuple(LossSetting.of(name, terms[name]) for name in terms_of(self.name))

    def flat(self) -> dict[str, object]:
        """Return the arguments one level deep: a sum's under their own key where its terms agree, else `term.key`."""
        if kind_of(self.name) is not NameKind.SUM:
            return dict(self.arguments)
        flat: dict[str, object] = {"mix": self.arguments["mix"]}
        for term in self.terms:
            for key, value in term.arguments.items():
                agreed = flat.setdefault(key, value) == value
                if not agreed:
                    flat[f"{term.name}.{key}"] = value
        return flat

    def identity(self) -> dict[str, object]:
        """Return what enters a trial's id: name, arguments, a protocol number per term, and the user's own source.

        Raises:
            GridError: the module of the user's own loss cannot be found.
        """
        entries = [entry(term.name) for term in self.terms]
        found: dict[str, object] = {
            "name": self.name,
            "arguments": self.arguments,
            "protocol": [_FOREIGN_PROTOCOL if each is None else each.protocol for each in entries],
        }
        if kind_of(self.name) is NameKind.OWN:
            found["source"] = source_digest(self.name)
        return found


def accepts(name: str, key: str) -> bool:
    """Return whether the loss `name` takes an argument `key`; raises GridError for an unknown name."""
    return any(parameter.name == key for parameter in parameters_of(name))


def takes(name: str, key: str, value: object) -> bool:
    """Return whether every term of the loss `name` that takes `key` takes this value; raises GridError as `accepts`."""
    return all(_allows(parameter.kind, value) for parameter in parameters_of(name) if parameter.name == key)


def parameters_of(name: str) -> tuple[Parameter, ...]:
    """Return the arguments a loss takes; a key that several terms of a sum take appears once per term.

    Args:
        name: the loss's name.

    Raises:
        GridError: no such loss.
    """
    match _kind(name):
        case NameKind.SUM:
            return (MIX, *(parameter for term in terms_of(name) for parameter in _entry(term).parameters))
        case NameKind.ENTRY:
            return _entry(name).parameters
        case _:
            return (ARGS,)


def resolve(name: str, arguments: Mapping[str, object]) -> LossSetting:
    """Check a loss's arguments, fill in its defaults and freeze the result.

    Args:
        name: the loss's name in the grid.
        arguments: the keys given for it; a key given to a sum goes to every term that takes it.

    Returns:
        The setting with every argument in normal form.

    Raises:
        GridError: unknown name, unknown key or a value that is not allowed; one line that says what is.

    Example:
        >>> resolve("dice", {"phi": "batch"}).arguments["epsilon"]
        1e-07
    """
    known = parameters_of(name)
    for key in arguments:
        if all(parameter.name != key for parameter in known):
            raise GridError(_unknown_key(name, key, known))
    if _kind(name) is not NameKind.SUM:
        return LossSetting.of(name, _read_all(name, known, arguments))
    names = terms_of(name)
    mix = _read(name, MIX, arguments.get("mix", MIX.default)) or [1.0] * len(names)
    if not isinstance(mix, list) or len(mix) != len(names):
        raise GridError(
            f"loss '{name}': mix has {len(mix) if isinstance(mix, list) else 1} entries for {len(names)} terms"
        )
    terms = {term: _read_all(name, _entry(term).parameters, arguments) for term in names}
    return LossSetting.of(name, {"mix": mix, "terms": terms})


def _read_all(name: str, parameters: tuple[Parameter, ...], given: Mapping[str, object]) -> dict[str, object]:
    values = {
        parameter.name: _read(name, parameter, given.get(parameter.name, parameter.default)) for parameter in parameters
    }
    if values.get("form") == "semimetric" and values.get("denominator") == "squared":
        # (‖p‖²+‖y‖²−‖p−y‖²)/2 is ⟨p, y⟩: with squared volumes the semimetric form is the classic one under another name
        raise GridError(f"loss '{name}': form semimetric takes denominator linear; squared is the classic form again")
    if values.get("alpha") == 0 and values.get("beta") == 0:
        raise GridError(f"loss '{name}': alpha and beta are both 0, so every prediction is perfect; raise one of them")
    return values


def _read(name: str, parameter: Parameter, value: object) -> object:
    try:
        return parameter.kind.read(value)
    except ValueError:
        raise GridError(f"loss '{name}': {parameter.name} is {value!r}; it must be {parameter.kind.allowed}") from None


def _allows(kind: Kind, value: object) -> bool:
    try:
        kind.read(value)
    except ValueError:
        return False
    return True


def _entry(name: str) -> LossEntry:
    found = entry(name)
    if found is None:
        raise GridError(_unknown_name(name))
    return found


def _kind(name: str) -> NameKind:
    kind = kind_of(name)
    if kind is None:
        raise GridError(_unknown_name(name))
    return kind


def _unknown_name(name: str) -> str:
    strange = next((term for term in terms_of(name) if term not in NAMES), name)
    hint = suggestion(strange, NAMES)
    return (
        f"loss '{name}' is not known; {hint}known are {', '.join(NAMES)}, a sum of different ones such as dice+ce, "
        "monai:ClassName and your own module:function"
    )


def _unknown_key(name: str, key: str, known: tuple[Parameter, ...]) -> str:
    names = list(dict.fromkeys(parameter.name for parameter in known))
    if not names:
        return f"loss '{name}': it takes no arguments, so not {key}"
    return f"loss '{name}': {key} is not an argument of it; {suggestion(key, names)}it takes {', '.join(names)}"
