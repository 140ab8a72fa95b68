"""Re-calibration of volumes after training: a line fitted to the volume errors of the training cases.

Bertels et al. (MedIA 2021, section 3.2.2) fit, per fold, a linear least-squares model of the volume error against
volume on the training cases and correct the validation volumes with it. Which volume, predicted or true, is not known;
both readings are here under their names. The model was fitted to the training cases: its errors there are smaller than
on new cases, so that the correction is too small rather than too large.
"""

from dataclasses import dataclass
from enum import Enum

import numpy as np

from segsweep.errors import InputError
from segsweep.statistics.moments import Floats


class Regressor(Enum):
    """The volume that the error is a linear function of."""

    PREDICTED = "predicted"
    TRUE = "true"


@dataclass(frozen=True)
class VolumeCalibration:
    """ΔV = intercept + slope × volume.

    Attributes:
        regressor: which volume.
        intercept: in the unit of the volumes.
        slope: a number without unit.
    """

    regressor: Regressor
    intercept: float
    slope: float

    def correct(self, predicted: Floats) -> Floats:
        """Corrected volumes, shape (cases,); a correction may take a small volume below 0, and it is left there.

        - Predicted: V̂ = P − (a + b·P).
        - True: the truth of a new case is unknown, so P = V + a + b·V is solved for it: V̂ = (P − a)/(1 + b).

        Args:
            predicted: P, in the unit of the fit, shape (cases,).

        Raises:
            InputError: under the reading `true`, predictions did not rise with the truth (1 + b ≤ 0).
        """
        if self.regressor is Regressor.PREDICTED:
            return predicted - (self.intercept + self.slope * predicted)
        if self.slope <= -1:
            raise InputError(
                f"slope {self.slope:.3g}: predicted volumes do not rise with the true ones; nothing to invert"
            )
        return (predicted - self.intercept) / (1 + self.slope)


def fit_calibration(predicted: Floats, true: Floats, regressor: Regressor) -> VolumeCalibration:
    """Least-squares line of the volume error on the training cases of one fold.

    >>> true = np.array([1.0, 2.0, 3.0, 4.0])
    >>> line = fit_calibration(1.5 * true + 2.0, true, Regressor.TRUE)
    >>> round(line.intercept, 6), round(line.slope, 6), line.correct(np.array([5.0]))
    (2.0, 0.5, array([2.]))

    Args:
        predicted: volumes of the training cases, shape (cases,); nan = no prediction.
        true: their true volumes, same unit, shape (cases,).
        regressor: `PREDICTED` makes the corrected training errors uncorrelated with what is reported; `TRUE` makes them
            uncorrelated with the truth, at the price of more scatter.

    Raises:
        InputError: fewer than two cases, or all of one volume.
    """
    present = np.isfinite(predicted) & np.isfinite(true)
    volume = (predicted if regressor is Regressor.PREDICTED else true)[present]
    error = (predicted - true)[present]
    if len(volume) < 2 or np.ptp(volume) == 0:
        raise InputError(f"{len(volume)} training cases: a line takes at least two, not all of one volume")
    centred = volume - volume.mean()
    slope = float(centred @ error / (centred @ centred))
    return VolumeCalibration(regressor, float(error.mean() - slope * volume.mean()), slope)
