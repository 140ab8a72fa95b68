"""One label of one case as a picture: the image with the outlines of the truth and of the prediction."""

import io
from dataclasses import dataclass
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageColor

from segsweep.records.schemas import PREDICTION_COLOUR, TRUTH_COLOUR

_WANTED, _MOST = 256, 384
"""Pixels along the longer side: what small images are enlarged to, and what large ones are reduced to."""

_COLOURS, _GREYS = 128, 32
"""Of the image, outlines apart: a photograph of 256² pixels then takes 25 KB instead of 130."""

_LINE = 2
"""Width of an outline in pixels."""

_HALO = 0.4
"""Brightness beside the outlines, so that they stand out from bright tissue too."""

_FAST = 4
"""How hard zlib tries: a twentieth larger than with its default of 6, in half the time."""

Mask = NDArray[np.bool_]
Voxel = TypeVar("Voxel", bound=np.generic)


@dataclass(frozen=True)
class Overlay:
    """A picture, and the axial slice that it shows, counted from 1 at the feet; None in 2D."""

    png: bytes
    slice: int | None


def render(image: NDArray[np.float32], true: Mask, predicted: Mask, spacing: tuple[float, ...] | None) -> Overlay:
    """Draw one label of one case.

    Args:
        image: (channels, *native); three channels without spacing are colours, of others the first is shown.
        true: (*native).
        predicted: (*native).
        spacing: mm per voxel and axis of images in RAS order; None = a picture in rows and columns.
    """
    place = None
    if true.ndim == 3:
        place = shown_slice(true, predicted)
        image, true, predicted = image[..., place], true[..., place], predicted[..., place]
    if spacing is not None:
        image, true, predicted = _upright(image), _upright(true), _upright(predicted)
    shape = shown_shape(true.shape, (1.0, 1.0) if spacing is None else (spacing[1], spacing[0]))
    channels = image if spacing is None and len(image) == 3 else image[:1]
    pixels = np.stack([_resized(windowed(channel), shape) for channel in channels], axis=-1)
    picture = _drawn(pixels, _mask(true, shape), _mask(predicted, shape))
    return Overlay(_png(picture), None if place is None else place + 1)


def shown_slice(true: Mask, predicted: Mask) -> int:
    """The axial slice with most of the truth; without a truth most of the prediction, without both the middle."""
    for mask in (true, predicted):
        areas = mask.sum(axis=(0, 1))
        if areas.any():
            return int(areas.argmax())
    return int(true.shape[2]) // 2


def shown_shape(shape: tuple[int, ...], mm: tuple[float, float]) -> tuple[int, int]:
    """Rows and columns of a picture: square millimetres, pixels enlarged by a whole factor, or all reduced.

    Args:
        shape: rows and columns of the native plane.
        mm: per row and per column.
    """
    sides = [count * size / min(mm) for count, size in zip(shape, mm, strict=True)]
    longest = max(sides)
    factor = max(1, round(_WANTED / longest)) if longest <= _MOST else _MOST / longest
    rows, columns = (max(1, round(side * factor)) for side in sides)
    return rows, columns


def windowed(channel: NDArray[np.float32]) -> NDArray[np.float32]:
    """Intensities of a plane between its 1st and 99th percentile as 0 to 255; a plane of one value is black."""
    low, high = np.percentile(channel, (1, 99))
    if high <= low:
        low, high = channel.min(), channel.max()
    return np.asarray(np.clip((channel - low) / max(high - low, 1e-12), 0, 1) * 255, dtype=np.float32)


def _upright(plane: NDArray[Voxel]) -> NDArray[Voxel]:
    """(…, left to right, posterior to anterior) as radiologists look at it: anterior up, the patient's right left."""
    return np.flip(plane.swapaxes(-1, -2), axis=(-2, -1))


def _resized(plane: NDArray[np.float32], shape: tuple[int, int]) -> NDArray[np.float32]:
    """Means of what each pixel covers; where pixels are smaller than voxels this is the nearest voxel."""
    rows, columns = shape
    return np.asarray(Image.fromarray(np.ascontiguousarray(plane)).resize((columns, rows), Image.Resampling.BOX))


def _mask(plane: Mask, shape: tuple[int, int]) -> Mask:
    """Pixels that are at least half covered; of a structure too small for that its most covered ones."""
    covered = _resized(plane.astype(np.float32), shape)
    return np.asarray((covered > 0) & (covered >= min(0.5, float(covered.max()))))


def _drawn(pixels: NDArray[np.float32], true: Mask, predicted: Mask) -> Image.Image:
    """The picture with its outlines: the truth's outside its border, the prediction's inside.

    So both are seen where they agree, and the border runs between them.
    """
    around = _grown(true, _LINE) & ~true
    within = predicted & _grown(~predicted, _LINE)
    lines = around | within
    beside = _grown(lines, 1) & ~lines
    shaded = np.where(beside[..., None], pixels * _HALO, pixels)
    index, palette = _few_colours(shaded) if shaded.shape[-1] == 3 else _few_greys(shaded[..., 0])
    index[around], index[within & ~_dashes(around & within)] = len(palette), len(palette) + 1
    drawn = Image.fromarray(index)
    lines_rgb = [ImageColor.getrgb(colour) for colour in (TRUTH_COLOUR, PREDICTION_COLOUR)]
    drawn.putpalette(np.array([*palette, *lines_rgb], dtype=np.uint8).tobytes())
    return drawn


def _grown(mask: Mask, by: int) -> Mask:
    """All pixels within `by` rows and columns of a mask."""
    rows = mask.copy()
    for step in range(1, by + 1):
        rows[step:] |= mask[:-step]
        rows[:-step] |= mask[step:]
    grown = rows.copy()
    for step in range(1, by + 1):
        grown[:, step:] |= rows[:, :-step]
        grown[:, :-step] |= rows[:, step:]
    return grown


def _few_colours(pixels: NDArray[np.float32]) -> tuple[NDArray[np.uint8], list[tuple[int, ...]]]:
    """Indices (rows, columns) into a list of red, green and blue."""
    photograph = Image.fromarray(pixels.round().astype(np.uint8))
    # median cut, the default, takes 100 times longer where many colours are nearly equal
    reduced = photograph.quantize(_COLOURS, Image.Quantize.FASTOCTREE, dither=Image.Dither.NONE)
    values = np.array(reduced.getpalette(), dtype=np.uint8).reshape(-1, 3)
    return np.array(reduced), [tuple(colour) for colour in values.tolist()]


def _few_greys(pixels: NDArray[np.float32]) -> tuple[NDArray[np.uint8], list[tuple[int, ...]]]:
    """Indices (rows, columns) into a list of greys."""
    levels = np.linspace(0, 255, _GREYS).round().astype(int).tolist()
    return (pixels * ((_GREYS - 1) / 255)).round().astype(np.uint8), [(level,) * 3 for level in levels]


def _dashes(both: Mask) -> Mask:
    """Every other piece of where two lines lie on each other."""
    diagonal = np.add.outer(*map(np.arange, both.shape))
    return np.asarray(both & (diagonal // (2 * _LINE) % 2 == 0))


def _png(picture: Image.Image) -> bytes:
    buffer = io.BytesIO()
    picture.save(buffer, "PNG", compress_level=_FAST)
    return buffer.getvalue()
