"""The trials of a sweep as a map: a row per loss setting, a column per fold and seed."""

from collections.abc import Iterable
from dataclasses import dataclass

from segsweep.records.manifest import PENDING, Manifest, ManifestEntry

SIGNS = {
    PENDING: "·",
    "running": "▶",
    "finished": "✓",
    "stopped": "■",
    "interrupted": "‖",
    "diverged": "∞",
    "failed": "✕",
}
"""What a colour says is also said by a sign."""


@dataclass(frozen=True)
class HeatMap:
    """Trials of one dataset, label policy and network.

    Args:
        title: what they share.
        columns: names.
        rows: name of a setting and its trials, None where it has none.
    """

    title: str
    columns: tuple[str, ...]
    rows: tuple[tuple[str, tuple[ManifestEntry | None, ...]], ...]


def heat_maps(manifest: Manifest) -> tuple[HeatMap, ...]:
    """One per dataset, label policy and network, in the order of the grid."""
    parts: dict[tuple[str, str, str], list[ManifestEntry]] = {}
    for entry in manifest.entries:
        row = entry.row
        parts.setdefault((str(row["dataset"]), str(row["labels"]), str(row["network"])), []).append(entry)
    return tuple(_heat_map(key, entries) for key, entries in parts.items())


def _heat_map(key: tuple[str, str, str], entries: list[ManifestEntry]) -> HeatMap:
    dataset, labels, network = key
    places = sorted({_place(entry) for entry in entries})
    seeds = len({seed for _, seed in places})
    rows: dict[str, list[dict[tuple[int, int], ManifestEntry]]] = {}
    for entry in entries:
        # settings that differ in more than their name, such as the rate, take a row each
        lines = rows.setdefault(str(entry.row["setting"]), [])
        line = next((line for line in lines if _place(entry) not in line), None)
        if line is None:
            line = {}
            lines.append(line)
        line[_place(entry)] = entry
    return HeatMap(
        ", ".join([dataset, *([] if labels == "full" else [f"labels {labels}"]), network]),
        tuple(f"fold {fold}" if seeds == 1 else f"fold {fold}, seed {seed}" for fold, seed in places),
        tuple(
            (_named(name, line.values(), several=len(lines) > 1), tuple(line.get(place) for place in places))
            for name, lines in rows.items()
            for line in lines
        ),
    )


def _named(setting: str, entries: Iterable[ManifestEntry], *, several: bool) -> str:
    if not several:
        return setting
    row = next(iter(entries)).row
    return f"{setting}, lr={row['lr']:g}, batch_size={row['batch_size']}"


def _place(entry: ManifestEntry) -> tuple[int, int]:
    return int(entry.row["fold"]), int(entry.row["seed"])
