"""What a probe found out about training: seconds and bytes, whatever they are multiplied with later."""

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass, fields
from statistics import fmean
from typing import Any, NamedTuple, Self

from segsweep.spec.catalogue import LossSetting


class LossCost(NamedTuple):
    """What a lane adds for itself, in seconds.

    Args:
        step: of the optimizer, on a batch.
        look: at a selection case.
    """

    step: float
    look: float


@dataclass(frozen=True)
class Measured:
    """What trials of one shape cost a worker; times in seconds, sizes in bytes.

    Args:
        opening: to open the data of a fold.
        batch: to make a training batch, which all lanes take.
        loading: of a selection case, which all lanes look at.
        losses: kind of loss to its cost.
        case: to evaluate a case.
        pictures: to draw the pictures of a trial.
        decoding: to decode a case; 0 where all were decoded.
        shown: steps of an epoch over those of all training cases: a label policy may leave some out, or repeat them.
        judged: cases that are evaluated over all cases.
        device: that was measured, as the trials table names it.
        device_memory: that it has; 0 on a CPU.
        memory: most in use: by the process, on a GPU of the GPU.
        weights: of a network.
        case_rows: of a case's rows of the cases table.
        picture_rows: of a trial's rows of the overlays table.
    """

    opening: float
    batch: float
    loading: float
    losses: dict[str, LossCost]
    case: float
    pictures: float
    decoding: float
    shown: float
    judged: float
    device: str
    device_memory: int
    memory: int
    weights: int
    case_rows: float
    picture_rows: float

    @classmethod
    def from_json(cls, values: dict[str, Any]) -> Self:
        """What `as_json` gave.

        Raises:
            TypeError: it is of another version.
        """
        losses = {kind: LossCost(*cost) for kind, cost in values["losses"].items()}
        return cls(**{**values, "losses": losses})

    def as_json(self) -> dict[str, Any]:
        """Plain values."""
        return asdict(self)


def loss_kind(loss: LossSetting) -> str:
    """Equal for losses that take equally long: the loss with its arguments, but for their amounts."""
    return f"{loss.name} {json.dumps(_without_amounts(loss.arguments), sort_keys=True)}"


def _without_amounts(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _without_amounts(entry) for key, entry in value.items()}
    if isinstance(value, list):
        return [_without_amounts(entry) for entry in value]
    return 0 if isinstance(value, int | float) and not isinstance(value, bool) else value


def over_workers(found: Sequence[Measured]) -> Measured:
    """What workers side by side measured of the same trials: mean times, largest sizes."""
    combined: dict[str, Any] = {}
    for name in (field.name for field in fields(Measured)):
        values = [getattr(one, name) for one in found]
        match values[0]:
            case str():
                combined[name] = values[0]
            case dict():
                columns = {kind: zip(*(one[kind] for one in values), strict=True) for kind in values[0]}
                combined[name] = {kind: LossCost(*map(fmean, column)) for kind, column in columns.items()}
            case int():
                combined[name] = max(values)
            case _:
                combined[name] = fmean(values)
    return Measured(**combined)
