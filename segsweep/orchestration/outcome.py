"""How a candidate of a search ended."""

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass


@dataclass(frozen=True)
class Outcome:
    """How a candidate ended.

    Args:
        state: `searched`, or what became of the first of its trials that has no result.
        reason: why it has none, in one line.
        values: objective to its mean over folds and seeds; empty without a result.
    """

    state: str
    reason: str | None
    values: Mapping[str, float]

    @classmethod
    def from_json(cls, text: str) -> "Outcome":
        """From what `to_json` gave."""
        return cls(**json.loads(text))

    def to_json(self) -> str:
        """As a text that travels from a worker."""
        return json.dumps(asdict(self))

    @property
    def final(self) -> bool:
        """Whether trying again would end likewise; what was interrupted, or is tried elsewhere now, is tried again."""
        return self.state in ("searched", "failed", "diverged", "stopped")
