import subprocess
import sys

PROGRAM = """
import importlib, pkgutil, sys
import segsweep.statistics
for found in pkgutil.iter_modules(segsweep.statistics.__path__, "segsweep.statistics."):
    importlib.import_module(found.name)
heavy = {"scipy.stats", "pandas", "torch", "pyarrow", "matplotlib"} & set(sys.modules)
print(*sorted(heavy))
"""


def test_statistics_import_numpy_and_scipys_special_functions_only():
    # scipy.stats alone would cost a report one of its three seconds
    finished = subprocess.run([sys.executable, "-c", PROGRAM], capture_output=True, text=True, check=True)
    assert finished.stdout.strip() == ""
