"""Arrays of different shapes in one file."""

from pathlib import Path

import numpy as np

from segsweep.data.ragged import Ragged, RaggedFile


def test_they_come_back_as_they_were(tmp_path: Path) -> None:
    rng = np.random.default_rng(0)
    arrays = [rng.random(shape, dtype=np.float32) for shape in ((2, 3), (1, 4, 5), (0, 3), (7,))]
    written = RaggedFile(tmp_path / "images", np.float32)
    for array in arrays:
        written.append(array.T if array.ndim == 2 else array)
    written.close()
    found = Ragged(tmp_path / "images")
    assert len(found) == len(arrays)
    for position, array in enumerate(arrays):
        np.testing.assert_array_equal(found[position], array.T if array.ndim == 2 else array)
        assert not found[position].flags.writeable or not array.size


def test_nothing_at_all(tmp_path: Path) -> None:
    RaggedFile(tmp_path / "raters", np.uint8).close()
    assert len(Ragged(tmp_path / "raters")) == 0
