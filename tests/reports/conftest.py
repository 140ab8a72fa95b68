"""Tables that look like those of real sweeps, made once."""

import pyarrow as pa
import pytest
from sweep_tables import LOSSES, Sweep, hippocampus, phantoms, trial_row


@pytest.fixture(scope="session")
def hippocampus_tables() -> tuple[pa.Table, pa.Table]:
    return hippocampus().tables()


@pytest.fixture(scope="session")
def mixed_tables() -> tuple[pa.Table, pa.Table]:
    """Two real labels, two phantom datasets, one failed trial and one case that one setting lacks."""
    real = hippocampus()
    low, high = phantoms(p=0.30), phantoms(p=0.48)
    failed = trial_row("f" * 16, LOSSES[4], fold=2, state="failed", reason="loss became infinite at step 12")
    lost = (real.trials[0]["trial"], "hippocampus_000")
    cases = [row for row in real.cases if (row["trial"], row["case"]) != lost]
    return Sweep(real.trials + low.trials + high.trials + [failed], cases + low.cases + high.cases).tables()
