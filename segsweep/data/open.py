"""The batches of a trial, whatever its dataset."""

import torch

from segsweep.data.batches import Batches
from segsweep.data.decode_dataset import decode_dataset
from segsweep.data.decoded import Decoded
from segsweep.data.file_batches import FileBatches
from segsweep.data.patch_batches import PatchBatches
from segsweep.data.phantom import PhantomBatches
from segsweep.spec.datasets import FileDataset
from segsweep.spec.trials import Trial


def open_batches(trial: Trial, device: torch.device) -> Batches:
    """The data of a trial's fold and repeat, decoded if this node has not decoded it before.

    Raises:
        DataError: a case cannot be used.
    """
    if isinstance(trial.dataset, FileDataset):
        return batches_of(decode_dataset(trial.dataset, trial.facts.fingerprint), trial, device)
    return PhantomBatches(trial.dataset, trial, device)


def batches_of(decoded: Decoded, trial: Trial, device: torch.device) -> FileBatches:
    """The batches of decoded cases: of whole images, or of patches where the dataset says so."""
    assert isinstance(trial.dataset, FileDataset)
    patch = trial.dataset.preprocess.patch
    return FileBatches(decoded, trial, device) if patch is None else PatchBatches(decoded, trial, patch, device)
