"""What is known of a kept model beside its network: the trial it comes from, how it decides, and its re-calibration."""

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

from segsweep.errors import TrackingError
from segsweep.statistics.recalibration import Regressor, VolumeCalibration

_PREFIX = "segsweep."
_ARGMAX = "arg-max"


@dataclass(frozen=True)
class LabelCalibration:
    """Lines of one label's volume error on its predicted volume; None = the trial has no training cases to fit one to.

    Args:
        label: its name.
        soft: of soft volumes.
        hard: of hard volumes, decided as the model decides.
    """

    label: str
    soft: VolumeCalibration | None
    hard: VolumeCalibration | None


@dataclass(frozen=True)
class KeptModel:
    """A trial's network, ready to be used.

    Args:
        trial: id.
        sweep: that it was kept from.
        setting: its loss setting as printed in tables.
        loss: name in the catalogue of losses.
        arguments: all arguments of the loss, JSON.
        dataset: name of what it was trained on.
        fold: that it was not trained on.
        seed: repeat.
        unit: of its volumes.
        threshold: of the probability of the one foreground label; None = arg-max of several.
        calibrations: one per foreground label.
    """

    trial: str
    sweep: str
    setting: str
    loss: str
    arguments: str
    dataset: str
    fold: int
    seed: int
    unit: str
    threshold: float | None
    calibrations: tuple[LabelCalibration, ...]

    def tags(self) -> dict[str, str]:
        """Flat, for a registry; a tag per label, since registries bound the length of one."""
        plain = {key: str(value) for key, value in vars(self).items() if key not in ("threshold", "calibrations")}
        threshold = _ARGMAX if self.threshold is None else f"{self.threshold:g}"
        labels = {
            f"label.{value}": json.dumps(_numbers(calibration), ensure_ascii=False)
            for value, calibration in enumerate(self.calibrations, start=1)
        }
        return {_PREFIX + key: value for key, value in {**plain, "threshold": threshold, **labels}.items()}

    @classmethod
    def from_tags(cls, tags: Mapping[str, str]) -> "KeptModel":
        """From a registry.

        Raises:
            TrackingError: these are no tags of a kept model.
        """
        own = {key.removeprefix(_PREFIX): value for key, value in tags.items() if key.startswith(_PREFIX)}
        try:
            plain: dict[str, Any] = {
                key: own[key] for key in ("trial", "sweep", "setting", "loss", "arguments", "dataset", "unit")
            }
            labels = sum(key.startswith("label.") for key in own)
            return cls(
                **plain,
                fold=int(own["fold"]),
                seed=int(own["seed"]),
                threshold=None if own["threshold"] == _ARGMAX else float(own["threshold"]),
                calibrations=tuple(_calibration(own[f"label.{value}"]) for value in range(1, labels + 1)),
            )
        except (KeyError, ValueError) as error:
            raise TrackingError(f"not a model that `segsweep keep` has registered: {error!r}") from error


def _numbers(calibration: LabelCalibration) -> dict[str, Any]:
    return {
        "label": calibration.label,
        **{
            name: None if line is None else {**asdict(line), "regressor": line.regressor.value}
            for name, line in (("soft", calibration.soft), ("hard", calibration.hard))
        },
    }


def _calibration(text: str) -> LabelCalibration:
    values = json.loads(text)
    lines = [
        None if line is None else VolumeCalibration(Regressor(line["regressor"]), line["intercept"], line["slope"])
        for line in (values["soft"], values["hard"])
    ]
    return LabelCalibration(values["label"], *lines)
