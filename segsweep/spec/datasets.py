"""The dataset block of a grid file: where the cases come from and how they become a training grid."""

import math
import os
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from fractions import Fraction
from itertools import product
from pathlib import Path
from typing import Annotated, Any, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator

PositiveFloat = Annotated[float, Field(gt=0, allow_inf_nan=False)]
PositiveInt = Annotated[int, Field(gt=0, strict=True)]
Finite = Annotated[float, Field(allow_inf_nan=False)]
Range = tuple[Finite, Finite]

BAND_HEIGHT = 8
"""Pixels; a phantom's core and uncertain area form one band of this height."""


class Frozen(BaseModel):
    """A value that cannot change after it was checked, and that refuses keys it does not know."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class Normalise(Frozen):
    """How intensities are scaled, per image and channel.

    `zscore`: zero mean and unit variance over all voxels. `zscore_nonzero`: over the non-zero voxels, zeros stay zero.
    `window`: clip to [low, high] (in CT, Hounsfield units), scale to [0, 1]. `percentile`: the same between two
    percentiles of the image, then z-score.
    """

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


class Preprocess(Frozen):
    """From the native image to the training grid.

    Args:
        spacing: mm per voxel of the training grid, one per axis (NIfTI only).
        resize: voxels per axis that the whole image is resampled to; excludes `spacing`.
        size: voxels per axis of the training grid; the resampled image is padded or cropped about its centre.
            Left out: the resampled images must already have one common shape.
        normalise: see `Normalise`.
        channels: input channels to keep, in this order; left out: all.
    """

    spacing: tuple[PositiveFloat, ...] | None = None
    resize: tuple[PositiveInt, ...] | None = None
    size: tuple[PositiveInt, ...] | None = None
    normalise: Normalise = Normalise(method="zscore")
    channels: tuple[Annotated[int, Field(ge=0, strict=True)], ...] | None = None

    @model_validator(mode="after")
    def _one_grid(self) -> Self:
        if self.spacing is not None and self.resize is not None:
            raise ValueError("`spacing` and `resize` both say how to resample; give one of them")
        for key in ("spacing", "resize", "size"):
            entries = getattr(self, key)
            if entries is not None and len(entries) not in (2, 3):
                raise ValueError(f"`{key}` takes 2 or 3 numbers, got {len(entries)}")
        return self


class FileDataset(Frozen):
    """Cases that lie in files.

    Args:
        source: `msd`: dataset.json, imagesTr and labelsTr (Medical Segmentation Decathlon). `folder`: images/ and
            masks/ matched by stem, 2D images or NIfTI, with an optional meta.csv and dataset.json.
        path: of the dataset's folder.
        name: as printed in tables.
        group: column of meta.csv whose values folds never split (patient, series); `auto`: the column `group` where
            there is one; `none`: every case is its own group.
        cases: use this many cases, the same ones every time; left out: all.
        classes: names of the label values 1, 2, …; left out: those of dataset.json.
        ignore: label value of voxels that count nowhere, neither in the loss nor in a score.
    """

    source: Literal["msd", "folder"]
    path: Path
    name: str
    group: str = "auto"
    cases: PositiveInt | None = None
    classes: tuple[str, ...] | None = None
    ignore: Annotated[int, Field(gt=0, le=255, strict=True)] | None = None
    preprocess: Preprocess = Preprocess()


class PhantomDataset(Frozen):
    """An endless stream of 2D phantoms: a certain core beside an uncertain area of K blocks.

    Each block is labelled as a whole with probability p, independently of the others and of what the image shows.

    Args:
        p: probability that a block is labelled.
        k: number of independent blocks.
        r: uncertain over certain area.
        steps: batches per epoch.
        noise: standard deviation of the image noise; core, uncertain area and background lie at 2, 1 and 0.
        validation: fixed cases that choose the checkpoint.
        evaluation: fixed cases that the report is about.
    """

    source: Literal["phantom"] = "phantom"
    name: str
    p: Annotated[float, Field(ge=0, le=1)]
    k: Literal[1, 2, 4, 8, 16, 32, 64]
    r: PositiveFloat
    size: PositiveInt = 32
    steps: PositiveInt = 50
    noise: Annotated[float, Field(ge=0, allow_inf_nan=False)] = 0.1
    validation: PositiveInt = 200
    evaluation: PositiveInt = 500

    @model_validator(mode="after")
    def _fits_the_grid(self) -> Self:
        if self.size < BAND_HEIGHT:
            raise ValueError(f"`size` is at least the {BAND_HEIGHT} pixels of the band's height, got {self.size}")
        self.layout()
        return self

    def layout(self) -> "PhantomLayout":
        """The largest band of whole pixels with this ratio and this many equal blocks, squarest blocks first.

        Raises:
            ValueError: there is none.
        """
        widest = self.size * 3 // 4
        ratio = Fraction(self.r).limit_denominator(widest)
        if math.isclose(float(ratio), self.r, rel_tol=1e-9):
            for core in range(widest, 0, -1):
                uncertain = core * ratio
                if uncertain.denominator != 1 or core + uncertain > widest:
                    continue
                layouts = [
                    PhantomLayout(core, int(uncertain), down, self.k // down)
                    for down in (1, 2, 4, 8)
                    if self.k % down == 0 and uncertain % (self.k // down) == 0
                ]
                if layouts:
                    return min(layouts, key=PhantomLayout.elongation)
        raise ValueError(f"no band within {widest} pixels has r = {self.r} and {self.k} equal blocks of whole pixels")

    @property
    def uncertain_volume(self) -> int:
        """Pixels of the uncertain area."""
        return BAND_HEIGHT * self.layout().uncertain


@dataclass(frozen=True)
class PhantomLayout:
    """A band `BAND_HEIGHT` pixels high: `core` pixels wide, then `uncertain` pixels in `down` × `across` blocks."""

    core: int
    uncertain: int
    down: int
    across: int

    def elongation(self) -> float:
        """How far the blocks are from squares."""
        return abs(math.log(BAND_HEIGHT / self.down) - math.log(self.uncertain / self.across))


Dataset = FileDataset | PhantomDataset
_PREPROCESS_KEYS = tuple(Preprocess.model_fields)
SOURCES = ("msd", "folder", "phantom")
FILE_KEYS = ("name", "group", "cases", "classes", "ignore", *_PREPROCESS_KEYS)
_PHANTOM_KEYS = tuple(key for key in PhantomDataset.model_fields if key not in ("source", "name"))


def _expand_variables(text: str) -> str:
    """Replace `${NAME}` by the environment variable.

    Raises:
        ValueError: the variable is not set.
    """

    def value(match: re.Match[str]) -> str:
        if match[1] not in os.environ:
            raise ValueError(f"environment variable {match[1]} is not set")
        return os.environ[match[1]]

    return os.path.expanduser(re.sub(r"\$\{(\w+)\}", value, text))


def parse_datasets(block: Any) -> Iterator[Dataset]:
    """One dataset block to datasets; several where a phantom lists several p, k or r.

    Raises:
        ValueError: the block names no source or two, or (as pydantic.ValidationError) a value is wrong.
    """
    if not isinstance(block, Mapping):
        raise ValueError(f"a dataset is a mapping with one of {', '.join(SOURCES)}, got {block!r}")
    sources = [key for key in SOURCES if key in block]
    if len(sources) != 1:
        raise ValueError(f"a dataset has exactly one of {', '.join(SOURCES)}; this one has {sources or 'none'}")
    _refuse_unknown(block, (sources[0], *(("name",) if sources[0] == "phantom" else FILE_KEYS)))
    values = dict(block)
    where = values.pop(sources[0])
    if sources[0] == "phantom":
        yield from _phantoms(where, values)
        return
    if not isinstance(where, str):
        raise ValueError(f"`{sources[0]}` takes the path of a folder, got {where!r}")
    path = Path(_expand_variables(where))
    preprocess = {key: values.pop(key) for key in _PREPROCESS_KEYS if key in values}
    name = values.pop("name", None) or path.name
    yield FileDataset(source=sources[0], path=path, name=name, preprocess=preprocess, **values)


def _phantoms(where: Any, values: dict[str, Any]) -> Iterator[PhantomDataset]:
    if not isinstance(where, Mapping):
        raise ValueError(f"`phantom` takes a mapping, e.g. `phantom: {{p: 0.3, k: 16, r: 1}}`, got {where!r}")
    _refuse_unknown(where, _PHANTOM_KEYS)
    axes = {key: entry if isinstance(entry, list) else [entry] for key, entry in where.items()}
    if empty := [key for key, entries in axes.items() if not entries]:
        raise ValueError(f"{empty[0]}: an empty list")
    for cell in product(*axes.values()):
        chosen = dict(zip(axes, cell, strict=True))
        name = values.get("name") or f"phantom p={chosen.get('p')} K={chosen.get('k')} r={chosen.get('r')}"
        yield PhantomDataset(**chosen, name=name)


def _refuse_unknown(given: Mapping[Any, Any], known: tuple[str, ...]) -> None:
    if unknown := [str(key) for key in given if key not in known]:
        raise ValueError(f"{unknown[0]}: unknown key; known: {', '.join(known)}")
