"""Arrays of different shapes in one flat, memory-mapped file."""

import json
from math import prod
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray


class Ragged:
    """Arrays by their position, read-only.

    Args:
        path: without suffix, as `RaggedFile` was given it.
    """

    def __init__(self, path: Path) -> None:
        described = json.loads(path.with_suffix(".json").read_text())
        self._shapes: list[tuple[int, ...]] = [tuple(shape) for shape in described["shapes"]]
        starts = np.cumsum([0, *(prod(shape) for shape in self._shapes)])
        self._starts = starts.tolist()
        empty = self._starts[-1] == 0  # nothing can be memory-mapped to no bytes
        kind = np.dtype(described["dtype"])
        self._flat: NDArray[Any] = (
            np.empty(0, kind) if empty else np.memmap(path.with_suffix(".bin"), dtype=kind, mode="r")
        )

    def __len__(self) -> int:
        return len(self._shapes)

    def __getitem__(self, position: int) -> NDArray[Any]:
        start, end = self._starts[position], self._starts[position + 1]
        return self._flat[start:end].reshape(self._shapes[position])


class RaggedFile:
    """Writes what `Ragged` reads, one array after the other.

    Args:
        path: without suffix.
        kind: of every value.
    """

    def __init__(self, path: Path, kind: type[np.generic]) -> None:
        self._path = path
        self._kind = np.dtype(kind)
        self._shapes: list[tuple[int, ...]] = []
        self._flat = path.with_suffix(".bin").open("wb")

    def append(self, array: NDArray[Any]) -> None:
        """Write one array."""
        self._flat.write(np.ascontiguousarray(array, dtype=self._kind).tobytes())
        self._shapes.append(array.shape)

    def close(self) -> None:
        """Write where each array lies; nothing can be read before."""
        self._flat.close()
        self._path.with_suffix(".json").write_text(json.dumps({"shapes": self._shapes, "dtype": self._kind.str}))
