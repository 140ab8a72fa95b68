"""A loss of the user's own, in a file beside the grid."""

import subprocess
import sys
from pathlib import Path

from grids import tiny_sweep

LOSS = """
def {name}(logits, target):
    p = logits.sigmoid()
    return 1 - 2 * (p * target).sum() / (p + target).sum()
"""

TRAIN = """
import sys
from pathlib import Path
from segsweep.api import launch
from segsweep.orchestration.home import Home
from segsweep.orchestration.in_process import InProcessExecutor
from contextlib import nullcontext
done = launch(sys.argv[1], home=Home(Path(sys.argv[2])), executor=nullcontext(InProcessExecutor()))
print([entry.state for entry in done.manifest.entries], [entry.row["loss"] for entry in done.manifest.entries])
"""


def run(code: str, *arguments: object) -> str:
    """In an interpreter of its own, started elsewhere: nothing is on its path by chance."""
    command = [sys.executable, "-c", code, *map(str, arguments)]
    return subprocess.run(command, check=True, capture_output=True, text=True, cwd="/").stdout


def test_is_found_beside_the_grid_file_and_trained(tmp_path: Path) -> None:
    (tmp_path / "losses_beside_grid.py").write_text(LOSS.format(name="mine"))
    grid = tmp_path / "grid.yaml"
    grid.write_text(tiny_sweep(grid=[{"loss": "losses_beside_grid:mine"}]))
    assert run(TRAIN, grid, tmp_path / "home").splitlines()[-1] == "['finished'] ['losses_beside_grid:mine']"


def test_another_source_is_another_trial(tmp_path: Path) -> None:
    identify = "import sys; from segsweep.api import plan; print(plan(sys.argv[1]).plan.trials[0].id)"
    grid = tmp_path / "grid.yaml"
    grid.write_text(tiny_sweep(grid=[{"loss": "losses_beside_grid:mine"}]))
    module = tmp_path / "losses_beside_grid.py"
    module.write_text(LOSS.format(name="mine"))
    first = run(identify, grid)
    assert run(identify, grid) == first
    module.write_text(LOSS.format(name="mine").replace("1 - 2", "1 - 2.5"))
    assert run(identify, grid) != first
