"""Claims on phantoms, beside a minimiser of the expected loss that is written down again."""

import numpy as np
import pytest
from scipy.stats import binom
from sweep_tables import Sweep, phantoms
from tracked_tables import tracked

from papers.phantoms import phantoms as phantoms_of
from papers.volume_bias_theory import findings, sections
from segsweep.reports.markdown import fragment


def best_bias(p: float, k: int, r: float) -> float:
    """ΔV of the prediction that soft Dice wants, from all labels that there can be and a fine grid."""
    q, n = np.linspace(0, 1, 2001)[:, None], np.arange(k + 1)
    dice = (2 * (1 + q * r * n / k) / (2 + r * n / k + q * r)) @ binom.pmf(n, k, p)
    return float(q[int(dice.argmax()), 0]) - p


def made(*settings: tuple[float, int, float]) -> Sweep:
    """Phantoms of some (p, K, r); Dice and Jaccard take the uncertain area in where p is .45 or more."""
    parts = [phantoms(p=p, k=k, folds=1) for p, k, _ in settings]
    for number, (part, (_, _, r)) in enumerate(zip(parts, settings, strict=True)):
        for trial in part.trials:
            trial |= {"dataset": f"phantom {number}", "phantom_r": r, "phantom_uncertain_volume": 100 * r}
        for row in part.cases:
            row |= {name: 100 + r * (row[name] - 100) for name in ("volume_true", "volume_soft")}
        for row in (*part.trials, *part.cases):
            row["trial"] += str(number)
    return Sweep([row for part in parts for row in part.trials], [row for part in parts for row in part.cases])


def test_measured_and_predicted_errors() -> None:
    sweep = made((0.3, 16, 1.0), (0.6, 16, 1.0))
    found = {(one.loss, one.place[0]): one for one in phantoms_of(tracked(sweep))}
    trials, cases = (table.to_pandas() for table in sweep.tables())
    rows = cases.merge(trials[["trial", "loss", "phantom_p"]], on="trial")
    # 100 certain pixels and 100 uncertain ones
    measured = ((rows.volume_soft - 100 - 100 * rows.phantom_p) / 100).groupby([rows.loss, rows.phantom_p]).mean()
    for (loss, p), one in found.items():
        assert one.soft.estimate == pytest.approx(measured[loss, p])
        if loss == "dice":
            assert one.predicted == pytest.approx(best_bias(p, 16, 1), abs=1e-3)
    assert {one.predicted for key, one in found.items() if key[0] == "ce"} == {0.0}


def test_flips() -> None:
    # the optimum of soft Dice flips at .5 (K = 1) and .4196 (K = 16, r = 1), its slope at .456 (K = 1, r = 4) and .420
    sweep = made((0.48, 1, 4.0), (0.48, 16, 1.0))
    one, many = (found for found in phantoms_of(tracked(sweep)) if found.loss == "dice")
    assert (one.critical, one.flip) == (pytest.approx(0.5, abs=1e-4), pytest.approx(0.456, abs=1e-3))
    assert (many.critical, many.flip) == (pytest.approx(0.4196, abs=1e-4), pytest.approx(0.420, abs=1e-3))
    assert (one.is_torn, one.is_away, one.is_close) == (True, False, False)
    assert (many.is_torn, many.is_away, many.is_close) == (False, True, True)


def test_claims() -> None:
    found = findings(tracked(made((0.3, 16, 1.0), (0.48, 16, 1.0), (0.48, 1, 4.0))))
    said = {(finding.claim, finding.where): finding for finding in found}
    close = said["The optimum of soft Dice is all or nothing: ΔV is −p or 1 − p", "p off the flips"]
    assert close.found.startswith("2 of 2 settings of (p, K, r) within 0.03 of theory")
    assert close.agreement.value == "agrees"
    (torn,) = (finding for (claim, _), finding in said.items() if claim.startswith("What training with soft Dice"))
    assert ". Not counted, within 0.05 of a flip: p = 0.48, K = 1, r = 4: +0.52, theory −0.48" in torn.found
    assert torn.agreement.value == "undecided"
    (flips,) = (finding for (claim, _), finding in said.items() if claim.startswith("Training with soft Dice"))
    assert "K = 16, r = 1: 0.3 to 0.48 (slope 0.420, optimum 0.420)" in flips.found
    even = said["Cross-entropy gives the uncertain area its probability: ΔV is 0", "every p that was run"]
    assert even.agreement.value == "agrees"


@pytest.mark.parametrize(("taken", "said", "agreement"), [(False, "1 of 1", "agrees"), (True, "0 of 1", "disagrees")])
def test_where_optimum_and_slope_part_the_training_decides(taken: bool, said: str, agreement: str) -> None:
    # the optimum of soft Dice flips at .5, its slope at .39: both are .05 away
    sweep = made((0.44, 1, 11.0))
    losses = {trial["trial"]: trial["loss"] for trial in sweep.trials}
    for row in sweep.cases:
        row["volume_soft"] += 1100 if taken and losses[row["trial"]] == "dice" else 0
    found = findings(tracked(sweep))
    (torn,) = (finding for finding in found if finding.claim.startswith("What training with soft Dice"))
    assert torn.found.startswith(f"{said} end at the optimum")
    assert torn.agreement.value == agreement
    assert not [finding for finding in found if finding.claim.startswith("The optimum of soft Dice")]


def test_a_flip_on_the_wrong_side_of_theory_disagrees() -> None:
    sweep = made((0.3, 16, 1.0), (0.6, 16, 1.0))
    places = {trial["trial"]: trial["phantom_p"] for trial in sweep.trials}
    for row in sweep.cases:
        row["volume_soft"] += 100 if places[row["trial"]] == 0.3 else -100
    (flips,) = (found for found in findings(tracked(sweep)) if found.claim.startswith("Training with soft Dice"))
    assert flips.agreement.value == "disagrees"


def test_a_figure_and_a_table_per_loss() -> None:
    drawn = []
    text = fragment(
        sections(tracked(made((0.3, 16, 1.0)))), lambda drawing: drawn.append(drawing.title) or "f.svg", depth=3
    )
    assert drawn == ["ce, r = 1", "dice Φ=image, r = 1", "jaccard Φ=image, r = 1"]
    assert text.count("| theory |") == 3
