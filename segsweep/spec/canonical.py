"""One text for one meaning: canonical JSON, the ids that are hashes of it, and the seeds derived from it."""

import hashlib
import json
from typing import Any

ID_LENGTH = 16


def canonical_json(value: Any) -> str:
    """JSON with sorted keys and no spaces; equal values give equal text, whatever the order they were written in.

    Integers and the floats equal to them (1 and 1.0) are one number, so that `lr: 1` and `lr: 1.0` are one trial.

    Raises:
        ValueError: a number is NaN or infinite.
        TypeError: a value has no JSON form.
    """
    return json.dumps(_plain(value), sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False)


def digest(value: Any) -> str:
    """The first 16 hexadecimal digits of the SHA-256 of a value's canonical JSON."""
    return hashlib.sha256(canonical_json(value).encode()).hexdigest()[:ID_LENGTH]


def derive_seed(*parts: Any) -> int:
    """A 63-bit seed from anything with a canonical JSON; different parts give unrelated streams."""
    return int.from_bytes(hashlib.sha256(canonical_json(list(parts)).encode()).digest()[:8], "big") >> 1


def _plain(value: Any) -> Any:
    if isinstance(value, dict):
        return {str(key): _plain(entry) for key, entry in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(entry) for entry in value]
    if isinstance(value, float) and value.is_integer():
        return int(value)
    return value
