"""The source of a user's own loss, found and hashed without importing it."""

import hashlib
import sys
from importlib.machinery import ModuleSpec, PathFinder
from pathlib import Path

from segsweep.errors import GridError
from segsweep.spec.loss_names import own_target


def source_digest(name: str) -> str:
    """Return the sha256 of the source of the user's own loss, without importing it.

    Args:
        name: `module:attribute` or an entry point's name. A module inside a package stands for the whole package, so
            that an edit to a helper beside the loss counts too.

    Raises:
        GridError: no such module on the Python path.
    """
    target = own_target(name)
    module = (target or name).partition(":")[0]
    spec = PathFinder.find_spec(module.partition(".")[0], sys.path)
    files = _source_files(spec) if spec is not None else []
    if not files:
        raise GridError(f"loss '{name}': no module {module} on the Python path; run where it lies or install it")
    digest = hashlib.sha256()
    for file in files:
        digest.update(hashlib.sha256(file.read_bytes()).digest())
    return digest.hexdigest()


def _source_files(spec: ModuleSpec) -> list[Path]:
    if spec.submodule_search_locations is None:
        return [Path(spec.origin)] if spec.origin is not None and Path(spec.origin).is_file() else []
    return sorted(file for folder in spec.submodule_search_locations for file in Path(folder).rglob("*.py"))
