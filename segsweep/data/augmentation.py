"""Random changes of a batch; every random number comes from the generator that is passed in."""

import inspect
from collections.abc import Callable
from typing import Any

import torch
import torch.nn.functional as F

from segsweep.errors import GridError
from segsweep.spec.settings import Augment

Augmentation = Callable[[torch.Tensor, torch.Tensor, torch.Generator], tuple[torch.Tensor, torch.Tensor]]
"""Images (B, channels, *size) and labels (B, channels, *size) whose 0 is background, both float32, to the same."""

NOISE_SD = 0.1
"""Of the normalised intensities."""
SHIFT = 0.1
"""Largest translation, as a share of the field of view."""
ROTATION_DEGREES = 10.0


def build_augmentation(settings: Augment) -> Augmentation:
    """The augmentation that a grid names.

    Raises:
        GridError: MONAI has no such transform, or refuses its arguments.
    """
    if settings.recipe == "none":
        return lambda images, values, generator: (images, values)
    if settings.recipe == "bertels2019":
        return bertels2019
    return _monai(settings)


def bertels2019(
    images: torch.Tensor, values: torch.Tensor, generator: torch.Generator
) -> tuple[torch.Tensor, torch.Tensor]:
    """Gaussian noise, translation, flip and in-plane rotation, as in Bertels 2019, section 3.

    The paper gives no amounts: noise of 0.1 standard deviations, translations up to 10 % and rotations up to 10° are
    ours. The flip is left-right: the first axis of a volume in RAS order, the columns of a picture.
    """
    count, axes = len(images), images.ndim - 2
    uniform = torch.rand((count, axes + 2), generator=generator)
    shift = (uniform[:, :axes] * 2 - 1) * SHIFT
    angle = (uniform[:, axes] * 2 - 1) * (ROTATION_DEGREES * torch.pi / 180)
    flip = torch.where(uniform[:, axes + 1] < 0.5, -1.0, 1.0)
    grid = _affine_grid(angle, shift, flip, images)
    # border: an image ends in its own last value, not in a step to 0
    images = F.grid_sample(images, grid, mode="bilinear", padding_mode="border", align_corners=False)
    # and so does its label: a structure that touches the edge goes on with it
    values = F.grid_sample(values, grid, mode="nearest", padding_mode="border", align_corners=False)
    noise = torch.randn(images.shape, generator=generator) * NOISE_SD
    return images + noise.to(images.device), values


def _affine_grid(angle: torch.Tensor, shift: torch.Tensor, flip: torch.Tensor, images: torch.Tensor) -> torch.Tensor:
    """Sampling grid of a rotation in the plane of the first two axes, a flip and a translation.

    grid_sample counts axes from the last to the first and measures each in half fields of view, so that a rotation by
    equal voxels needs the ratio of the sides.
    """
    size = images.shape[2:]
    axes = len(size)
    last = axes - 1
    theta = torch.zeros(len(images), axes, axes + 1)
    for axis in range(axes):
        theta[:, axis, axis] = 1.0
    first, second = last, last - 1  # where the first two image axes stand in grid_sample's order
    ratio = size[1] / size[0]
    cosine, sine = torch.cos(angle), torch.sin(angle)
    theta[:, first, first], theta[:, first, second] = cosine, -sine * ratio
    theta[:, second, first], theta[:, second, second] = sine / ratio, cosine
    mirrored = 0 if axes == 2 else last
    theta[:, :, mirrored] *= flip[:, None]
    theta[:, :, axes] = 2 * shift.flip(1)
    return F.affine_grid(theta.to(images.device), list(images.shape), align_corners=False)


def _keys(kind: type) -> dict[str, Any]:
    """What a MONAI transform acts on: what moves voxels moves the label too, what changes intensities does not."""
    if not kind.__module__.startswith(("monai.transforms.spatial", "monai.transforms.croppad")):
        return {"keys": ("image",)}
    keys: dict[str, Any] = {"keys": ("image", "label")}
    if "mode" in inspect.signature(kind).parameters:
        keys["mode"] = ("bilinear", "nearest")  # between two label values lies no third
    return keys


def _monai(settings: Augment) -> Augmentation:
    import monai.transforms  # noqa: PLC0415 (5 s that the named recipes need not pay)

    steps: list[Any] = []
    for entry in settings.monai:
        ((name, arguments),) = entry.items()
        kind = getattr(monai.transforms, f"{name}d", None)
        if kind is None or not issubclass(kind, monai.transforms.Transform):
            raise GridError(f"augment.monai: monai.transforms has no {name}d")
        try:
            steps.append(kind(**{**_keys(kind), **arguments}))
        except (TypeError, ValueError) as error:
            raise GridError(f"augment.monai.{name}: {error}") from error
    transform = monai.transforms.Compose(steps)

    def apply(
        images: torch.Tensor, values: torch.Tensor, generator: torch.Generator
    ) -> tuple[torch.Tensor, torch.Tensor]:
        changed = []
        for image, value in zip(images.cpu(), values.cpu(), strict=True):
            seed = int(torch.randint(2**31, (1,), generator=generator))
            transform.set_random_state(seed=seed)
            changed.append(transform({"image": image, "label": value}))
        stacked = (torch.stack([torch.as_tensor(entry[key]) for entry in changed]) for key in ("image", "label"))
        images_out, values_out = (part.as_tensor() if hasattr(part, "as_tensor") else part for part in stacked)
        return images_out.to(images.device), values_out.to(values.device)

    return apply
