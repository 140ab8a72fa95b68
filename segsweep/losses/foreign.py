"""Losses that are defined elsewhere: classes of `monai.losses`, and the user's own functions and classes."""

import inspect
from collections.abc import Callable, Mapping
from hashlib import sha256
from importlib import import_module, reload
from importlib.metadata import entry_points
from pathlib import Path
from types import ModuleType
from typing import Any

from torch import Tensor, nn

from segsweep.errors import GridError
from segsweep.losses.loss import Loss

ENTRY_POINT_GROUP = "segsweep.losses"

_SEEN: dict[str, str] = {}
"""File of a user's own module to the hash of what was imported from it."""


class Foreign(Loss):
    """A callable `(logits, target) -> scalar` as a loss.

    Args:
        name: how the grid names it.
        call: the function or module. If it has a parameter `ignore`, it is given the ignore mask.
        arguments: keyword arguments of every call.
    """

    def __init__(self, name: str, call: Callable[..., Any], arguments: Mapping[str, Any]) -> None:
        super().__init__()
        self.name = name
        self.call = call
        self.arguments = dict(arguments)
        self.takes_ignore = (
            "ignore" in inspect.signature(call.forward if isinstance(call, nn.Module) else call).parameters
        )

    def forward(self, logits: Tensor, target: Tensor, *, ignore: Tensor | None = None) -> Tensor:
        """Return the loss of one batch; see `Loss.forward`.

        Raises:
            ValueError: there are voxels to ignore and the loss has no parameter `ignore`.
        """
        if self.takes_ignore:
            value: Tensor = self.call(logits, target, ignore=ignore, **self.arguments)
            return value
        if ignore is not None:
            raise ValueError(f"loss '{self.name}' has no parameter `ignore`, so it cannot leave voxels out")
        value = self.call(logits, target, **self.arguments)
        return value


def monai_loss(class_name: str, arguments: Mapping[str, Any], *, binary: bool) -> Loss:
    """Build a class of `monai.losses`.

    Where the class chooses its activation by arguments and none is given, it gets sigmoid for a binary output and
    softmax otherwise, as our own losses do.

    Args:
        class_name: the class.
        arguments: its keyword arguments.
        binary: whether the network has one output channel.

    Raises:
        GridError: no such class, or it refuses the arguments.
    """
    losses = import_module("monai.losses")
    made = getattr(losses, class_name, None)
    name = f"monai:{class_name}"
    if not (inspect.isclass(made) and issubclass(made, nn.Module)):
        raise GridError(f"loss '{name}': monai.losses has no loss class of that name")
    return Foreign(name, _construct(name, made, _activation(made, arguments, binary) | dict(arguments)), {})


def own_loss(name: str, arguments: Mapping[str, Any]) -> Loss:
    """Build the user's own loss.

    Args:
        name: `module:attribute`, or the name of an entry point of the group `segsweep.losses`. The attribute is a
            `torch.nn.Module` class, made once with the arguments, or a function, called with them each time.
        arguments: keyword arguments.

    Raises:
        GridError: it cannot be imported, is neither of the two, or refuses the arguments.
    """
    target = name if ":" in name else _entry_point(name)
    module, _, attribute = target.partition(":")
    try:
        found = getattr(_as_it_is_now(import_module(module)), attribute)
    except (ImportError, AttributeError) as error:
        raise GridError(f"loss '{name}': {error}") from error
    if inspect.isclass(found) and issubclass(found, nn.Module):
        return Foreign(name, _construct(name, found, arguments), {})
    if not callable(found):
        raise GridError(f"loss '{name}': it is neither a function nor a torch.nn.Module class")
    try:
        inspect.signature(found).bind(None, None, **arguments)
    except TypeError as error:
        raise GridError(f"loss '{name}': {error}") from error
    return Foreign(name, found, arguments)


def _as_it_is_now(module: ModuleType) -> ModuleType:
    """Load a module again whose file has changed: in a notebook it may have been imported before it was edited."""
    source = getattr(module, "__file__", None)
    if source is None:
        return module
    digest = sha256(Path(source).read_bytes()).hexdigest()
    if _SEEN.setdefault(source, digest) != digest:
        _SEEN[source] = digest
        return reload(module)
    return module


def _construct(name: str, made: type[nn.Module], arguments: Mapping[str, Any]) -> nn.Module:
    try:
        return made(**arguments)
    except (TypeError, ValueError) as error:
        raise GridError(f"loss '{name}': {error}") from error


def _activation(made: type[nn.Module], arguments: Mapping[str, Any], binary: bool) -> dict[str, bool]:
    takes = inspect.signature(made).parameters
    if {"sigmoid", "softmax", "other_act"} & set(arguments):
        return {}
    if {"sigmoid", "softmax"} <= set(takes):
        return {"sigmoid" if binary else "softmax": True}
    if "use_softmax" in takes and "use_softmax" not in arguments:
        return {"use_softmax": not binary}
    return {}


def _entry_point(name: str) -> str:
    for point in entry_points(group=ENTRY_POINT_GROUP, name=name):
        return point.value
    raise GridError(f"loss '{name}': no installed package offers it as an entry point of {ENTRY_POINT_GROUP}")
