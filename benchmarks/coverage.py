"""How often the intervals cover and the tests reject: the tables of docs/statistics.md.

    OMP_NUM_THREADS=1 python benchmarks/coverage.py [--simulations 4000]

1. Coverage of 95 % intervals of a mean difference, by distribution, number of cases and method.
2. Family-wise error over the 45 pairs of 10 equal settings.
3. A/A: settings that are training runs of one and the same loss, judged as *these models* and as *this loss*.

Prints Markdown. The Monte-Carlo error of a share is given under each table.
"""

import argparse
import math
from collections.abc import Callable

import numpy as np
from scipy import stats

from segsweep.statistics.intervals import mean_interval
from segsweep.statistics.losses import compare_losses
from segsweep.statistics.pairwise import compare_pairs
from segsweep.statistics.resampling import Weights, bootstrap_weights

SEED = 20191013
RESAMPLES = 1999
SHARED = 50
"""Simulations that share one set of resamples; their errors of a finite R are dependent, hence not more of them."""

Draw = Callable[[np.random.Generator, tuple[int, ...]], np.ndarray]

DISTRIBUTIONS: dict[str, tuple[Draw, float]] = {
    "normal": (lambda rng, shape: rng.normal(size=shape), 0.0),
    "gamma, shape 2": (lambda rng, shape: rng.gamma(2.0, size=shape), 2.0),
    "exponential": (lambda rng, shape: rng.exponential(size=shape), 1.0),
    "lognormal": (lambda rng, shape: rng.lognormal(size=shape), math.exp(0.5)),
    "80 % ties at 0": (lambda rng, shape: np.where(rng.random(shape) < 0.8, 0.0, rng.normal(0.5, 1, shape)), 0.1),
    "t, 3 degrees of freedom": (lambda rng, shape: rng.standard_t(3, size=shape), 0.0),
}

RUN, RESIDUAL = 0.0135, 0.07
"""Standard deviations in Dice between runs of one loss, and of a case within a run. With 300 cases and one fold they
reproduce the 16 of 28 pairs that eight trainings with cross-entropy on Kvasir at 64 × 64 gave at p < .05."""


def covered(values: np.ndarray, mean: float, weights: Weights) -> list[bool]:
    """Whether percentile, BCa, studentised and t intervals hold the mean."""
    methods = ("percentile", "bca", "studentised")
    found = [mean_interval(values, weights, method=method) for method in methods]
    t = stats.t.ppf(0.975, len(values) - 1) * values.std(ddof=1) / math.sqrt(len(values))
    return [one.low <= mean <= one.high for one in found] + [abs(values.mean() - mean) <= t]


def coverage(simulations: int, rng: np.random.Generator) -> None:
    print("| differences | n | percentile | BCa | studentised | Student's t |\n|---|---|---|---|---|---|")
    for name, (draw, mean) in DISTRIBUTIONS.items():
        for n in (20, 50, 200):
            hits = np.zeros(4)
            for _ in range(simulations // SHARED):
                weights = bootstrap_weights(n, RESAMPLES, rng=rng)
                for values in draw(rng, (SHARED, n)):
                    hits += covered(values, mean, weights)
            print(f"| {name} | {n} | " + " | ".join(f"{share:.3f}" for share in hits / simulations) + " |", flush=True)
    error = math.sqrt(0.95 * 0.05 / simulations)
    print(f"\n{simulations} simulations, {RESAMPLES} resamples; Monte-Carlo standard error {error:.4f} at .95.\n")


def family_wise_error(simulations: int, rng: np.random.Generator) -> None:
    print("| scores | n | max-T | Holm | no correction |\n|---|---|---|---|---|")
    for name in ("normal", "exponential", "t, 3 degrees of freedom"):
        draw, _ = DISTRIBUTIONS[name]
        for n in (20, 50):
            errors = np.zeros(3)
            for _ in range(simulations):
                scores = rng.normal(size=n) + 0.3 * draw(rng, (10, n))
                weights = bootstrap_weights(n, RESAMPLES, rng=rng)
                joint = compare_pairs(scores, weights, correction="max-t", margin=0.0)
                holm = compare_pairs(scores, weights, correction="holm", margin=0.0)
                smallest = [min(one.p_corrected for one in found) for found in (joint, holm)]
                errors += [p <= 0.05 for p in (*smallest, min(one.p for one in joint))]
            print(
                f"| {name} | {n} | " + " | ".join(f"{share:.3f}" for share in errors / simulations) + " |", flush=True
            )
    error = math.sqrt(0.95 * 0.05 / simulations)
    print(f"\n{simulations} simulations, {RESAMPLES} resamples; Monte-Carlo standard error {error:.4f} at .05.\n")


def training_runs(simulations: int, rng: np.random.Generator) -> None:
    print("| folds | seeds | cases | *these models*, p < .05 | *this loss*, p < .05 | *this loss*, any of 6 pairs |")
    print("|---|---|---|---|---|---|")
    for folds, seeds, cases in ((1, 3, 300), (1, 6, 300), (1, 8, 300), (5, 3, 300), (5, 3, 50), (2, 5, 100)):
        fold = np.arange(cases) % folds
        rejected = np.zeros(3)
        for _ in range(simulations):
            runs = rng.normal(0, RUN, size=(4, seeds, folds))
            scores = 0.8 + runs[:, :, fold] + rng.normal(0, RESIDUAL, size=(4, seeds, cases))
            weights = bootstrap_weights(cases, RESAMPLES, rng=rng)
            models = compare_pairs(scores[:, 0], weights, correction="max-t", margin=0.0)
            losses = compare_losses(scores, fold, weights, correction="max-t", margin=0.0, rng=rng)
            rejected += [models[0].p <= 0.05, losses[0].p <= 0.05, min(one.p_corrected for one in losses) <= 0.05]
        shares = " | ".join(f"{share:.3f}" for share in rejected / simulations)
        print(f"| {folds} | {seeds} | {cases} | {shares} |", flush=True)
    error = math.sqrt(0.95 * 0.05 / simulations)
    print(f"\n{simulations} simulations, {RESAMPLES} resamples; Monte-Carlo standard error {error:.4f} at .05.")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--simulations", type=int, default=4000, help="a multiple of 50; a quarter as many for pairs")
    simulations = parser.parse_args().simulations
    coverage(simulations, np.random.default_rng(SEED))
    family_wise_error(simulations // 4, np.random.default_rng(SEED + 1))
    training_runs(simulations // 4, np.random.default_rng(SEED + 2))


if __name__ == "__main__":
    main()
