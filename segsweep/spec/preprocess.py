"""From the native image to the training grid, as a grid file says it."""

from collections.abc import Mapping
from typing import Annotated, Any, Literal, Self

from pydantic import Field, model_validator

from segsweep.spec.values import Frozen, PositiveFloat, PositiveInt, Range

_LATER = ("synthetic_contrast", "patch")


class Normalise(Frozen):
    """How intensities are scaled, per image and channel.

    `zscore`: zero mean and unit variance over all voxels. `zscore_nonzero`: over the non-zero voxels, zeros stay zero.
    `window`: clip to [low, high] (in CT, Hounsfield units), scale to [0, 1]. `percentile`: the same between two
    percentiles of the image, then z-score.
    """

    form = "`zscore`, `zscore_nonzero`, `none`, {window: [-60, 140]} or {percentile: [1, 99]}"
    unwritten = ("method", "bounds")

    method: Literal["zscore", "zscore_nonzero", "window", "percentile", "none"]
    bounds: Range | None = None

    @model_validator(mode="before")
    @classmethod
    def _from_short_form(cls, value: Any) -> Any:
        if isinstance(value, str):
            return {"method": value}
        if isinstance(value, Mapping) and len(value) == 1 and next(iter(value)) in ("window", "percentile"):
            method, bounds = next(iter(value.items()))
            return {"method": method, "bounds": bounds}
        return value

    @model_validator(mode="after")
    def _check_bounds(self) -> Self:
        if (self.method in ("window", "percentile")) != (self.bounds is not None):
            raise ValueError("`window` and `percentile` take [low, high], e.g. `normalise: {window: [-60, 140]}`")
        if self.bounds is not None and not self.bounds[0] < self.bounds[1]:
            raise ValueError(f"low must be below high, got {list(self.bounds)}")
        if self.method == "percentile" and self.bounds is not None and not 0 <= self.bounds[0] < self.bounds[1] <= 100:
            raise ValueError(f"percentiles lie in [0, 100], got {list(self.bounds)}")
        return self


class Patch(Frozen):
    """Parts of large images that a network is trained on; the whole image is judged in windows of this size.

    Args:
        size: voxels per axis.
        foreground: share of the patches that are centred on a voxel of the label.
        per_case: patches of a case in one epoch.
    """

    form = "a list such as [96, 96, 96], or a mapping such as {size: [96, 96, 96], foreground: 0.5}"

    size: tuple[PositiveInt, ...]
    foreground: Annotated[float, Field(ge=0, le=1)] = 0.5
    per_case: PositiveInt = 1

    @model_validator(mode="before")
    @classmethod
    def _from_short_form(cls, value: Any) -> Any:
        return {"size": value} if isinstance(value, list | tuple) else value

    @model_validator(mode="after")
    def _two_or_three_axes(self) -> Self:
        if len(self.size) not in (2, 3):
            raise ValueError(f"`patch` takes 2 or 3 numbers, got {len(self.size)}")
        return self


class Preprocess(Frozen):
    """From the native image to the training grid.

    Args:
        spacing: mm per voxel of the training grid, one per axis (NIfTI only).
        resize: voxels per axis that the whole image is resampled to; excludes `spacing`.
        size: voxels per axis of the training grid; the resampled image is padded or cropped about its centre.
            Left out: the resampled images must already have one common shape.
        normalise: see `Normalise`.
        channels: input channels to keep, in this order; left out: all.
        patch: parts of the resampled image to train on; instead of `size`.
        synthetic_contrast: share of the cases whose intensities are inverted: a made-up subset that the image shows.
    """

    spacing: tuple[PositiveFloat, ...] | None = None
    resize: tuple[PositiveInt, ...] | None = None
    size: tuple[PositiveInt, ...] | None = None
    normalise: Normalise = Normalise(method="zscore")
    channels: tuple[Annotated[int, Field(ge=0, strict=True)], ...] | None = None
    patch: Patch | None = None
    synthetic_contrast: Annotated[float, Field(gt=0, lt=1)] | None = None

    @model_validator(mode="after")
    def _one_grid(self) -> Self:
        if self.spacing is not None and self.resize is not None:
            raise ValueError("`spacing` and `resize` both say how to resample; give one of them")
        if self.patch is not None and self.size is not None:
            raise ValueError("`size` trains on whole images, `patch` on parts of them; give one of them")
        for key in ("spacing", "resize", "size"):
            entries = getattr(self, key)
            if entries is not None and len(entries) not in (2, 3):
                raise ValueError(f"`{key}` takes 2 or 3 numbers, got {len(entries)}")
        return self

    def identity(self) -> dict[str, Any]:
        """What of it changes results; a key that came later is no part of it where it is left out."""
        given = self.model_dump(mode="json")
        return {key: value for key, value in given.items() if key not in _LATER or value is not None}
