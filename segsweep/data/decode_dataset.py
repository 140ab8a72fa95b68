"""A dataset block to its decoded cases on this node."""

from segsweep.data.decoded import Decoded, Progress, decode
from segsweep.data.facts import cache_folder, scan
from segsweep.spec.datasets import FileDataset


def decode_dataset(dataset: FileDataset, fingerprint: str, progress: Progress = lambda done, total: None) -> Decoded:
    """Decode a dataset into this node's cache, or open it there.

    Raises:
        DataError: a case cannot be used.
    """
    return decode(scan(dataset), fingerprint, dataset.preprocess, cache_folder() / "decoded", progress)
