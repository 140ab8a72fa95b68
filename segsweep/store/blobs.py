"""What the rest of the package asks of a store: whole blobs by key, atomically."""

from dataclasses import dataclass
from typing import Protocol


@dataclass(frozen=True)
class Blob:
    """A blob that is there.

    Args:
        key: its parts separated by `/`.
        size: bytes.
    """

    key: str
    size: int


class Blobs(Protocol):
    """A store of blobs. A reader sees a blob whole or not at all, whatever happens to its writer.

    Raises:
        OSError: the file system refuses, with the reason in `errno`.
        StoreError: a distant store refuses or is away.
    """

    def get(self, key: str) -> bytes | None:
        """The content under a key; None where there is nothing."""
        ...

    def put(self, key: str, content: bytes) -> None:
        """Put a blob in place of whatever was there."""
        ...

    def create(self, key: str, content: bytes) -> bool:
        """Put a blob where there is none; of several that try at once one succeeds.

        Returns:
            Whether it was this one.
        """
        ...

    def delete(self, key: str) -> None:
        """Take a blob away, if it is there."""
        ...

    def list(self, prefix: str) -> "list[Blob]":
        """The blobs whose key starts with a prefix, by key."""
        ...
