"""Commands that plan, run and stop sweeps."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from segsweep.commands.options import (
    INCOMPLETE,
    INTERRUPTED,
    HomeFolder,
    StoreAddress,
    SweepName,
    TrackingUri,
    home_of,
)
from segsweep.errors import InputError
from segsweep.orchestration.addresses import is_distant

if TYPE_CHECKING:
    from segsweep.orchestration.ray_executor import RayExecutor

GridFile = Annotated[Path, typer.Argument(help="Grid file (YAML).", show_default=False)]
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
    from segsweep.orchestration.planning import check_all, plan_sweep  # noqa: PLC0415
    from segsweep.spec.tiny import as_written, made_tiny  # noqa: PLC0415
    from segsweep.terminal import verbs  # noqa: PLC0415

    with verbs.copying() as copied:
        planned = plan_sweep(grid, copied, made_tiny if tiny else as_written)
    if check:
        from segsweep.terminal.watch import Watch  # noqa: PLC0415

        watch = Watch()
        with watch.decoding() as progress:
            check_all(planned, progress, watch.on_notice)
    verbs.print_plan(planned)
    if estimate:
        from segsweep import api  # noqa: PLC0415
        from segsweep.terminal.estimates import print_estimate  # noqa: PLC0415
        from segsweep.terminal.watch import Watch  # noqa: PLC0415

        found = api.estimate(grid, tiny=tiny, home=home_of(home, None), executor=_ray_at(address), watcher=Watch())
        print_estimate(found)


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


def logs(
    job: Annotated[str, typer.Argument(help="Name of a job, as launch prints it.", show_default=False)],
    address: Annotated[str, typer.Option(help="Address of the cluster, http://HOST:8265.", show_default=False)],
) -> None:
    """Print what a launch on a cluster has printed and prints, until it ends."""
    _follow(job, address)


def cancel(
    sweep: SweepName,
    home: HomeFolder = None,
    store: StoreAddress = None,
    address: Annotated[str | None, typer.Option(help="Address of the cluster it was handed over to.")] = None,
) -> None:
    """Stop the launch of a sweep, also from another machine; launching it again goes on where it was left."""
    if address is not None:
        from segsweep.orchestration.jobs import submit  # noqa: PLC0415

        return _follow(submit(["cancel", sweep], address, name=f"cancel-{sweep}"), address)
    from segsweep.orchestration.holding import cancel as stop  # noqa: PLC0415

    stop(sweep, home_of(home, None, store).blobs)
    typer.echo(f"{sweep}: cancelled")


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
    from segsweep import api  # noqa: PLC0415
    from segsweep.terminal import verbs  # noqa: PLC0415
    from segsweep.terminal.watch import Watch  # noqa: PLC0415

    home = home_of(*places)
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

    verbs.print_launched(launched)
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
