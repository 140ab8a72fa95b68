"""Which cases a resample draws, and how often: one set of draws, shared by everything that is compared.

Resampling cases answers "what if other patients had been scanned?". All settings are evaluated on the same cases, so
one draw serves every setting and every pair: that makes the bootstrap paired, and all pairs of a sweep cost two matrix
products instead of one bootstrap each.
"""

import itertools
import math
from collections.abc import Hashable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from segsweep.errors import InputError

FEWEST_GROUPS = 10
"""Below this many groups no cluster interval is given: with G groups the interval of a mean is built on G values, and
cluster-robust intervals are known to be far too short below about ten (Cameron, Gelbach & Miller 2008)."""


@dataclass(frozen=True, eq=False)
class Weights:
    """How often each resample draws each unit. A unit is a case, or a group of cases that is drawn as a whole.

    Attributes:
        counts: multiplicities, shape (resamples, units); each row sums to the number of units.
        unit_of_case: which unit each case belongs to, shape (cases,).
    """

    counts: NDArray[np.float64]
    unit_of_case: NDArray[np.intp]

    @property
    def resamples(self) -> int:
        """Number of resamples."""
        return len(self.counts)

    @property
    def units(self) -> int:
        """Number of units that are drawn."""
        return int(self.counts.shape[1])

    @property
    def cases(self) -> int:
        """Number of cases."""
        return len(self.unit_of_case)

    @property
    def grouped(self) -> bool:
        """Whether some unit holds more than one case."""
        return self.units < self.cases

    def per_case(self) -> NDArray[np.float64]:
        """Multiplicity of every case, shape (resamples, cases)."""
        return self.counts[:, self.unit_of_case]


def bootstrap_weights(units: Sequence[Hashable] | int, resamples: int, *, rng: np.random.Generator) -> Weights:
    """Draw cases, or whole groups of cases, with replacement.

    >>> weights = bootstrap_weights(4, 999, rng=np.random.default_rng(0))
    >>> weights.counts.shape, set(weights.counts.sum(axis=1))
    ((999, 4), {np.float64(4.0)})

    Args:
        units: the number of cases; or the group (patient, series) of each case in order. Images of one patient are
            not independent: naming the groups keeps the interval from pretending that they are.
        resamples: number of resamples; see `resamples_needed`.
        rng: source of randomness.

    Raises:
        InputError: no case, no resample, or fewer than `FEWEST_GROUPS` groups that hold several cases each.
    """
    unit_of_case = np.arange(units) if isinstance(units, int) else _numbered(units)
    if len(unit_of_case) < 1 or resamples < 1:
        raise InputError(f"nothing to resample: {len(unit_of_case)} cases, {resamples} resamples; at least one of each")
    count = int(unit_of_case.max()) + 1
    if count < FEWEST_GROUPS and count < len(unit_of_case):
        raise InputError(
            f"{len(unit_of_case)} cases come from {count} groups: no interval is given below {FEWEST_GROUPS} groups, "
            "because one built on so few independent units is far too short"
        )
    drawn = (
        rng.integers(count, size=(resamples, count), dtype=np.int32) + np.arange(0, resamples * count, count)[:, None]
    )
    counts = np.bincount(drawn.ravel(), minlength=resamples * count).reshape(resamples, count)
    return Weights(counts.astype(np.float64), unit_of_case)


def every_resample(cases: int) -> Weights:
    """All nⁿ equally likely resamples of n ≤ 6 cases: the bootstrap without Monte-Carlo error.

    Raises:
        InputError: n is not 1 … 6.
    """
    if not 1 <= cases <= 6:
        raise InputError(f"{cases} cases: all nⁿ resamples are listed for 1 to 6 cases")
    draws = np.array(list(itertools.product(range(cases), repeat=cases)))
    counts = (draws[:, :, None] == np.arange(cases)).sum(axis=1)
    return Weights(counts.astype(np.float64), np.arange(cases))


def resamples_needed(comparisons: int, *, level: float = 0.95) -> int:
    """Fewest resamples R with 2/(R+1) < α/m, so that a correction by Holm or Benjamini–Hochberg is able to reject.

    The smallest two-sided p that R resamples can give is 2/(R+1); multiplied by m comparisons it has to stay below
    α = 1 − level. Max-T counts joint exceedances and does not need this: 10,000 serve any number of comparisons.

    Args:
        comparisons: m, the size of the family.
        level: confidence level, 1 − α.
    """
    return math.floor(2 * comparisons / (1 - level) + 1e-9)


def _numbered(names: Sequence[Hashable]) -> NDArray[np.intp]:
    """Groups numbered in order of first appearance."""
    numbers: dict[Hashable, int] = {}
    return np.array([numbers.setdefault(name, len(numbers)) for name in names], dtype=np.intp)
