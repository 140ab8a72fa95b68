"""Where a lane stands after an epoch, kept so that whoever goes on ends with the same numbers.

No generator's state is among it: every draw is addressed by (seed, phase, epoch, step), never by what came before.
"""

import io
import math
import pickle
import time
from contextlib import suppress
from typing import Any

import torch

from segsweep.errors import StoreError
from segsweep.store.blobs import Blobs
from segsweep.store.keys import checkpoint_folder

SECONDS_AT_RISK = 10.0
"""Where epochs are shorter than this, not each of them is worth a checkpoint."""

State = dict[str, Any]


class Checkpoints:
    """The checkpoints of one trial or warm start, written by one process.

    Whoever goes on elsewhere writes keys of its own: a process that is late never overwrites a newer state. All of them
    lie on the same path of training, so the one furthest along is taken.

    Args:
        blobs: the store.
        name: of the trial or warm start.
        fence: of the claim that is held on it.
    """

    def __init__(self, blobs: Blobs, name: str, fence: int) -> None:
        self._blobs = blobs
        self._folder = checkpoint_folder(name)
        self._fence = fence
        self._kept: str | None = None
        self._begun = self._saved = math.nan

    def latest(self) -> State | None:
        """The state furthest along; None where there is none that can be read."""
        for blob in reversed(self._blobs.list(self._folder)):
            content = self._blobs.get(blob.key)
            with suppress(RuntimeError, EOFError, ValueError, KeyError, pickle.UnpicklingError):
                if content is not None:
                    state: State = torch.load(io.BytesIO(content), map_location="cpu", weights_only=True)
                    return state
        return None

    def begin(self) -> None:
        """An epoch begins; what comes before the first one is soon made up for."""
        self._begun = time.monotonic()
        if math.isnan(self._saved):
            self._saved = self._begun

    def due(self) -> bool:
        """Whether another epoch, as long as the one that has ended, might put more than `SECONDS_AT_RISK` at risk."""
        now = time.monotonic()
        return now - self._saved + now - self._begun > SECONDS_AT_RISK

    def save(self, epoch: int, state: State) -> None:
        """Keep a state in place of the one kept before.

        A distant store that is away costs safety, not the training: the next epoch tries again.

        Args:
            epoch: that has ended.
            state: tensors, numbers and texts, nested in dicts and lists.

        Raises:
            OSError: the disk is full, or refuses.
        """
        content = io.BytesIO()
        torch.save(state, content)
        key = f"{self._folder}{epoch:06d}-{self._fence:06d}.pt"
        with suppress(StoreError):
            self._blobs.put(key, content.getvalue())
            self._saved = time.monotonic()
            if self._kept not in (None, key):
                self._blobs.delete(str(self._kept))
            self._kept = key
