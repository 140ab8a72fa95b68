"""Everything about volumes in one place: error, agreement, calibration, re-calibration and thresholds."""

from dataclasses import dataclass

from segsweep.reports.agreement import AgreementRow, agreement_rows, agreement_table, bland_altman_plot
from segsweep.reports.calibration_error import CalibrationRow, calibration_rows, calibration_table
from segsweep.reports.document import Block, Drawings, Section
from segsweep.reports.estimates import PanelEstimates
from segsweep.reports.recalibrated import RecalibratedRow, recalibrated_rows, recalibrated_table
from segsweep.reports.scores import Estimator
from segsweep.reports.threshold_choice import ThresholdRow, threshold_rows, threshold_table
from segsweep.reports.volume_error_table import VolumeErrorRow, volume_error_rows, volume_error_table


@dataclass(frozen=True, eq=False)
class VolumeBias:
    """The volume analysis of one panel; a part is empty where the tables do not hold what it needs."""

    unit: str
    errors: tuple[VolumeErrorRow, ...]
    agreement: tuple[AgreementRow, ...]
    calibration: tuple[CalibrationRow, ...]
    recalibrated: tuple[RecalibratedRow, ...]
    thresholds: tuple[ThresholdRow, ...]


def volume_bias(estimates: PanelEstimates, *, level: float) -> VolumeBias:
    """Analyse the volumes of a panel."""
    return VolumeBias(
        unit=estimates.panel.unit,
        errors=volume_error_rows(estimates, level=level),
        agreement=agreement_rows(estimates, level=level),
        calibration=calibration_rows(estimates, level=level),
        recalibrated=recalibrated_rows(estimates, level=level),
        thresholds=threshold_rows(estimates, level=level),
    )


def section(found: VolumeBias, *, slug: str, level: float) -> Section:
    """Tables in the order of the questions: how wrong, how spread, why, and what helps."""
    place, unit = f"{slug}-volume", found.unit
    blocks: list[Block] = [
        volume_error_table(found.errors, unit=unit, slug=f"{place}-error", level=level),
        agreement_table(found.agreement, unit=unit, slug=f"{place}-agreement", level=level),
    ]
    if any(row.estimator is Estimator.HARD for row in found.agreement):
        blocks.append(Drawings(lambda: (bland_altman_plot(found.agreement, unit=unit, slug=f"{place}-bland-altman"),)))
    if found.calibration:
        blocks.append(calibration_table(found.calibration, unit=unit, slug=f"{place}-calibration", level=level))
    if found.recalibrated:
        blocks.append(recalibrated_table(found.recalibrated, unit=unit, slug=f"{place}-recalibrated", level=level))
    if found.thresholds:
        blocks.append(threshold_table(found.thresholds, unit=unit, slug=f"{place}-thresholds", level=level))
    return Section(place, "Volume bias", tuple(blocks))
