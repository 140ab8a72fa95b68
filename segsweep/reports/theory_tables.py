"""The numbers of theory as tables: thresholds, flips, mean bias, bounds."""

import csv
import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from segsweep.theory.approximation import dice_jaccard_error, tversky_error
from segsweep.theory.optimum import critical_probability, local_flip, mean_bias
from segsweep.theory.risks import DICE, JACCARD, OverlapRisk

Row = tuple[str | float, ...]

BLOCKS = (1, 2, 4, 16, 64, math.inf)
RATIOS = (0.25, 0.5, 1.0, 2.0, 4.0, 9.0, math.inf)
TVERSKY_WEIGHTS = ((0.5, 0.5), (0.4, 0.6), (0.3, 0.7), (0.2, 0.8), (0.1, 0.9), (1.0, 1.0))
_LOSSES: tuple[tuple[str, OverlapRisk], ...] = (
    ("dice", DICE),
    ("jaccard", JACCARD),
    ("tversky α=0.3 β=0.7", OverlapRisk(0.3, 0.7)),
)


@dataclass(frozen=True)
class TheoryTable:
    """One table.

    Args:
        name: file name without ending.
        title: what it shows.
        note: how to read it, and its source.
        columns: headings; the first column is text.
        rows: one tuple per row.
    """

    name: str
    title: str
    note: str
    columns: tuple[str, ...]
    rows: tuple[Row, ...]

    def markdown(self) -> str:
        """Return the table with numbers to 4 digits."""
        lines = [
            f"## {self.title}",
            "",
            self.note,
            "",
            _line(self.columns),
            _line("---" for _ in self.columns),
            *(_line(_cell(value) for value in row) for row in self.rows),
        ]
        return "\n".join(lines) + "\n"

    def write_csv(self, folder: Path) -> Path:
        """Write the table with all digits and return its path."""
        path = folder / f"{self.name}.csv"
        with path.open("w", newline="", encoding="utf-8") as file:
            csv.writer(file).writerows([self.columns, *self.rows])
        return path


def theory_tables() -> tuple[TheoryTable, ...]:
    """Compute every table."""
    return (_critical_probabilities(), _local_flips(), _mean_biases(), _approximation_errors())


def _critical_probabilities() -> TheoryTable:
    rows: list[Row] = [
        (name, ratio, *(critical_probability(risk, k, ratio) for k in BLOCKS))
        for name, risk in _LOSSES
        for ratio in RATIOS
    ]
    return TheoryTable(
        "critical_probability",
        "p*(K, r): the probability above which an uncertain region is predicted",
        "K independent blocks, r = uncertain over certain volume; r = inf: no certain foreground, two empty masks "
        "score 1. Below p* the optimal soft ΔV is −p, above it 1 − p of the uncertain volume. Cross-entropy's ΔV is 0 "
        "everywhere. After Bertels et al. 2021 (arXiv 2211.04161), Sect. 2.",
        ("loss", "r", *_block_headings(BLOCKS)),
        tuple(rows),
    )


def _local_flips() -> TheoryTable:
    blocks, ratios = (1, 4, 16), (1.0, 4.0, 9.0)
    rows: list[Row] = [
        (name, ratio, *(local_flip(risk, k, ratio) for k in blocks)) for name, risk in _LOSSES for ratio in ratios
    ]
    return TheoryTable(
        "local_flip",
        "Local flip: the p at which training that continues from cross-entropy turns upwards",
        "At q = p, cross-entropy's solution, the slope of the risk points down to 0 below this p and up to 1 above it. "
        "Between this value and p* gradient descent and the global optimum disagree.",
        ("loss", "r", *_block_headings(blocks)),
        tuple(rows),
    )


def _mean_biases() -> TheoryTable:
    blocks, ratios = (1, 4, 16), (1.0, 4.0)
    rows: list[Row] = [
        (name, ratio, *(mean_bias(risk, k, ratio) for k in blocks)) for name, risk in _LOSSES for ratio in ratios
    ]
    return TheoryTable(
        "mean_bias",
        "ΔV of the optimum as a fraction of the uncertain volume, averaged over p uniform on [0, 1]",
        "Positive: over-estimation. It grows with the number of independent blocks.",
        ("loss", "r", *_block_headings(blocks)),
        tuple(rows),
    )


def _approximation_errors() -> TheoryTable:
    rows: list[Row] = []
    for alpha, beta in TVERSKY_WEIGHTS:
        error = tversky_error(alpha, beta)
        rows.append((f"tversky α={alpha:g} β={beta:g}", error.relative, error.absolute))
    jaccard = dice_jaccard_error()
    rows.append(("jaccard", jaccard.relative, jaccard.absolute))
    rows.append(("weighted Hamming, any weight", math.inf, 1.0))
    return TheoryTable(
        "approximation_error",
        "How far other similarities can be from Dice",
        "Suprema over all pairs of sets. Bertels et al. 2019 (arXiv 1911.01685), Prop. 1 and 2; Eelbode et al. 2020 "
        "(arXiv 2010.13499), Prop. II.3.",
        ("similarity", "relative error", "absolute error"),
        tuple(rows),
    )


def _block_headings(blocks: Sequence[float]) -> tuple[str, ...]:
    return tuple(f"K={'∞' if k == math.inf else k}" for k in blocks)


def _line(cells: Iterable[str]) -> str:
    return "| " + " | ".join(cells) + " |"


def _cell(value: str | float) -> str:
    if isinstance(value, str):
        return value
    if math.isinf(value):
        return "∞"
    text = f"{value:.4f}".rstrip("0").rstrip(".")
    return "0" if text == "-0" else text
