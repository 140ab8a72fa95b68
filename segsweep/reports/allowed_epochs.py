"""What a training was allowed, as the trial's own JSON says it."""

import json
from dataclasses import dataclass


@dataclass(frozen=True)
class AllowedEpochs:
    """NaN where results were made elsewhere and do not say.

    Args:
        most: after these training ends.
        patience: so many epochs without a better validation loss end it sooner.
    """

    most: float
    patience: float

    def best_was_last(self, best: int | None) -> bool:
        """Whether this epoch was the last one allowed: training got better to its end."""
        return best == self.most

    def ran_out(self, best: int | None) -> bool:
        """Whether training with its best in this epoch ended because its epochs were over, not by early stopping."""
        return best is not None and (self.best_was_last(best) or best > self.most - self.patience)


def allowed_epochs(spec: str) -> AllowedEpochs:
    """Of the whole trial as JSON."""
    train = json.loads(spec).get("train", {})
    return AllowedEpochs(float(train.get("epochs", "nan")), float(train.get("patience", "nan")))
