"""Two sweeps as one, so that their settings can be compared on the cases both have."""

from collections.abc import Set
from dataclasses import dataclass

from segsweep.records.manifest import Manifest


@dataclass(frozen=True)
class Overlap:
    """What two sweeps share.

    Args:
        both: trials of both; they were trained once.
        only_first: trials of the first alone.
        only_second: trials of the second alone.
    """

    both: Set[str]
    only_first: Set[str]
    only_second: Set[str]


def overlap(first: Manifest, second: Manifest) -> Overlap:
    """Compare the trials of two sweeps by id."""
    one, two = ({entry.trial for entry in manifest.entries} for manifest in (first, second))
    return Overlap(one & two, one - two, two - one)


def joined(first: Manifest, second: Manifest) -> Manifest:
    """The trials of both, each once; reported as the first wants it."""
    known = {entry.trial for entry in first.entries}
    more = tuple(entry for entry in second.entries if entry.trial not in known)
    return Manifest(f"{first.sweep} and {second.sweep}", first.report, (*first.entries, *more))
