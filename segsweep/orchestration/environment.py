"""What a sweep was launched with."""

import platform
import subprocess
from pathlib import Path

from segsweep import __version__


def environment_tags() -> dict[str, str]:
    """Versions and revision, as tags of a sweep's parent run."""
    return {
        "segsweep.version": __version__,
        "segsweep.python": platform.python_version(),
        "segsweep.platform": platform.platform(),
        "segsweep.git": _git_revision(),
    }


def _git_revision() -> str:
    """Of the folder that the launch was made from, where it is a checkout."""
    try:
        described = subprocess.run(
            ["git", "describe", "--always", "--dirty"],
            capture_output=True,
            text=True,
            check=True,
            timeout=5,
            cwd=Path.cwd(),
        )
    except (OSError, subprocess.SubprocessError):
        return "none"
    return described.stdout.strip()
