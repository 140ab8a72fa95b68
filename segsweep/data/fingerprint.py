"""What a dataset contains, as one hash: moving it changes nothing, changing one mask does."""

import hashlib
import json
import os
import tempfile
from collections.abc import Iterable
from pathlib import Path

from segsweep.data.cases import Case, CaseSet
from segsweep.spec.canonical import digest


def fingerprint(found: CaseSet, remembered: Path) -> str:
    """Hash of case ids, file contents and label names; never of a path.

    Args:
        found: the cases.
        remembered: JSON file that keeps the hash of every file seen, by its path, size and time of change.
    """
    hashes = _file_hashes((file for case in found.cases for file in _files(case)), remembered)
    cases = [
        [case.id, case.group, sorted(case.raters), [hashes[file] for file in _files(case)]] for case in found.cases
    ]
    return digest({"cases": cases, "labels": found.labels})


def _files(case: Case) -> tuple[Path, ...]:
    return (*case.images, case.label, *(case.raters[name] for name in sorted(case.raters)))


def _file_hashes(files: Iterable[Path], remembered: Path) -> dict[Path, str]:
    try:
        known = json.loads(remembered.read_text())
    except (OSError, json.JSONDecodeError):
        known = {}
    hashes: dict[Path, str] = {}
    seen: dict[str, list[object]] = {}
    for file in files:
        status = file.stat()
        entry = known.get(str(file.absolute()), [None, None, ""])
        if entry[:2] != [status.st_size, status.st_mtime_ns]:
            entry = [status.st_size, status.st_mtime_ns, hashlib.sha256(file.read_bytes()).hexdigest()]
        seen[str(file.absolute())] = entry
        hashes[file] = str(entry[2])
    if any(known.get(path) != entry for path, entry in seen.items()):
        _write({**known, **seen}, remembered)
    return hashes


def _write(entries: dict[str, list[object]], path: Path) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    handle, temporary = tempfile.mkstemp(dir=path.parent, prefix=".hashes")
    with os.fdopen(handle, "w") as out:
        json.dump(entries, out)
    os.replace(temporary, path)
