"""Objects of a bucket to files: in parallel ranges, resumable, verified, and never visible before they are whole."""

from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError

from segsweep.errors import StoreError
from segsweep.store.partial_file import PartialFile
from segsweep.store.s3_checksum import matches

_PART = 8 * 2**20
"""Bytes of one request."""
_AT_ONCE = 8
"""Requests; botocore keeps ten connections."""
_ATTEMPTS = 3
"""At one range: botocore repeats requests that fail, but not answers that break off."""

OnBytes = Callable[[int], None]


@dataclass(frozen=True)
class S3Object:
    """An object that is there.

    Args:
        key: in its bucket.
        size: bytes.
        etag: changes with the content; without quotes.
    """

    key: str
    size: int
    etag: str


def list_objects(client: Any, bucket: str, prefix: str) -> list[S3Object]:
    """The objects below a prefix, by key; markers of empty folders are none.

    Raises:
        StoreError: the bucket cannot be listed.
    """
    with _translated(bucket, prefix):
        pages = client.get_paginator("list_objects_v2").paginate(Bucket=bucket, Prefix=prefix)
        return [
            S3Object(entry["Key"], entry["Size"], entry["ETag"].strip('"'))
            for page in pages
            for entry in page.get("Contents", ())
            if not entry["Key"].endswith("/")
        ]


def download(
    client: Any,
    bucket: str,
    wanted: Mapping[Path, S3Object],
    on_bytes: OnBytes,
    on_file: Callable[[Path], None] = lambda path: None,
) -> None:
    """Bring objects onto this machine.

    What an earlier attempt brought of a file is kept, as long as the object is the same.

    Args:
        client: of boto3.
        bucket: its name.
        wanted: file to the object that it becomes a copy of.
        on_bytes: called with the number of bytes that have arrived, also of an earlier attempt.
        on_file: called with each file once it is there, from any thread.

    Raises:
        StoreError: an object cannot be read, changes while it is read, or is not what the store says it is.
    """
    files = {path: PartialFile(path, found.etag, found.size, _PART) for path, found in wanted.items()}
    for file in files.values():
        file.open()
        on_bytes(file.bytes_done)
    tasks = [(path, part) for path, file in files.items() for part in file.missing()]

    def finish(path: Path) -> None:
        _verify(client, bucket, wanted[path], files[path])
        files[path].finish()
        on_file(path)

    def fetch(task: tuple[Path, int]) -> None:
        path, part = task
        content = _range(client, bucket, wanted[path], files[path].bounds(part))
        if files[path].write(part, content):
            finish(path)
        on_bytes(len(content))

    for path, file in files.items():
        if not file.missing():
            finish(path)
    pool = ThreadPoolExecutor(_AT_ONCE)
    try:
        for _ in pool.map(fetch, tasks):
            pass
    finally:
        pool.shutdown(cancel_futures=True)


def _range(client: Any, bucket: str, found: S3Object, bounds: tuple[int, int]) -> bytes:
    first, end = bounds
    for attempt in range(1, _ATTEMPTS + 1):
        try:
            # only of the object that was listed: a new one under the same key would give a file of two halves
            answer = client.get_object(
                Bucket=bucket, Key=found.key, Range=f"bytes={first}-{end - 1}", IfMatch=f'"{found.etag}"'
            )
            content: bytes = answer["Body"].read()
            if len(content) == end - first:
                return content
        except (ClientError, BotoCoreError) as error:
            if attempt == _ATTEMPTS or isinstance(error, ClientError):
                raise StoreError(f"s3://{bucket}/{found.key}: {error}") from error
    raise StoreError(f"s3://{bucket}/{found.key}: bytes {first} to {end} break off each time they are asked for")


def _verify(client: Any, bucket: str, found: S3Object, file: PartialFile) -> None:
    with _translated(bucket, found.key):
        sound = matches(client, bucket, found.key, found.etag, file.partial)
    if not sound:
        file.discard()
        raise StoreError(f"s3://{bucket}/{found.key}: what arrived has not the checksum that the store names")


@contextmanager
def _translated(bucket: str, key: str) -> Iterator[None]:
    try:
        yield
    except (ClientError, BotoCoreError) as error:
        raise StoreError(f"s3://{bucket}/{key}: {error}") from error
