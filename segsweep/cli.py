"""The command line: parse, call, print."""

import os
import sys
from gc import freeze, set_threshold
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from segsweep import data_commands
from segsweep.errors import InputError, SegsweepError
from segsweep.orchestration.addresses import is_distant
from segsweep.orchestration.home import Home

if TYPE_CHECKING:
    from segsweep.orchestration.ray_executor import RayExecutor

BAD_INPUT = 2
INCOMPLETE = 1
INTERRUPTED = 130
_GARBAGE = 200_000
"""Objects to be made before Python looks for garbage: of the many that imports make hardly one is."""

app = typer.Typer(
    name="segsweep",
    help="""Which loss should I train my segmentation model with, and what does it do to the volumes I report?

    Write a grid file (see sweeps/), look at what it comes to with `segsweep plan`, run it with `segsweep launch`.
    Launching the same grid again goes on where it was left; a grid with one more loss runs only that loss.""",
    no_args_is_help=True,
    add_completion=False,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
)

app.add_typer(data_commands.app, name="data")

GridFile = Annotated[Path, typer.Argument(help="Grid file (YAML).", show_default=False)]
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
MaxHours = Annotated[
    float | None,
    typer.Option(
        "--max-hours", min=0, help="Start nothing that by its forecast would end later; measures what it needs first."
    ),
]
DataRoots = Annotated[
    list[str] | None,
    typer.Option(
        "--data-root",
        metavar="ROOT",
        help="Folder or s3://bucket/prefix that a grid sent by somebody else may take datasets from; several times.",
        show_default=False,
    ),
]
FailFast = Annotated[bool, typer.Option("--fail-fast", help="End the launch with the first trial that fails.")]

Tiny = Annotated[
    bool,
    typer.Option("--tiny", help="Few cases, few epochs, few values of every axis, to see that a grid runs: NAME-tiny."),
]


@app.command()
def plan(
    grid: GridFile,
    check: Annotated[
        bool, typer.Option("--check", help="Also decode every case and build every network and loss once.")
    ] = False,
    tiny: Tiny = False,
    estimate: Annotated[
        bool, typer.Option("--estimate", help="Also measure some steps and say what the sweep will cost.")
    ] = False,
    home: HomeFolder = None,
    address: Annotated[str | None, typer.Option(help="Address of the Ray cluster to measure on.")] = None,
) -> None:
    """Print the trials that a grid comes to, without running anything."""
    from segsweep import terminal  # noqa: PLC0415
    from segsweep.orchestration.planning import check_all, plan_sweep  # noqa: PLC0415
    from segsweep.spec.tiny import as_written, made_tiny  # noqa: PLC0415

    with terminal.copying() as copied:
        planned = plan_sweep(grid, copied, made_tiny if tiny else as_written)
    if check:
        from segsweep.watch import Watch  # noqa: PLC0415

        with Watch().decoding() as progress:
            check_all(planned, progress)
    terminal.print_plan(planned)
    if estimate:
        from segsweep import api, estimate_terminal  # noqa: PLC0415
        from segsweep.watch import Watch  # noqa: PLC0415

        found = api.estimate(grid, tiny=tiny, home=_home(home, None), executor=_ray_at(address), watcher=Watch())
        estimate_terminal.print_estimate(found)


@app.command()
def launch(
    grid: GridFile,
    home: HomeFolder = None,
    tracking: TrackingUri = None,
    store: StoreAddress = None,
    address: Annotated[
        str | None,
        typer.Option(
            help="Address of a running Ray cluster; http://HOST:8265 hands the grid over to it and may be left. "
            "Default: a local Ray of this machine."
        ),
    ] = None,
    fail_fast: FailFast = False,
    max_hours: MaxHours = None,
    tiny: Tiny = False,
    data_root: DataRoots = None,
) -> None:
    """Run a grid and write its report; run what is left of it if some of it has been run before."""
    places = (home, tracking, store)
    if data_root:
        from segsweep.spec.confined import read_confined  # noqa: PLC0415

        read_confined(grid, data_root)
    roots = data_root or []
    _launch("launch", grid, places, address, fail_fast=fail_fast, max_hours=max_hours, tiny=tiny, data_roots=roots)


@app.command()
def retry(
    grid: GridFile,
    home: HomeFolder = None,
    tracking: TrackingUri = None,
    store: StoreAddress = None,
    address: Annotated[str | None, typer.Option(help="Address of a running Ray cluster.")] = None,
    fail_fast: FailFast = False,
    max_hours: MaxHours = None,
) -> None:
    """Like launch, and run failed and diverged trials again."""
    places = (home, tracking, store)
    _launch("retry", grid, places, address, fail_fast=fail_fast, max_hours=max_hours, tiny=False, data_roots=[])


@app.command()
def logs(
    job: Annotated[str, typer.Argument(help="Name of a job, as launch prints it.", show_default=False)],
    address: Annotated[str, typer.Option(help="Address of the cluster, http://HOST:8265.", show_default=False)],
) -> None:
    """Print what a launch on a cluster has printed and prints, until it ends."""
    _follow(job, address)


@app.command()
def cancel(
    sweep: Annotated[str, typer.Argument(help="Name of a sweep.", show_default=False)],
    home: HomeFolder = None,
    store: StoreAddress = None,
    address: Annotated[str | None, typer.Option(help="Address of the cluster it was handed over to.")] = None,
) -> None:
    """Stop the launch of a sweep, also from another machine; launching it again goes on where it was left."""
    if address is not None:
        from segsweep.orchestration.jobs import submit  # noqa: PLC0415

        return _follow(submit(["cancel", sweep], address, name=f"cancel-{sweep}"), address)
    from segsweep.orchestration.holding import cancel as stop  # noqa: PLC0415

    stop(sweep, _home(home, None, store).blobs)
    typer.echo(f"{sweep}: cancelled")


@app.command()
def gc(
    home: HomeFolder = None,
    tracking: TrackingUri = None,
    store: StoreAddress = None,
    delete: Annotated[bool, typer.Option("--delete", help="Delete what is listed.")] = False,
) -> None:
    """List checkpoints, warm starts and half-written files that no tracked sweep needs; delete them if told to."""
    from segsweep import api, terminal  # noqa: PLC0415
    from segsweep.orchestration.garbage import find_garbage  # noqa: PLC0415

    place = _home(home, tracking, store)
    found = find_garbage(place, api.find_tracker(place))
    terminal.print_garbage(found, deleted=delete)
    if delete:
        for item in found:
            item.delete()


@app.command()
def report(
    sweep: Annotated[str | None, typer.Argument(help="Name of a sweep.", show_default=False)] = None,
    source: Annotated[
        Path | None,
        typer.Option(
            "--from", help="Report on results made elsewhere: a cases table (CSV, parquet), an nnU-Net folder."
        ),
    ] = None,
    folder: Annotated[Path, typer.Option("--to", help="Folder for a report on --from.")] = Path("report"),
    as_published: Annotated[
        bool, typer.Option("--as-published", help="Judge pairs by the papers' rule: uncorrected one-sided bootstrap.")
    ] = False,
    home: HomeFolder = None,
    tracking: TrackingUri = None,
) -> None:
    """Write a sweep's report again from its tracked runs, or report on results made elsewhere; print the answer."""
    from segsweep import api, terminal  # noqa: PLC0415
    from segsweep.orchestration.sweep_report import report_foreign  # noqa: PLC0415

    changes = {"rule": "as_published"} if as_published else {}
    if (sweep is None) == (source is None):
        raise InputError("report takes the name of a sweep, or --from with a table or folder")
    if source is not None:
        terminal.print_report(report_foreign(source, folder, changes))
    elif sweep is not None:
        terminal.print_report(api.report(sweep, home=_home(home, tracking), changes=changes))


@app.command()
def status(
    sweep: Annotated[str, typer.Argument(help="Name of a sweep.", show_default=False)],
    home: HomeFolder = None,
    tracking: TrackingUri = None,
) -> None:
    """Print how the trials of a sweep stand, also of one that runs elsewhere."""
    from segsweep import api, terminal  # noqa: PLC0415
    from segsweep.orchestration.status import sweep_status  # noqa: PLC0415

    terminal.print_status(sweep_status(sweep, api.find_tracker(_home(home, tracking))))


@app.command()
def keep(
    sweep: Annotated[str, typer.Argument(help="Name of a sweep.", show_default=False)],
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
    from segsweep import api, terminal  # noqa: PLC0415

    place = _home(home, tracking)
    terminal.print_kept(api.keep(sweep, trials, name=name, threshold=threshold, home=place))


@app.command()
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
    from segsweep import api, terminal  # noqa: PLC0415
    from segsweep.watch import Watch  # noqa: PLC0415

    predicted = api.predict(model, images, out, home=_home(home, tracking), watcher=Watch())
    terminal.print_predicted(predicted)


@app.command()
def sync(home: HomeFolder = None, tracking: TrackingUri = None) -> None:
    """Deliver runs that wait for a tracking store; --tracking brings them, and this folder's sweeps, to that one."""
    from segsweep import api, terminal  # noqa: PLC0415
    from segsweep.watch import Watch  # noqa: PLC0415

    synced = api.sync(home=_home(home, tracking), watcher=Watch())
    terminal.print_synced(synced)
    if any(store.refused for store in synced):
        raise typer.Exit(INCOMPLETE)


@app.command()
def theory(folder: Annotated[Path, typer.Argument(help="Folder to write to.")] = Path("theory")) -> None:
    """Print what the papers prove, and write it as tables and figures: volume bias by p, K, r and loss; bounds."""
    from segsweep.reports.theory_figures import write_theory  # noqa: PLC0415

    written = write_theory(folder)
    for path in written:
        if path.suffix == ".md":
            typer.echo(path.read_text(encoding="utf-8"))
    typer.echo("\n".join(str(path) for path in written))


@app.command()
def ui(
    home: HomeFolder = None,
    tracking: TrackingUri = None,
    port: Annotated[int, typer.Option(help="Port on the loopback interface.")] = 5000,
) -> None:
    """Open the MLflow UI on the tracked runs; stop it with Ctrl-C."""
    place = _home(home, tracking)
    if not place.uri.startswith("sqlite:"):
        typer.echo(f"the runs are tracked at {place.uri}: its own UI is there")
        return
    if not place.has_runs:
        raise InputError(f"{place.folder}: no tracked runs; `segsweep launch` makes them, --home names another folder")
    os.environ.update(MLFLOW_DISABLE_TELEMETRY="true", DO_NOT_TRACK="true")
    command = [sys.executable, "-m", "mlflow", "ui", "--backend-store-uri", place.uri]
    os.execv(sys.executable, [*command, "--host", "127.0.0.1", "--port", str(port)])


@app.command()
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
    place = _home(home, tracking)
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


def main() -> None:
    """Run the command line; what the user gave wrong is one line and exit code 2."""
    set_threshold(_GARBAGE)
    try:
        app()
    except InputError as error:
        sys.exit(_complain(error, BAD_INPUT))
    except SegsweepError as error:
        sys.exit(_complain(error, INCOMPLETE))
    finally:
        # as it ends, Python looks for garbage among everything that was imported, several times: seconds after a launch
        freeze()


def _complain(error: Exception, code: int) -> int:
    typer.echo(f"segsweep: {error}", err=True)
    return code


def _launch(
    verb: Literal["launch", "retry"],
    grid: Path,
    places: tuple[Path | None, str | None, str | None],
    address: str | None,
    *,
    fail_fast: bool,
    max_hours: float | None,
    tiny: bool,
    data_roots: list[str],
) -> None:
    """Launch here, on a cluster that this process joins, or on one that the grid is handed over to."""
    if is_distant(address):
        options = _options(fail_fast=fail_fast, max_hours=max_hours, tiny=tiny, data_roots=data_roots)
        return _hand_over(verb, grid, address, options, places)
    from segsweep import api, terminal  # noqa: PLC0415
    from segsweep.watch import Watch  # noqa: PLC0415

    home = _home(*places)
    if address is not None and home.uri.startswith("sqlite:"):
        raise InputError("--address: workers on other nodes cannot write to SQLite; --tracking names a server")
    try:
        launched = api.launch(
            grid,
            home=home,
            executor=_ray_at(address),
            again=verb == "retry",
            fail_fast=fail_fast,
            max_hours=max_hours,
            tiny=tiny,
            watcher=Watch(),
        )
    except KeyboardInterrupt:
        typer.echo("segsweep: interrupted; the same command goes on where it was left", err=True)
        raise typer.Exit(INTERRUPTED) from None
    from segsweep.orchestration.collect import SHELVED  # noqa: PLC0415 (pyarrow, which is there by now)

    terminal.print_launched(launched)
    if launched.untried or any(entry.state not in ("finished", *SHELVED) for entry in launched.manifest.entries):
        raise typer.Exit(INCOMPLETE)


def _options(*, fail_fast: bool, max_hours: float | None, tiny: bool, data_roots: list[str]) -> list[str]:
    """Of a launch, as another process takes them."""
    hours = [] if max_hours is None else ["--max-hours", f"{max_hours:g}"]
    roots = [part for root in data_roots for part in ("--data-root", root)]
    return [*(["--fail-fast"] if fail_fast else []), *(["--tiny"] if tiny else []), *hours, *roots]


def _hand_over(verb: str, grid: Path, address: str, options: list[str], places: tuple[object, ...]) -> None:
    """Launch on a cluster, which has a home, a tracking store and a store of its own."""
    from segsweep.orchestration.jobs import submit_launch  # noqa: PLC0415

    if any(place is not None for place in places):
        raise InputError("--address http://…: the cluster itself says where it tracks and stores; leave the rest out")
    job = submit_launch(grid, address, options, verb=verb)
    typer.echo(f"segsweep: {job} is on the cluster; its dashboard is {address}")
    typer.echo(f"segsweep: Ctrl-C leaves it; `segsweep logs {job} --address {address}` comes back")
    _follow(job, address)


def _follow(job: str, address: str) -> None:
    from segsweep.orchestration.jobs import follow  # noqa: PLC0415

    try:
        went_well = follow(job, address, lambda text: typer.echo(text, nl=False))
    except KeyboardInterrupt:
        typer.echo(f"segsweep: left; `segsweep logs {job} --address {address}` comes back", err=True)
        raise typer.Exit(INTERRUPTED) from None
    if not went_well:
        raise typer.Exit(INCOMPLETE)


def _ray_at(address: str | None) -> "RayExecutor | None":
    """A running cluster; None leaves the choice to the verb, which starts a local Ray."""
    if address is None:
        return None
    from segsweep.orchestration.ray_executor import RayExecutor  # noqa: PLC0415

    return RayExecutor(address)


def _home(folder: Path | None, tracking: str | None, store: str | None = None) -> Home:
    found = Home.from_environment()
    return Home(folder or found.folder, tracking or found.tracking, store or found.store)
