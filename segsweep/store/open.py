"""A store by its address."""

from pathlib import Path
from urllib.parse import urlsplit

from segsweep.errors import StoreError
from segsweep.store.blobs import Blobs
from segsweep.store.folder import FolderBlobs


def open_blobs(address: str) -> Blobs:
    """A store of blobs.

    Args:
        address: a folder, or `s3://bucket/prefix`.

    Raises:
        StoreError: the address is of another kind.
    """
    if "://" not in address:
        return FolderBlobs(Path(address))
    parts = urlsplit(address)
    if parts.scheme != "s3" or not parts.netloc:
        raise StoreError(f"{address}: a store is a folder or s3://bucket/prefix")
    from segsweep.store.s3 import S3Blobs  # noqa: PLC0415 (boto3, which a folder need not pay)

    return S3Blobs(parts.netloc, parts.path.strip("/"))
