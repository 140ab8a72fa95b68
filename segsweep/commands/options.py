"""Arguments that several commands take, and the codes that they exit with."""

from pathlib import Path
from typing import Annotated

import typer

from segsweep.orchestration.home import Home

INCOMPLETE = 1
BAD_INPUT = 2
INTERRUPTED = 130

HomeFolder = Annotated[
    Path | None,
    typer.Option("--home", help="Folder for tracking store and reports. Default: $SEGSWEEP_HOME or ./segsweep-runs."),
]
TrackingUri = Annotated[
    str | None,
    typer.Option("--tracking", help="MLflow tracking URI. Default: $MLFLOW_TRACKING_URI or SQLite in the home folder."),
]
StoreAddress = Annotated[
    str | None,
    typer.Option(
        "--store",
        help="Folder or s3://bucket/prefix of checkpoints and claims, shared by all who share trials. "
        "Default: $SEGSWEEP_STORE or in the home folder.",
    ),
]
SweepName = Annotated[str, typer.Argument(help="Name of a sweep.", show_default=False)]


def home_of(folder: Path | None, tracking: str | None, store: str | None = None) -> Home:
    """What is given, and for what is not, the environment and its defaults."""
    found = Home.from_environment()
    return Home(folder or found.folder, tracking or found.tracking, store or found.store)
