"""The claims on several raters, on volumes that can be counted by hand."""

import json

import numpy as np
import pytest
from sweep_tables import Effect, Sweep, case_row, trial_row
from tracked_tables import tracked

from papers.soft_labels import MEAN, findings, sections

CASES = 30
FORMS = {"ce": {}, "dice": {"form": "classic"}, "dice semimetric": {"form": "semimetric"}}


def sweep(volumes: dict[str, float], *, labels: str = MEAN) -> Sweep:
    """Raters that see 1 and 3 ml, give or take, and settings that report so much on average."""
    made, noise = Sweep(), np.random.default_rng(0).normal(0, 0.05, CASES)
    for setting, volume in volumes.items():
        effect = Effect(setting, setting.split()[0])
        trial = trial_row(setting, effect, labels=labels, arguments=json.dumps(FORMS[setting]))
        made.trials.append(trial)
        for number, off in enumerate(noise - noise.mean()):
            for truth, true in (("ann", 1.0), ("bob", 3.0), ("majority", 2.0), ("mean", 2.0)):
                made.cases.append(
                    case_row(
                        trial, f"case-{number:02d}", "cell", truth=truth, volume_true=true, volume_soft=volume + off
                    )
                )
    return made


@pytest.mark.parametrize(("semimetric", "agreement"), [(2.02, "agrees"), (2.5, "disagrees")])
def test_volumes_beside_the_raters_mean(semimetric: float, agreement: str) -> None:
    ce, found = findings(tracked(sweep({"ce": 2.0, "dice": 2.6, "dice semimetric": semimetric})))
    assert (ce.agreement.value, found.agreement.value) == ("agrees", agreement)
    assert found.claim == "Trained on the raters' mean, semimetric Dice reports their mean volume"
    percent = 100 * (semimetric - 2) / 2
    assert f"+{percent:.1f} % of the mean volume; soft Dice: ΔV soft 0.6" in found.found


def test_what_was_trained_on_the_majority_is_no_claim() -> None:
    assert findings(tracked(sweep({"ce": 2.0, "dice": 2.6}, labels="raters' majority"))) == ()


def test_all_labels_and_losses_stand_in_one_table() -> None:
    made = sweep({"ce": 2.0, "dice": 2.6})
    other = sweep({"ce": 2.3}, labels="raters' majority")
    for row in (*other.trials, *other.cases):
        row["trial"] = f"other {row['trial']}"
    made.trials += other.trials
    made.cases += other.cases
    (table,) = sections(tracked(made))[0].blocks
    found = {tuple(cell.text for cell in row[1:3]): [cell.number for cell in row[5:]] for row in table.rows}
    assert found[MEAN, "ce"][0] == pytest.approx(0.0, abs=1e-9)
    assert found[MEAN, "dice"][0] == pytest.approx(0.6)
    assert found["raters' majority", "ce"][0] == pytest.approx(0.3)
