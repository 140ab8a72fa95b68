"""The dataset block of a grid file: where the cases come from and how they become a training grid."""

import os
import re
from collections.abc import Iterator, Mapping
from itertools import product
from math import prod
from pathlib import Path
from typing import Annotated, Any, Literal, Self

from pydantic import Field, field_validator, model_validator

from segsweep.spec.labels import Where
from segsweep.spec.phantom_dataset import PhantomDataset
from segsweep.spec.preprocess import Preprocess
from segsweep.spec.values import Frozen, PositiveInt


class BidsFiles(Frozen):
    """Which files of a BIDS dataset are its images and its labels; what is left out must be there in one kind only.

    Args:
        images: what follows subject and session in the names of the images, one per channel: `T1w`, `acq-x_FLAIR`.
        label: the same of the labels: `label-lesion_mask`, `dseg`.
        pipeline: folder in derivatives/ that holds the labels.
    """

    images: tuple[str, ...] | None = None
    label: str | None = None
    pipeline: str | None = None

    @field_validator("images", mode="before")
    @classmethod
    def _one_or_several(cls, value: Any) -> Any:
        return (value,) if isinstance(value, str) else value


class Bucket(Frozen):
    """Where an `s3://` path begins.

    Args:
        name: of the bucket.
        anonymous: sign nothing, as open buckets want it.
    """

    name: str
    anonymous: bool = False


class HeldOut(Frozen):
    """A dataset's test set: cases on which no fold trains, chooses or validates, and every trial is judged at its end.

    Args:
        own: what the source itself calls its test part.
        where: columns of what is known of a case, its `id` among them, with their values; instead of `own`.
    """

    form = "`own`, or a column with its value as in {split: test}"
    unwritten = ("own", "where")

    own: bool = False
    where: Where = Field(default_factory=dict)


class FileDataset(Frozen):
    """Cases that lie in files.

    Args:
        source: `msd`: dataset.json, imagesTr and labelsTr (Medical Segmentation Decathlon). `nnunet`: the same with
            one file per channel. `folder`: images/ and masks/ matched by stem, 2D images or NIfTI, with an optional
            meta.csv and dataset.json. `datalist`: MONAI's JSON list. `bids`: sub-*/anat with labels in derivatives/.
        path: of the dataset's folder; of a datalist the file. In a bucket the key.
        name: as printed in tables.
        group: column of meta.csv whose values folds never split (patient, series); `auto`: the column `group` where
            there is one; `none`: every case is its own group.
        cases: use this many cases, the same ones every time; left out: all.
        classes: names of the label values 1, 2, …; left out: those of dataset.json.
        ignore: label value of voxels that count nowhere, neither in the loss nor in a score; left out: what nnU-Net's
            dataset.json calls `ignore`.
        splits: file with the folds, relative to the dataset's folder, or column with a case's fold; left out: the
            groups are dealt to `folds`.
        test: the cases that are kept from all folds; None = there are none.
        bids: which files a BIDS dataset's images and labels are.
        bucket: that holds it; None = it lies on disk.
    """

    source: Literal["msd", "folder", "nnunet", "datalist", "bids"]
    path: Path
    name: str
    group: str = "auto"
    cases: PositiveInt | None = None
    classes: tuple[str, ...] | None = None
    ignore: Annotated[int, Field(gt=0, le=255, strict=True)] | None = None
    splits: str | None = None
    test: HeldOut | None = None
    bids: BidsFiles = BidsFiles()
    bucket: Bucket | None = None
    preprocess: Preprocess = Preprocess()

    @field_validator("classes")
    @classmethod
    def _foreground_only(cls, classes: tuple[str, ...] | None) -> tuple[str, ...] | None:
        if classes is not None and (not classes or "background" in classes or len(set(classes)) < len(classes)):
            raise ValueError(
                f"names of the label values 1, 2, ..., each once and without the background; got {list(classes)}"
            )
        return classes

    @model_validator(mode="after")
    def _has_what_it_holds_out(self) -> Self:
        if self.test is not None and self.test.own and self.source not in _WITH_TEST_PART:
            raise ValueError(
                f"test: `own` is for {', '.join(_WITH_TEST_PART)}; a `{self.source}` dataset names its test cases by a"
                " column, as in {split: test}"
            )
        return self

    @property
    def address(self) -> str:
        """The path as a person writes it."""
        return str(self.path) if self.bucket is None else f"s3://{self.bucket.name}/{self.path}"

    @property
    def folder(self) -> Path:
        """What paths inside the dataset are relative to."""
        return self.path.parent if self.source == "datalist" else self.path


Dataset = FileDataset | PhantomDataset
_WITH_TEST_PART = ("msd", "nnunet", "datalist")
MOST_DATASETS = 1_000
"""Of one grid; lists of a phantom multiply."""
_PREPROCESS_KEYS = tuple(Preprocess.model_fields)
SOURCES = ("msd", "folder", "nnunet", "datalist", "bids", "phantom")
FILE_KEYS = ("name", "group", "cases", "classes", "ignore", "splits", "test", "anonymous", *_PREPROCESS_KEYS)
_PHANTOM_KEYS = tuple(key for key in PhantomDataset.model_fields if key not in ("source", "name"))


def _expand_variables(text: str, variables: Mapping[str, str]) -> str:
    """Replace `${NAME}` by the environment variable.

    Raises:
        ValueError: the variable is not set.
    """

    def value(match: re.Match[str]) -> str:
        if match[1] not in variables:
            raise ValueError(f"environment variable {match[1]} is not set")
        return variables[match[1]]

    return os.path.expanduser(re.sub(r"\$\{(\w+)\}", value, text))


def parse_datasets(block: Any, variables: Mapping[str, str]) -> Iterator[Dataset]:
    """One dataset block to datasets; several where a phantom lists several p, k or r.

    Args:
        block: of the grid file.
        variables: that a path may name as `${NAME}`.

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
    if sources[0] == "bids" and isinstance(where, Mapping):
        values["bids"] = {key: entry for key, entry in where.items() if key != "path"}
        where = where.get("path")
    if not isinstance(where, str):
        raise ValueError(f"`{sources[0]}` takes the path of a {_path_of(sources[0])}, got {where!r}")
    path, values = _place(_expand_variables(where, variables), values)
    preprocess = {key: values.pop(key) for key in _PREPROCESS_KEYS if key in values}
    if "splits" in values:
        values["splits"] = _expand_variables(str(values["splits"]), variables)
    if "test" in values:
        values["test"] = _held_out(values["test"])
    name = values.pop("name", None) or (path.stem if sources[0] == "datalist" else path.name)
    yield FileDataset(source=sources[0], path=path, name=name, preprocess=preprocess, **values)


def _held_out(written: Any) -> dict[str, Any]:
    if written == "own":
        return {"own": True}
    if isinstance(written, Mapping) and written:
        return {"where": written}
    raise ValueError(f"test: {HeldOut.form}, got {written!r}")


def _place(where: str, values: dict[str, Any]) -> tuple[Path, dict[str, Any]]:
    """A path on disk, or a key and its bucket."""
    if not where.startswith("s3://"):
        if "anonymous" in values:
            raise ValueError("anonymous: is for datasets in a bucket, `s3://bucket/prefix`")
        return Path(where), values
    bucket, _, key = where.removeprefix("s3://").partition("/")
    if not bucket or not key.strip("/"):
        raise ValueError(f"a dataset in a bucket is `s3://bucket/prefix`, got {where!r}")
    anonymous = values.pop("anonymous", False)
    return Path(key.strip("/")), {**values, "bucket": {"name": bucket, "anonymous": anonymous}}


def _path_of(source: str) -> str:
    return "JSON file" if source == "datalist" else "folder"


def _phantoms(where: Any, values: dict[str, Any]) -> Iterator[PhantomDataset]:
    if not isinstance(where, Mapping):
        raise ValueError(f"`phantom` takes a mapping, e.g. `phantom: {{p: 0.3, k: 16, r: 1}}`, got {where!r}")
    _refuse_unknown(where, _PHANTOM_KEYS)
    axes = {key: entry if isinstance(entry, list) else [entry] for key, entry in where.items()}
    if empty := [key for key, entries in axes.items() if not entries]:
        raise ValueError(f"{empty[0]}: an empty list")
    if prod(map(len, axes.values())) > MOST_DATASETS:
        raise ValueError(f"at most {MOST_DATASETS:,} phantoms in a grid")
    for cell in product(*axes.values()):
        chosen = dict(zip(axes, cell, strict=True))
        name = values.get("name") or f"phantom p={chosen.get('p')} K={chosen.get('k')} r={chosen.get('r')}"
        yield PhantomDataset(**chosen, name=name)


def _refuse_unknown(given: Mapping[Any, Any], known: tuple[str, ...]) -> None:
    if unknown := [str(key) for key in given if key not in known]:
        raise ValueError(f"{unknown[0]}: unknown key; known: {', '.join(known)}")
