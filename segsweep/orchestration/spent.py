"""Checkpoints that nobody will go on from."""

from contextlib import suppress

from segsweep.errors import StoreError
from segsweep.orchestration.collect import RECORDED, SHELVED
from segsweep.records.manifest import Manifest
from segsweep.store.blobs import Blobs
from segsweep.store.keys import CHECKPOINTS, WARM_STARTS, owner, warm_start_key


def trained(blobs: Blobs) -> set[str]:
    """Ids of the warm starts that are there."""
    keys = [blob.key for blob in blobs.list(WARM_STARTS)]
    return {owner(key) for key in keys if key == warm_start_key(owner(key))}


def drop_spent(blobs: Blobs, manifest: Manifest, beaten: frozenset[str]) -> None:
    """Delete the checkpoints of what has come to its end.

    Args:
        blobs: where they lie.
        manifest: the trials, with their states.
        beaten: trials of a search that it will never choose.
    """
    ended = {entry.trial for entry in manifest.entries if entry.state in RECORDED}
    ended |= beaten & {entry.trial for entry in manifest.entries if entry.state in SHELVED}
    with suppress(OSError, StoreError):  # they take room and do no harm
        ended |= trained(blobs) & {entry.row["warm_start"] for entry in manifest.entries}
        for blob in blobs.list(CHECKPOINTS):
            if owner(blob.key) in ended:
                blobs.delete(blob.key)
