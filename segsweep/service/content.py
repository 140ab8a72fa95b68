"""Names for contents: equal content has an equal name, on every machine and after every restart."""

import hashlib

from segsweep import __version__
from segsweep.records.manifest import Manifest
from segsweep.tracking.protocol import SweepRecord


def results_key(manifest: Manifest, view: str) -> str:
    """What a sweep's results are a function of: its trials, their runs and states, its report settings, this version.

    Args:
        manifest: of the sweep.
        view: tells pseudonyms from names.

    Returns:
        32 hexadecimal digits, fit for a folder's name whatever the sweep is called.
    """
    return _digest(__version__.encode(), view.encode(), manifest.to_json())


def page_key(record: SweepRecord, results: str) -> str:
    """What a sweep's pages show: its results and whether it is being launched."""
    return _digest(results.encode(), repr((record.state, record.ended)).encode())


def joint_key(*keys: str) -> str:
    """Of what depends on several."""
    return _digest(*(key.encode() for key in keys))


def name_key(name: str) -> str:
    """A folder's name for any name."""
    return _digest(name.encode())


def _digest(*parts: bytes) -> str:
    found = hashlib.sha256()
    for part in parts:
        found.update(len(part).to_bytes(8, "big"))
        found.update(part)
    return found.hexdigest()[:32]
