"""A/A on real training: how often are trainings of one and the same loss told apart?

    segsweep launch sweeps/aa-kvasir.yaml
    OMP_NUM_THREADS=1 python benchmarks/aa.py [--home segsweep-runs]

Prints the variance components of the eight trainings, the share of pairs of trainings that *these models* tells apart,
the share of splits of the trainings into two "losses" that *this loss* tells apart, and both rates in simulations with
the measured components.
"""

import argparse
import itertools
import math
from pathlib import Path

import numpy as np

import segsweep
from segsweep import Home
from segsweep.statistics.losses import compare_losses
from segsweep.statistics.pairwise import compare_pairs
from segsweep.statistics.resampling import bootstrap_weights
from segsweep.statistics.variance import VarianceComponents, variance_components

SEED = 20191013
RESAMPLES = 1999
ALPHA = 0.05


def scores_of(sweep: str, home: Home) -> tuple[np.ndarray, np.ndarray]:
    """Dice of every evaluation case under every seed, shape (seeds, cases), and the fold of each case."""
    cases = segsweep.tables(sweep, home=home).cases
    cases = cases[(cases["split"] == "val") & (cases["truth"] == "label")]
    table = cases.pivot(index=["fold", "case"], columns="seed", values="dice")
    return table.to_numpy().T, table.index.get_level_values("fold").to_numpy()


def measured(scores: np.ndarray, folds: np.ndarray, rng: np.random.Generator) -> None:
    seeds, cases = scores.shape
    weights = bootstrap_weights(cases, RESAMPLES, rng=rng)
    pairs = compare_pairs(scores, weights, correction="max-t", margin=0.0)
    apart = sum(pair.p <= ALPHA for pair in pairs)
    print(f"these models: {apart} of {len(pairs)} pairs of trainings have p ≤ {ALPHA}")
    halves = [set(half) for half in itertools.combinations(range(seeds), seeds // 2) if 0 in half]
    rejected = 0
    for half in halves:
        two = np.stack([scores[sorted(half)], scores[sorted(set(range(seeds)) - half)]])
        rejected += compare_losses(two, folds, weights, correction="max-t", margin=0.0, rng=rng)[0].p <= ALPHA
    print(f"this loss: {rejected} of {len(halves)} splits into two times {seeds // 2} trainings have p ≤ {ALPHA}")


def simulated(found: VarianceComponents, simulations: int, rng: np.random.Generator) -> None:
    """Two equal losses with the measured components, as large as the measured sweep."""
    seeds, rejected = found.seeds // 2, np.zeros(2)
    folds = np.arange(found.cases) % found.folds
    for _ in range(simulations):
        case = rng.normal(0, math.sqrt(found.case), found.cases)
        model = rng.normal(0, math.sqrt(found.model), (2, seeds, found.folds))
        rest = rng.normal(0, math.sqrt(found.residual), (2, seeds, found.cases))
        scores = case + model[:, :, folds] + rest
        weights = bootstrap_weights(found.cases, RESAMPLES, rng=rng)
        models = compare_pairs(scores[:, 0], weights, correction="max-t", margin=0.0)
        losses = compare_losses(scores, folds, weights, correction="max-t", margin=0.0, rng=rng)
        rejected += [models[0].p <= ALPHA, losses[0].p <= ALPHA]
    error = math.sqrt(ALPHA * (1 - ALPHA) / simulations)
    print(f"simulated with these components, {seeds} trainings a loss, {simulations} times:")
    print(f"  these models {rejected[0] / simulations:.3f}, this loss {rejected[1] / simulations:.3f} (± {error:.3f})")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--sweep", default="aa-kvasir")
    parser.add_argument("--home", type=Path, default=None)
    parser.add_argument("--simulations", type=int, default=2000)
    options = parser.parse_args()
    home = Home.from_environment() if options.home is None else Home(options.home)
    scores, folds = scores_of(options.sweep, home)
    found = variance_components(scores, folds)
    print(f"{found.seeds} trainings on each of {found.folds} folds, {found.cases} cases, mean Dice {scores.mean():.3f}")
    deviations = (math.sqrt(value) for value in (found.case, found.model, found.residual))
    print("standard deviations: case {:.4f}, training {:.4f}, rest {:.4f}".format(*deviations))
    measured(scores, folds, np.random.default_rng(SEED))
    simulated(found, options.simulations, np.random.default_rng(SEED + 1))


if __name__ == "__main__":
    main()
