"""Commands that keep trained networks and apply them."""

from pathlib import Path
from typing import Annotated, Literal

import typer

from segsweep.commands.options import HomeFolder, SweepName, TrackingUri, home_of


def keep(
    sweep: SweepName,
    trials: Annotated[list[str], typer.Argument(help="Ids of its trials, as status prints them.", show_default=False)],
    name: Annotated[str | None, typer.Option(help="Name of the model. Default: that of the sweep.")] = None,
    threshold: Annotated[
        Literal["0.5", "half", "best"],
        typer.Option(help="Of one foreground label: 0.5, D*/2, or what is best on the training cases."),
    ] = "0.5",
    home: HomeFolder = None,
    tracking: TrackingUri = None,
) -> None:
    """Register the networks of finished trials, run with `keep: weights`, as versions of a model to predict with."""
    from segsweep import api  # noqa: PLC0415
    from segsweep.terminal import verbs  # noqa: PLC0415

    place = home_of(home, tracking)
    verbs.print_kept(api.keep(sweep, trials, name=name, threshold=threshold, home=place))


def predict(
    model: Annotated[str, typer.Argument(help="NAME or NAME/VERSION of a kept model.", show_default=False)],
    images: Annotated[
        list[str],
        typer.Argument(help="NIfTI files or pictures; of one with a file per channel these, apart by commas."),
    ],
    out: Annotated[Path, typer.Option(help="Folder for the masks and volumes.csv.", show_default=False)],
    home: HomeFolder = None,
    tracking: TrackingUri = None,
) -> None:
    """Apply a kept model to images: a mask on each image's own grid, and soft, hard and re-calibrated volumes."""
    from segsweep import api  # noqa: PLC0415
    from segsweep.terminal import verbs  # noqa: PLC0415
    from segsweep.terminal.watch import Watch  # noqa: PLC0415

    predicted = api.predict(model, images, out, home=home_of(home, tracking), watcher=Watch())
    verbs.print_predicted(predicted)
