"""Volumes against the mean volume of several raters, which no single rater's choice of border moves."""

from segsweep.reports.document import Paragraph, Section, Tone
from segsweep.reports.estimates import estimate
from segsweep.reports.panels import Panel
from segsweep.reports.volume_error_table import VolumeErrorRow, volume_error_rows, volume_error_table
from segsweep.spec.report_settings import ReportSettings


def rater_bias(panel: Panel | None, settings: ReportSettings) -> tuple[VolumeErrorRow, ...]:
    """Volume errors of a panel whose truth is the raters' mean; nothing where there is no such panel."""
    return () if panel is None else volume_error_rows(estimate(panel, settings), level=settings.level)


def section(rows: tuple[VolumeErrorRow, ...], *, slug: str, unit: str, level: float) -> Section:
    """The table."""
    about = Paragraph("True volume: the mean of the raters' volumes of a case.", Tone.NOTE)
    table = volume_error_table(rows, unit=unit, slug=f"{slug}-raters-error", level=level)
    return Section(f"{slug}-raters", "Volume bias against the raters' mean", (about, table))
