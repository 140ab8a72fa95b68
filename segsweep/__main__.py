"""`python -m segsweep` is `segsweep`."""

from segsweep.cli import program

program()
