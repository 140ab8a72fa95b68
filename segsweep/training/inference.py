"""Probabilities of a network on whole images."""

from collections.abc import Sequence

import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn


@torch.inference_mode()
def probabilities(
    network: nn.Module, images: Sequence[NDArray[np.float32]], device: torch.device
) -> NDArray[np.float32]:
    """Foreground probabilities, shape (images, foreground labels, *size); always float32, whatever training used."""
    batch = torch.from_numpy(np.stack(images)).to(device)
    logits = network(batch).float()
    found = logits.sigmoid() if logits.shape[1] == 1 else logits.softmax(dim=1)[:, 1:]
    return np.asarray(found.cpu().numpy())


def decide(foreground: NDArray[np.float32]) -> NDArray[np.uint8]:
    """Label values (*space) from foreground probabilities (labels, *space).

    Binary: p ≥ 0.5. Several labels: the arg-max, the background holding what the others leave.
    """
    if len(foreground) == 1:
        return np.asarray(foreground[0] >= 0.5, dtype=np.uint8)
    background = 1 - foreground.sum(axis=0, keepdims=True)
    return np.asarray(np.concatenate([background, foreground]).argmax(axis=0), dtype=np.uint8)
