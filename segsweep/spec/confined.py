"""A grid that came over the network: nothing in it may name code or files beyond what the operator has opened to it."""

import os
import re
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from segsweep.errors import GridError
from segsweep.spec.datasets import FileDataset
from segsweep.spec.grid import Sweep, grid_text, parse_sweep
from segsweep.spec.loss_names import NameKind, kind_of

VARIABLES = ("SEGSWEEP_DATA",)
"""That its paths may name; any other could be a secret, which a message or a run would then show."""
_WORD = re.compile(r"[\w-]*")


def read_confined(path: Path, roots: Sequence[str]) -> Sweep:
    """Parse a grid file that somebody else sent; see `parse_confined`.

    Raises:
        GridError: in one line that names the file.
    """
    text = grid_text(path)
    try:
        return parse_confined(text, roots)
    except GridError as error:
        raise GridError(f"{path}: {error}") from error.__cause__


def parse_confined(text: str, roots: Sequence[str], environment: Mapping[str, str] = os.environ) -> Sweep:
    """Parse the text of a grid that somebody else sent.

    Args:
        text: of the grid.
        roots: folders and `s3://bucket/prefix` that its datasets may lie in; without any it has phantoms only.
        environment: in which `VARIABLES` are looked up.

    Raises:
        GridError: in one line: the grid is wrong, or names what it may not.
    """
    sweep = parse_sweep(text, {name: environment[name] for name in VARIABLES if name in environment})
    for dataset in sweep.datasets:
        if isinstance(dataset, FileDataset):
            _check_place(dataset, roots)
    for where, arguments in _arguments(sweep):
        _check_arguments(where, arguments)
    return sweep


def _check_place(dataset: FileDataset, roots: Sequence[str]) -> None:
    paths = [dataset.path] if dataset.splits is None else [dataset.path, dataset.folder / dataset.splits]
    if any(".." in path.parts or not _lies_in(dataset, path, roots) for path in paths):
        opened = f"it may lie in {', '.join(roots)}" if roots else "none is opened to it, so it has phantoms only"
        shown = dataset.address if dataset.splits is None else f"{dataset.address} with splits {dataset.splits}"
        raise GridError(f"datasets: {shown} is not open to a grid from the network; {opened}")


def _lies_in(dataset: FileDataset, path: Path, roots: Sequence[str]) -> bool:
    if dataset.bucket is not None:
        address = f"s3://{dataset.bucket.name}/{path}/"
        return any(address.startswith(f"{root.rstrip('/')}/") for root in roots)
    # links are followed on both sides: one that leads out of a root leads out
    return any(path.resolve().is_relative_to(Path(root).resolve()) for root in roots if "://" not in root)


def _arguments(sweep: Sweep) -> Iterator[tuple[str, Any]]:
    """What is passed on to classes that are not ours, and where it stands."""
    for cell in sweep.cells:
        match kind_of(cell.loss.name):
            case NameKind.OWN:
                raise GridError(f"grid: loss '{cell.loss.name}' is a module; a grid from the network brings no code")
            case NameKind.MONAI:
                yield f"grid: loss '{cell.loss.name}'", cell.loss.arguments
    for network in sweep.networks:
        yield f"network: {network.monai}", network.args
    for augment in sweep.augments:
        for entry in augment.monai:
            ((name, arguments),) = entry.items()
            if not name.startswith("Rand"):
                # among the others are some that read and write files
                raise GridError(f"augment.monai: {name} is no random transform; from the network only Rand… are taken")
            yield f"augment.monai.{name}", arguments


def _check_arguments(where: str, value: Any) -> None:
    """Numbers and words; a path or an address could make a class of MONAI read, write or fetch it."""
    if isinstance(value, Mapping):
        for key, entry in value.items():
            _check_arguments(f"{where}: {key}", entry)
    elif isinstance(value, list | tuple):
        for entry in value:
            _check_arguments(where, entry)
    elif isinstance(value, str) and not _WORD.fullmatch(value):
        raise GridError(f"{where}: from the network an argument is a number or a word, got {value!r}")
