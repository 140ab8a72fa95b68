"""A subset of the cases that is made up, and that the image shows: their intensities are inverted.

Tilborghs 2022 removes labels where the image tells the cases apart (grade, phase of the heart). Where a dataset has no
such column, this gives it one; whatever is found with it is to be called synthetic.
"""

import hashlib
from dataclasses import replace

from segsweep.data.cases import Case

COLUMN, INVERTED, PLAIN = "contrast", "inverted", "plain"


def with_contrast(case: Case, share: float) -> Case:
    """A case and, among what is known of it, whether it is one of the subset: by its id alone, as if drawn."""
    place = int.from_bytes(hashlib.sha256(f"contrast\0{case.id}".encode()).digest()[:8], "big")
    return replace(case, meta={**case.meta, COLUMN: INVERTED if place < share * 2**64 else PLAIN})


def is_inverted(case: Case) -> bool:
    """Whether the image of a case is to be inverted."""
    return case.meta.get(COLUMN) == INVERTED
