"""What was measured before under the same conditions, so that a launch need not measure it again."""

import json
import os
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from importlib.metadata import version
from pathlib import Path
from typing import Any

from segsweep import __version__
from segsweep.orchestration.site import Node
from segsweep.spec.canonical import digest
from segsweep.spec.settings import Resources
from segsweep.training.measured import Measured

_LIBRARIES = ("torch", "monai", "ray")


@dataclass(frozen=True)
class Probed:
    """A shape as it was measured.

    Args:
        startup: seconds until workers had started and could measure.
        measured: the rest.
    """

    startup: float
    measured: Measured


@dataclass(frozen=True)
class Conditions:
    """What a measurement holds for, beside its shape.

    Args:
        nodes: of the cluster.
        resources: of a worker.
        workers: that ran side by side.
    """

    nodes: Sequence[Node]
    resources: Resources
    workers: int

    def identity(self) -> dict[str, Any]:
        """As plain values, with the versions that are installed."""
        return {
            "nodes": sorted(list(asdict(node).values()) for node in self.nodes),
            "resources": self.resources.model_dump(mode="json", exclude={"workers"}),
            "workers": self.workers,
            "versions": {"segsweep": __version__, **{name: version(name) for name in _LIBRARIES}},
        }


def recall(folder: Path, shape: str, conditions: Conditions) -> Probed | None:
    """What is remembered of a shape; None where it was not measured under these conditions."""
    try:
        found = json.loads(_path(folder, shape, conditions).read_text())
        return Probed(found["startup"], Measured.from_json(found["measured"]))
    except (OSError, ValueError, KeyError, TypeError):  # never measured, or by another version
        return None


def remember(folder: Path, shape: str, conditions: Conditions, probed: Probed) -> None:
    """Keep a measurement; losses that were measured before and are not among the new ones are kept too."""
    if (before := recall(folder, shape, conditions)) is not None:
        probed = Probed(probed.startup, _with_losses(probed.measured, before.measured))
    path = _path(folder, shape, conditions)
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_name(f".{path.name}.{os.getpid()}")
    content: Mapping[str, Any] = {
        "shape": shape,
        **conditions.identity(),
        "startup": probed.startup,
        "measured": probed.measured.as_json(),
    }
    temporary.write_text(json.dumps(content, indent=1))
    os.replace(temporary, path)


def _with_losses(new: Measured, old: Measured) -> Measured:
    return Measured(**{**vars(new), "losses": {**old.losses, **new.losses}})


def _path(folder: Path, shape: str, conditions: Conditions) -> Path:
    return folder / f"{digest({'shape': shape, **conditions.identity()})}.json"
