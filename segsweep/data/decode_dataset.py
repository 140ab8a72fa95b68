"""A dataset block to its decoded cases on this node."""

from pathlib import Path

from segsweep.data.cache import cache_folder
from segsweep.data.decode import Progress, decode, decoded_name
from segsweep.data.decoded import Decoded
from segsweep.data.facts import scan
from segsweep.spec.datasets import FileDataset
from segsweep.spec.trials import DatasetFacts


def decode_dataset(dataset: FileDataset, fingerprint: str, progress: Progress = lambda done, total: None) -> Decoded:
    """Decode a dataset into this node's cache, or open it there.

    Raises:
        DataError: a case cannot be used.
    """
    return decode(scan(dataset), fingerprint, dataset.preprocess, _folder(), progress)


def is_decoded(dataset: FileDataset, facts: DatasetFacts) -> bool:
    """Whether this node need not decode it any more."""
    return (_folder() / decoded_name(facts.fingerprint, dataset.preprocess, facts.ignore)).exists()


def _folder() -> Path:
    return cache_folder() / "decoded"
