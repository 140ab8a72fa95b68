"""What every loss is: logits, target and an optional ignore mask in, a scalar out."""

from abc import ABC, abstractmethod

from torch import Tensor, nn


class Loss(nn.Module, ABC):
    """A segmentation loss.

    Obligations of every loss: sums run in float32 at least (float64 stays float64), also under autocast; nothing is
    read back to the host; there are no branches on data, so that `torch.compile` and `torch.func.vmap` work; finite
    logits give a finite loss and a finite gradient.
    """

    @abstractmethod
    def forward(self, logits: Tensor, target: Tensor, *, ignore: Tensor | None = None) -> Tensor:
        """Return the loss of one batch.

        Args:
            logits: `(B, C, *S)`; one channel means a sigmoid (binary), more mean a softmax with the background first.
            target: float, the same shape: one-hot, the binary foreground, or probabilities where the loss allows them.
            ignore: bool `(B, 1, *S)`; True marks voxels that count nowhere.

        Returns:
            A scalar.
        """
