"""The batches of a trial for a short look: its dataset as it lies decoded, or a few cases of it, decoded aside."""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory

import torch

from segsweep.data.batches import Batches
from segsweep.data.decode import decode
from segsweep.data.decode_dataset import is_decoded
from segsweep.data.facts import scan
from segsweep.data.open import batches_of, open_batches
from segsweep.spec.datasets import FileDataset
from segsweep.spec.trials import Split, Trial

_FEW = 4
"""Cases to choose the checkpoint with, and cases to be judged by."""


@contextmanager
def open_few(trial: Trial, device: torch.device) -> Iterator[tuple[Batches, Trial, float]]:
    """Batches to measure on, the trial with the cases that they hold, and the seconds that decoding one of them took.

    The seconds are 0 where all cases are decoded.

    Raises:
        DataError: a case cannot be used.
    """
    dataset = trial.dataset
    if not isinstance(dataset, FileDataset) or is_decoded(dataset, trial.facts):
        yield open_batches(trial, device), trial, 0.0
        return
    own = trial.split
    train = own.train[: max(_FEW, trial.train.batch_size)]
    split = Split(train, own.inner[:_FEW], own.val[:_FEW], own.test[:_FEW])
    wanted = {*split.train, *split.inner, *split.val, *split.test}
    found = scan(dataset)
    few = replace(found, cases=tuple(case for case in found.cases if case.id in wanted))
    with TemporaryDirectory(prefix="segsweep-few-") as folder:
        start = time.monotonic()
        decoded = decode(few, "few", dataset.preprocess, Path(folder), lambda done, total: None)
        seconds = time.monotonic() - start
        # only the split is another one: seeds, labels and preprocessing stay the trial's own
        shown = replace(trial, facts=replace(trial.facts, splits={trial.fold: split}))
        yield batches_of(decoded, shown, device), shown, seconds / len(few.cases)
