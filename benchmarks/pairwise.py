"""All pairs of 20 settings on 500 cases with 10,000 resamples, against scipy.stats.bootstrap pair by pair.

Both sides give 95 % intervals of the mean difference; ours gives studentised ones, p-values and the max-T correction as
well. scipy is timed on a few pairs per repeat, and its time for all 190 is 190 times its time per pair: pairs are
independent calls. Repeats of both sides alternate, and the median of their ratios is printed. Times are processor
times of the one thread, so that others on the machine disturb little.

    OMP_NUM_THREADS=1 python benchmarks/pairwise.py
"""

import itertools
import os
import statistics
import sys
import time

import numpy as np
from scipy import stats

from segsweep.statistics.pairwise import compare_pairs
from segsweep.statistics.resampling import bootstrap_weights

SETTINGS, CASES, RESAMPLES = 20, 500, 10_000
SCIPY_PAIRS = 5
REPEATS = 7


def scores(rng: np.random.Generator) -> np.ndarray:
    """Dice-like scores: hard cases are hard for every setting; shape (settings, cases)."""
    return rng.beta(8, 2, size=CASES) + rng.normal(0, 0.03, size=(SETTINGS, CASES))


def ours(table: np.ndarray, rng: np.random.Generator) -> float:
    start = time.process_time()
    weights = bootstrap_weights(CASES, RESAMPLES, rng=rng)
    compare_pairs(table, weights, correction="max-t", margin=0.01)
    return time.process_time() - start


def scipys(table: np.ndarray, rng: np.random.Generator) -> float:
    """Seconds for all pairs, from `SCIPY_PAIRS` of them."""
    pairs = list(itertools.combinations(range(SETTINGS), 2))
    start = time.process_time()
    for first, second in pairs[:SCIPY_PAIRS]:
        stats.bootstrap((table[first] - table[second],), np.mean, n_resamples=RESAMPLES, method="percentile", rng=rng)
    return (time.process_time() - start) * len(pairs) / SCIPY_PAIRS


def main() -> None:
    if os.environ.get("OMP_NUM_THREADS") != "1":
        sys.exit("one thread each: set OMP_NUM_THREADS=1")
    rng = np.random.default_rng(0)
    table = scores(rng)
    ours(table, rng)
    times = [(ours(table, rng), scipys(table, rng)) for _ in range(REPEATS)]
    pairs = SETTINGS * (SETTINGS - 1) // 2
    mine, theirs = (statistics.median(column) for column in zip(*times, strict=True))
    print(f"{pairs} pairs × {CASES} cases × {RESAMPLES:,} resamples, one thread, median of {REPEATS}")
    print(f"segsweep, studentised, p, max-T      {mine:8.3f} s   {1000 * mine / pairs:7.2f} ms a pair")
    print(f"scipy.stats.bootstrap, percentile    {theirs:8.3f} s   {1000 * theirs / pairs:7.2f} ms a pair")
    ratios = [theirs / mine for mine, theirs in times]
    print(f"ratio {statistics.median(ratios):.0f}×, from {min(ratios):.0f}× to {max(ratios):.0f}×")


if __name__ == "__main__":
    main()
