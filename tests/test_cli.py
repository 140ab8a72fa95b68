"""The command line: what it prints and how it exits. Launches that start trials are tested beside Ray."""

import re
import subprocess
import sys

import pytest
import typer.main
from typer.testing import CliRunner

from segsweep.cli import app

COMMANDS = typer.main.get_command(app).commands  # type: ignore[attr-defined]
RUNNER = CliRunner()


@pytest.mark.parametrize("name", sorted(COMMANDS))
def test_every_command_says_what_it_does(name: str) -> None:
    result = RUNNER.invoke(app, [name, "--help"])
    assert result.exit_code == 0
    said = " ".join(result.output.split())
    assert said.startswith(f"Usage: segsweep {name} ")
    assert " ".join(COMMANDS[name].help.split()) in said


def test_without_a_command_the_help_lists_every_command() -> None:
    result = RUNNER.invoke(app, [])
    for name in COMMANDS:
        assert re.search(rf"^  {name} ", result.output, re.MULTILINE)
    assert "look at what it comes to with `segsweep plan`" in " ".join(result.output.split())


def test_it_starts_as_a_program() -> None:
    command = [sys.executable, "-c", "from segsweep.cli import main; main()", "--help"]
    assert "Usage:" in subprocess.run(command, check=True, capture_output=True, text=True).stdout
