"""Commands that stay and answer a browser."""

import os
import sys
from typing import Annotated

import typer

from segsweep.commands.options import HomeFolder, TrackingUri, home_of
from segsweep.errors import InputError


def ui(
    home: HomeFolder = None,
    tracking: TrackingUri = None,
    port: Annotated[int, typer.Option(help="Port on the loopback interface.")] = 5000,
) -> None:
    """Open the MLflow UI on the tracked runs; stop it with Ctrl-C."""
    place = home_of(home, tracking)
    if not place.uri.startswith("sqlite:"):
        typer.echo(f"the runs are tracked at {place.uri}: its own UI is there")
        return
    if not place.has_runs:
        raise InputError(f"{place.folder}: no tracked runs; `segsweep launch` makes them, --home names another folder")
    os.environ.update(MLFLOW_DISABLE_TELEMETRY="true", DO_NOT_TRACK="true")
    command = [sys.executable, "-m", "mlflow", "ui", "--backend-store-uri", place.uri]
    os.execv(sys.executable, [*command, "--host", "127.0.0.1", "--port", str(port)])


def serve(
    home: HomeFolder = None,
    tracking: TrackingUri = None,
    host: Annotated[str, typer.Option(help="Address to listen on; any but loopback needs tokens.")] = "127.0.0.1",
    port: Annotated[int, typer.Option(help="Port to listen on.", min=0, max=65535)] = 8300,
    mlflow: Annotated[str | None, typer.Option(help="Address of the MLflow UI, for links to runs.")] = None,
    address: Annotated[
        str | None, typer.Option(help="Address of the cluster that grids sent here are launched on, http://HOST:8265.")
    ] = None,
    data_root: Annotated[
        list[str] | None,
        typer.Option(
            "--data-root",
            metavar="ROOT",
            envvar="SEGSWEEP_DATA_ROOTS",
            help="Folder or s3://bucket/prefix of that cluster that such grids may take datasets from; several times.",
            show_default=False,
        ),
    ] = None,
) -> None:
    """Show the sweeps of a tracking store in a browser, with live progress and reports; stop it with Ctrl-C.

    Tokens: $SEGSWEEP_TOKENS, apart by commas, or $SEGSWEEP_TOKENS_FILE, one a line, read again when it changes. One
    that begins with launch- may also launch. With a secret in $SEGSWEEP_PSEUDONYMS cases are shown by pseudonyms.
    """
    place = home_of(home, tracking)
    if not place.has_runs:
        raise InputError(f"{place.folder}: no tracked runs; `segsweep launch` makes them, --home names another folder")
    # a store that is away is asked again soon; its own client would wait for minutes
    for name, value in (("MLFLOW_HTTP_REQUEST_MAX_RETRIES", "1"), ("MLFLOW_HTTP_REQUEST_TIMEOUT", "20")):
        os.environ.setdefault(name, value)
    from segsweep import api  # noqa: PLC0415
    from segsweep.service.serve import serve as run  # noqa: PLC0415
    from segsweep.service.settings import Settings, pseudonyms_from_environment, tokens_from_environment  # noqa: PLC0415

    ui = mlflow or (place.uri if place.uri.startswith(("http:", "https:")) else None)
    file, fixed = tokens_from_environment()
    settings = Settings(
        host=host,
        port=port,
        results=place.results,
        tokens=file,
        fixed_tokens=fixed,
        mlflow=ui,
        cluster=address,
        data_roots=tuple(data_root or ()),
        pseudonyms=pseudonyms_from_environment(),
    )
    run(
        settings,
        lambda: api.open_tracker(place),
        lambda address: typer.echo(f"segsweep: {address}"),
    )
