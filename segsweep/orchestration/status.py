"""How a sweep stands, from its tracked runs alone."""

from segsweep.errors import TrackingError
from segsweep.orchestration.collect import refresh
from segsweep.records.manifest import Manifest
from segsweep.tracking.protocol import SWEEP_FILE, Tracker


def sweep_status(name: str, tracker: Tracker) -> Manifest:
    """The trials of a sweep with their states now.

    Raises:
        TrackingError: there is no such sweep.
    """
    parent = tracker.find_sweep(name)
    if parent is None:
        raise TrackingError(f"no sweep named {name!r} is tracked here")
    return refresh(Manifest.from_json(tracker.read_file(parent, SWEEP_FILE)), tracker)
