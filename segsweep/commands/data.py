"""`segsweep data`: look at a dataset before it is trained on, and get an open one."""

from pathlib import Path
from typing import Annotated

import typer

from segsweep.commands.options import INCOMPLETE
from segsweep.errors import InputError

app = typer.Typer(help="Look at a dataset before it is trained on, or get an open one.", no_args_is_help=True)


@app.command()
def check(
    path: Annotated[
        Path,
        typer.Argument(help="A dataset's folder, the JSON file of a datalist, or a grid file.", show_default=False),
    ],
) -> None:
    """Read every file of a dataset; print what is there, what is odd, and a block for the grid file.

    Exit code 1 where a case would stop a sweep, 2 where the cases of a dataset cannot even be listed.
    """
    from segsweep.data.check import check as check_dataset  # noqa: PLC0415
    from segsweep.data.detect import detect  # noqa: PLC0415
    from segsweep.spec.datasets import FileDataset  # noqa: PLC0415
    from segsweep.spec.grid import read_sweep  # noqa: PLC0415
    from segsweep.terminal.datasets import print_check, reading  # noqa: PLC0415

    listed = read_sweep(path).datasets if path.suffix in (".yaml", ".yml") else (detect(path),)
    datasets = [dataset for dataset in listed if isinstance(dataset, FileDataset)]
    if not datasets:
        raise InputError(f"{path}: phantoms only; they are made, not read")
    stopped = False
    for dataset in datasets:
        with reading(dataset.name) as progress:
            checked = check_dataset(dataset, progress)
        print_check(checked)
        stopped |= bool(checked.problems)
    if stopped:
        raise typer.Exit(INCOMPLETE)


@app.command()
def fetch(
    task: Annotated[str, typer.Argument(help="A task's name or part of it: hippocampus.", show_default=False)],
    folder: Annotated[Path, typer.Option("--to", help="Folder to put the task's folder into.")] = Path("."),
) -> None:
    """Get a task of the Medical Segmentation Decathlon from its open bucket; started again, it goes on."""
    from segsweep.data.decathlon import fetch_task  # noqa: PLC0415
    from segsweep.terminal.console import say  # noqa: PLC0415
    from segsweep.terminal.datasets import fetching  # noqa: PLC0415

    with fetching(task) as progress:
        found = fetch_task(task, folder, progress)
    say(f"{found} is there; in a grid file:\n\ndatasets:\n  - msd: {found.absolute()}")
