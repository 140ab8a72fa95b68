import pytest
from sweep_tables import LOSSES, Sweep, case_row, hippocampus, trial_row

from segsweep.reports.estimates import PanelEstimates, estimate
from segsweep.reports.panels import build_panels
from segsweep.reports.removed_labels import removed_labels, section
from segsweep.reports.report import build_report
from segsweep.reports.results import Results
from segsweep.reports.writing import to_html
from segsweep.spec.report_settings import ReportSettings

SETTINGS = ReportSettings(resamples=499)


def estimates_of(sweep: Sweep) -> PanelEstimates:
    return estimate(build_panels(Results(*sweep.tables()))[0], SETTINGS)


def sweep() -> Sweep:
    """Two cases of 1 and 2 ml that kept their label, two of 3 and 4 ml that lost it, a healthy one.

    `finds` predicts what it sees, half a ml too much; `follows` leaves one of the two that lost their label empty and
    reports 1 ml of the other.
    """
    trials = [trial_row("finds", LOSSES[0]), trial_row("follows", LOSSES[2])]
    cases = []
    for trial, lost in zip(trials, [(3.5, 4.5), (0.0, 1.0)], strict=True):
        for volume in (1.0, 2.0):
            cases.append(case_row(trial, f"kept {volume}", volume_true=volume, volume_hard=volume + 0.5, dice=0.9,
                                  label_removed=False))  # fmt: skip
        for volume, predicted in zip((3.0, 4.0), lost, strict=True):
            cases.append(case_row(trial, f"removed {volume}", volume_true=volume, volume_hard=predicted,
                                  dice=0.2 * predicted, empty_pred=predicted == 0, label_removed=True))  # fmt: skip
        cases.append(case_row(trial, "healthy", volume_true=0.0, volume_hard=9.0, dice=0.0, empty_true=True,
                              label_removed=True))  # fmt: skip
    return Sweep(trials, cases)


def test_both_readings_by_hand() -> None:
    found = removed_labels(estimates_of(sweep()), level=0.95)
    assert found is not None
    assert (found.kept, found.removed) == (2, 2)  # the healthy case had no label to lose
    finds, follows = found.rows
    for row in found.rows:
        assert row.kept_dice.estimate == pytest.approx(0.9)
        assert row.kept_error.estimate == pytest.approx(0.5)
    assert (finds.left_empty.estimate, follows.left_empty.estimate) == (0.0, 0.5)
    assert (finds.removed_volume.estimate, follows.removed_volume.estimate) == (4.0, 0.5)
    assert (finds.removed_error.estimate, follows.removed_error.estimate) == (0.5, -3.0)
    assert finds.removed_dice.estimate == pytest.approx(0.8)
    assert follows.removed_dice.estimate == pytest.approx(0.1)


def test_volume_tells_kept_from_removed_where_the_policy_was_learnt() -> None:
    found = removed_labels(estimates_of(sweep()), level=0.95)
    assert found is not None
    aucs = [row.roc.auc.estimate for row in found.rows if row.roc is not None]
    assert aucs == [0.0, 1.0]


def test_what_the_true_volumes_would_give_stands_beside_it() -> None:
    """The cases that lost their label are the larger ones: whoever finds all of them is bound to an area of 0."""
    found = removed_labels(estimates_of(sweep()), level=0.95)
    assert found is not None
    assert found.true_roc is not None
    assert found.true_roc.auc.estimate == 0.0
    assert "(of the true volumes 0.00 [" in section(found, slug="x", level=0.95).blocks[0].note


def test_nothing_is_said_where_no_label_was_removed() -> None:
    assert removed_labels(estimates_of(hippocampus(per_fold=3)), level=0.95) is None


def test_the_page_has_the_section() -> None:
    report = build_report(*sweep().tables(), SETTINGS, name="removed")
    page = to_html(report)
    assert "Cases whose label was removed from training" in page
    removed = report.panels[0].removed
    assert removed is not None
    (table,) = section(removed, slug="a", level=0.95).tables()
    assert [row[5].number for row in table.rows] == [0, 50]
