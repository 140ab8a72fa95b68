"""Probabilities of a network on whole images."""

from collections.abc import Sequence
from typing import Protocol

import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn

_WINDOWS = 4
"""Windows that are predicted at a time."""


class Shown(Protocol):
    """What a network is shown of a case."""

    @property
    def image(self) -> NDArray[np.float32]:
        """(channels, *size), on the training grid."""
        ...

    @property
    def window(self) -> tuple[int, ...] | None:
        """Size of the windows that it is seen through; None = it is seen whole."""
        ...


@torch.inference_mode()
def probabilities(
    network: nn.Module, images: Sequence[NDArray[np.float32]], device: torch.device
) -> NDArray[np.float32]:
    """Foreground probabilities, shape (images, foreground labels, *size); always float32, whatever training used."""
    batch = torch.from_numpy(np.stack(images)).to(device)
    logits = network(batch).float()
    found = logits.sigmoid() if logits.shape[1] == 1 else logits.softmax(dim=1)[:, 1:]
    return np.asarray(found.cpu().numpy())


def predict(network: nn.Module, cases: Sequence[Shown], device: torch.device) -> Sequence[NDArray[np.float32]]:
    """Foreground probabilities of each case on its training grid, (foreground labels, *size).

    Args:
        network: in evaluation mode.
        cases: of one size, unless they are seen through windows.
        device: to predict on.
    """
    if all(case.window is None for case in cases):
        return list(probabilities(network, [case.image for case in cases], device))
    return [_in_windows(network, case, device) for case in cases]


def _in_windows(network: nn.Module, case: Shown, device: torch.device) -> NDArray[np.float32]:
    """Windows that overlap by half; where several see a voxel, the mean of their probabilities, the nearer to a
    window's centre the heavier (Gaussian)."""
    from monai.inferers import sliding_window_inference  # noqa: PLC0415 (whole images need not pay)

    def seen(windows: torch.Tensor) -> torch.Tensor:
        return torch.from_numpy(probabilities(network, list(windows.cpu().numpy()), device))

    found = sliding_window_inference(
        torch.from_numpy(np.array(case.image))[None], case.window, _WINDOWS, seen, overlap=0.5, mode="gaussian"
    )
    return np.asarray(found[0].numpy())


def decide(foreground: NDArray[np.float32]) -> NDArray[np.uint8]:
    """Label values (*space) from foreground probabilities (labels, *space).

    Binary: p ≥ 0.5. Several labels: the arg-max, the background holding what the others leave.
    """
    if len(foreground) == 1:
        return np.asarray(foreground[0] >= 0.5, dtype=np.uint8)
    background = 1 - foreground.sum(axis=0, keepdims=True)
    return np.asarray(np.concatenate([background, foreground]).argmax(axis=0), dtype=np.uint8)
