"""The import contracts: one direction, heavy libraries confined, light start."""

import ast
import re
import subprocess
import sys
from pathlib import Path

import pytest

import segsweep

PACKAGE = Path(segsweep.__file__).parent
LAYERS = (
    ("__main__",),
    ("cli",),
    ("commands",),
    ("terminal", "api"),
    ("service",),
    ("orchestration",),
    ("reports",),
    ("training",),
    ("data",),
    ("tracking",),
    ("records", "store"),
    ("spec",),
    ("losses", "theory", "metrics", "statistics"),
    ("errors",),
)
RANK = {name: rank for rank, names in enumerate(LAYERS) for name in names}
HEAVY = ("torch", "monai", "ray", "mlflow")
LIGHT = ("spec", "records", "theory", "statistics", "reports")


def modules() -> list[Path]:
    return sorted(PACKAGE.rglob("*.py"))


def part(path: Path) -> str:
    """The top-level part of the package that a file belongs to."""
    return path.relative_to(PACKAGE).parts[0].removesuffix(".py")


def imports(path: Path) -> set[str]:
    """Full names that a file imports anywhere, also inside functions."""
    found: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}: relative import"
            found |= {f"{node.module}.{alias.name}" for alias in node.names}
    return found


@pytest.mark.parametrize("path", modules(), ids=lambda path: str(path.relative_to(PACKAGE)))
def test_imports_go_down_only(path: Path) -> None:
    mine = part(path)
    if mine == "__init__":
        return
    for name in imports(path):
        if not name.startswith("segsweep."):
            continue
        other = name.split(".")[1]
        if other not in RANK or other == mine:
            continue
        assert RANK[other] > RANK[mine], f"{path} imports {name}"


@pytest.mark.parametrize(
    ("library", "owner"),
    [("ray", "orchestration"), ("mlflow", "tracking"), ("boto3", "store"), ("optuna", "orchestration")],
)
def test_vendors_have_one_importer(library: str, owner: str) -> None:
    importers = {part(path) for path in modules() if any(name.split(".")[0] == library for name in imports(path))}
    assert importers == {owner}


@pytest.mark.parametrize("layer", LIGHT)
def test_light_layers_import_nothing_heavy(layer: str) -> None:
    names = sorted(
        ".".join(("segsweep", *path.relative_to(PACKAGE).with_suffix("").parts)).removesuffix(".__init__")
        for path in (PACKAGE / layer).rglob("*.py")
    )
    assert not loaded_by("; ".join(f"import {name}" for name in names)) & set(HEAVY)


def test_command_line_starts_light() -> None:
    assert not loaded_by("import segsweep.cli") & {*HEAVY, "numpy", "pyarrow", "matplotlib"}


def test_planning_imports_nothing_heavy() -> None:
    assert not loaded_by("import segsweep.orchestration.planning, segsweep.terminal.verbs") & set(HEAVY)


def test_a_launch_starts_ray_before_it_loads_what_draws_and_computes() -> None:
    later = {"torch", "monai", "mlflow", "pandas", "scipy", "matplotlib"}  # Ray Tune would load pandas
    assert not loaded_by("import segsweep.api, segsweep.orchestration.ray_executor") & later


def test_training_needs_neither_ray_nor_mlflow() -> None:
    # None makes an import fail as if the library were not installed; MONAI itself would load mlflow where it is
    absent = "import sys; sys.modules.update(ray=None, mlflow=None)"
    loaded_by(f"{absent}; import segsweep.training.cohort, segsweep.tracking.memory")


def test_package_inits_are_empty_but_for_names() -> None:
    assert not loaded_by("; ".join(f"import segsweep.{part(path)}" for path in PACKAGE.glob("*/__init__.py"))) & {
        *HEAVY,
        "numpy",
    }


def loaded_by(statement: str) -> set[str]:
    """Top-level modules that a fresh interpreter holds after a statement."""
    code = f"{statement}\nimport sys; print(' '.join({{name.split('.')[0] for name in sys.modules}}))"
    return set(subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True).stdout.split())


def test_no_test_changes_the_clock_of_the_whole_process() -> None:
    """An event loop of another thread that looked at it in that moment would sleep until the end of days."""
    tests = Path(__file__).parent
    changing = re.compile(r"setattr\(\s*(time|[\"']time\.)")
    assert [path.name for path in tests.rglob("*.py") if changing.search(path.read_text())] == []
