"""How a loss is named in a grid.

dice                    an entry of the catalogue
dice+ce                 a sum of entries
monai:GeneralizedDice…  a class of `monai.losses`
my.module:my_loss       the user's own function or class
my_loss                 an entry point of the group `segsweep.losses`
"""

import re
from enum import Enum

from segsweep.spec.loss_entries import NAMES

ENTRY_POINT_GROUP = "segsweep.losses"
_IDENTIFIER = r"[A-Za-z_]\w*"
_MONAI = re.compile(rf"monai:{_IDENTIFIER}")
_OWN = re.compile(rf"{_IDENTIFIER}(\.{_IDENTIFIER})*:{_IDENTIFIER}")


class NameKind(Enum):
    """Who defines the loss."""

    ENTRY = "entry"
    SUM = "sum"
    MONAI = "monai"
    OWN = "own"


def kind_of(name: str) -> NameKind | None:
    """Return what kind of loss `name` names, or None if it names none."""
    if name in NAMES:
        return NameKind.ENTRY
    if "+" in name:
        terms = terms_of(name)
        return NameKind.SUM if set(terms) <= set(NAMES) and len(set(terms)) == len(terms) else None
    if _MONAI.fullmatch(name):
        return NameKind.MONAI
    if _OWN.fullmatch(name) or own_target(name) is not None:
        return NameKind.OWN
    return None


def terms_of(name: str) -> tuple[str, ...]:
    """Return the names of a sum's terms; a single name is its own only term."""
    return tuple(name.split("+"))


def own_target(name: str) -> str | None:
    """Return `module:attribute` of the user's own loss, following an entry point; None if there is none."""
    if _OWN.fullmatch(name):
        return name
    from importlib.metadata import entry_points  # noqa: PLC0415 (slow to import, and few grids name such a loss)

    found = entry_points(group=ENTRY_POINT_GROUP, name=name)
    return next((point.value for point in found), None)
