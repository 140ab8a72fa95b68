"""The setting in which the papers study volume bias: an uncertain region beside certain ones.

Certain foreground of volume v_α, certain background, and an uncertain region of volume v_β = r·v_α in K independent
equal blocks, each foreground with probability p (Bertels et al. 2021, arXiv 2211.04161, Sect. 2). The network cannot
tell the blocks apart, so it gives all of them one value q; it gives the certain regions 1 and 0.
"""

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]
Mask = NDArray[np.bool_]


@dataclass(frozen=True)
class UncertainRegion:
    """An uncertain region.

    Args:
        p: probability that a block is foreground, in [0, 1].
        k: number of independent blocks; `math.inf` makes the labelled volume deterministic.
        r: volume of the region relative to the certain foreground; `math.inf` where there is no certain foreground.

    Raises:
        ValueError: a value outside its range.
    """

    p: float
    k: float
    r: float

    def __post_init__(self) -> None:
        if not 0 <= self.p <= 1:
            raise ValueError(f"p is a probability, got {self.p}")
        if not (self.k == math.inf or (self.k >= 1 and float(self.k).is_integer())):
            raise ValueError(f"k is a whole number of blocks ≥ 1 or inf, got {self.k}")
        if not self.r > 0:
            raise ValueError(f"r is a positive ratio, got {self.r}")

    @property
    def certain(self) -> float:
        """Volume of the certain foreground: the unit of volume, unless there is none."""
        return 0.0 if self.r == math.inf else 1.0

    @property
    def uncertain(self) -> float:
        """Volume of the uncertain region; the unit of volume where there is no certain foreground."""
        return 1.0 if self.r == math.inf else self.r

    def outcomes(self) -> tuple[Array, Array]:
        """Return the possible foreground fractions of the region and their probabilities, both `(outcomes,)`."""
        if self.k == math.inf:
            return np.array([self.p]), np.array([1.0])
        blocks = int(self.k)
        drawn = np.arange(blocks + 1)
        if self.p in (0.0, 1.0):
            return drawn / blocks, (drawn == self.p * blocks).astype(np.float64)
        # logarithms, because binomial coefficients of some hundred blocks overflow
        log_ways = np.concatenate([[0.0], np.cumsum(np.log((blocks + 1 - drawn[1:]) / drawn[1:]))])
        log_weights = log_ways + drawn * math.log(self.p) + (blocks - drawn) * math.log1p(-self.p)
        weights = np.exp(log_weights)
        return drawn / blocks, weights / weights.sum()
