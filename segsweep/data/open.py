"""The batches of a trial, whatever its dataset."""

import torch

from segsweep.data.batches import Batches
from segsweep.data.decoded import Decoded, Progress, decode
from segsweep.data.facts import cache_folder, scan
from segsweep.data.file_batches import FileBatches
from segsweep.data.phantom import PhantomBatches
from segsweep.spec.datasets import FileDataset
from segsweep.spec.trials import Trial


def open_batches(trial: Trial, device: torch.device) -> Batches:
    """The data of a trial's fold and repeat, decoded if this node has not decoded it before.

    Raises:
        DataError: a case cannot be used.
    """
    if isinstance(trial.dataset, FileDataset):
        return FileBatches(decode_dataset(trial.dataset, trial.facts.fingerprint), trial, device)
    return PhantomBatches(trial.dataset, trial, device)


def decode_dataset(dataset: FileDataset, fingerprint: str, progress: Progress = lambda done, total: None) -> Decoded:
    """Decode a dataset into this node's cache, or open it there.

    Raises:
        DataError: a case cannot be used.
    """
    return decode(scan(dataset), fingerprint, dataset.preprocess, cache_folder() / "decoded", progress)
