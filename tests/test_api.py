"""The verbs for notebooks: listed, reachable, light to import."""

import subprocess
import sys

import pytest

import segsweep


def test_public_names_are_sorted_and_reachable() -> None:
    assert segsweep.__all__ == sorted(segsweep.__all__)
    assert len(segsweep.__all__) <= 8
    for name in segsweep.__all__:
        assert callable(getattr(segsweep, name))


def test_a_name_that_is_not_public_is_no_attribute() -> None:
    with pytest.raises(AttributeError, match=r"^module 'segsweep' has no attribute 'lunch'$"):
        segsweep.lunch  # noqa: B018


def test_importing_segsweep_imports_nothing_else() -> None:
    code = "import sys; before = set(sys.modules); import segsweep; print(*sorted(set(sys.modules) - before))"
    loaded = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True).stdout.split()
    assert [name for name in loaded if name.startswith("segsweep")] == ["segsweep"]
    assert not {"torch", "numpy", "pydantic", "yaml", "ray", "mlflow"} & {name.split(".")[0] for name in loaded}
