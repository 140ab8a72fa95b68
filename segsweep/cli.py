"""The command line."""

import sys
from gc import freeze

import typer

from segsweep.commands import data
from segsweep.commands.launching import cancel, launch, logs, plan, retry
from segsweep.commands.models import keep, predict
from segsweep.commands.options import BAD_INPUT, INCOMPLETE
from segsweep.commands.results import gc, report, status, sync, theory
from segsweep.commands.servers import serve, ui
from segsweep.errors import InputError, SegsweepError

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

for command in (plan, launch, retry, logs, cancel, gc, report, status, keep, predict, sync, theory, ui, serve):
    app.command()(command)
app.add_typer(data.app, name="data")


def program() -> None:
    """The command line as a process of its own."""
    try:
        main()
    finally:
        # as it ends, Python looks for garbage among everything that was imported, several times: seconds after a launch
        freeze()


def main() -> None:
    """Run the command line; what the user gave wrong is one line and exit code 2."""
    try:
        app()
    except InputError as error:
        sys.exit(_complain(error, BAD_INPUT))
    except SegsweepError as error:
        sys.exit(_complain(error, INCOMPLETE))


def _complain(error: Exception, code: int) -> int:
    typer.echo(f"segsweep: {error}", err=True)
    return code
