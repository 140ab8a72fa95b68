"""Φ: the axes that one overlap term sums over (Tilborghs et al. 2022, arXiv 2207.09521, Sect. 2)."""

from enum import StrEnum

from torch import Tensor


class Phi(StrEnum):
    """The family of voxel sets φ; every φ holds all voxels of its images.

    A reduction's name says over what it sums besides the voxels of one image.
    """

    IMAGE = "image"
    """One φ per image and class; DL_I."""
    CLASS = "class"
    """One φ per image, over all classes; DL_CI."""
    BATCH = "batch"
    """One φ per class, over the whole batch; DL_BI."""
    ALL = "all"
    """One φ; DL_BCI."""

    @property
    def over_batch(self) -> bool:
        """Whether a φ spans the images of the batch."""
        return self in (Phi.BATCH, Phi.ALL)

    @property
    def over_class(self) -> bool:
        """Whether a φ spans the classes."""
        return self in (Phi.CLASS, Phi.ALL)

    def collect(self, counts: Tensor) -> Tensor:
        """Sum `(B, C)` counts into one number per φ; summed axes keep length 1."""
        axes = ([0] if self.over_batch else []) + ([1] if self.over_class else [])
        return counts.sum(axes, keepdim=True) if axes else counts
