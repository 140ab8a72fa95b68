"""Commands on sweeps that have been run, and on theory."""

from pathlib import Path
from typing import Annotated

import typer

from segsweep.commands.options import INCOMPLETE, HomeFolder, StoreAddress, SweepName, TrackingUri, home_of
from segsweep.errors import InputError


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
    from segsweep import api  # noqa: PLC0415
    from segsweep.orchestration.sweep_report import report_foreign  # noqa: PLC0415
    from segsweep.terminal import verbs  # noqa: PLC0415

    changes = {"rule": "as_published"} if as_published else {}
    if (sweep is None) == (source is None):
        raise InputError("report takes the name of a sweep, or --from with a table or folder")
    if source is not None:
        verbs.print_report(report_foreign(source, folder, changes))
    elif sweep is not None:
        verbs.print_report(api.report(sweep, home=home_of(home, tracking), changes=changes))


def status(
    sweep: SweepName,
    home: HomeFolder = None,
    tracking: TrackingUri = None,
) -> None:
    """Print how the trials of a sweep stand, also of one that runs elsewhere."""
    from segsweep import api  # noqa: PLC0415
    from segsweep.orchestration.status import sweep_status  # noqa: PLC0415
    from segsweep.terminal import verbs  # noqa: PLC0415

    verbs.print_status(sweep_status(sweep, api.find_tracker(home_of(home, tracking))))


def gc(
    home: HomeFolder = None,
    tracking: TrackingUri = None,
    store: StoreAddress = None,
    delete: Annotated[bool, typer.Option("--delete", help="Delete what is listed.")] = False,
) -> None:
    """List checkpoints, warm starts and half-written files that no tracked sweep needs; delete them if told to."""
    from segsweep import api  # noqa: PLC0415
    from segsweep.orchestration.garbage import find_garbage  # noqa: PLC0415
    from segsweep.terminal import verbs  # noqa: PLC0415

    place = home_of(home, tracking, store)
    found = find_garbage(place, api.find_tracker(place))
    verbs.print_garbage(found, deleted=delete)
    if delete:
        for item in found:
            item.delete()


def sync(home: HomeFolder = None, tracking: TrackingUri = None) -> None:
    """Deliver runs that wait for a tracking store; --tracking brings them, and this folder's sweeps, to that one."""
    from segsweep import api  # noqa: PLC0415
    from segsweep.terminal import verbs  # noqa: PLC0415
    from segsweep.terminal.watch import Watch  # noqa: PLC0415

    synced = api.sync(home=home_of(home, tracking), watcher=Watch())
    verbs.print_synced(synced)
    if any(store.refused for store in synced):
        raise typer.Exit(INCOMPLETE)


def theory(folder: Annotated[Path, typer.Argument(help="Folder to write to.")] = Path("theory")) -> None:
    """Print what the papers prove, and write it as tables and figures: volume bias by p, K, r and loss; bounds."""
    from segsweep.reports.theory_figures import write_theory  # noqa: PLC0415

    written = write_theory(folder)
    for path in written:
        if path.suffix == ".md":
            typer.echo(path.read_text(encoding="utf-8"))
    typer.echo("\n".join(str(path) for path in written))
