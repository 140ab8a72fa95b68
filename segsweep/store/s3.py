"""Blobs as objects in an S3 bucket."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError

from segsweep.errors import StoreError
from segsweep.store.blobs import Blob
from segsweep.store.s3_client import s3_client

_ABSENT = ("NoSuchKey", "404")
_EXISTS = ("PreconditionFailed", "ConditionalRequestConflict")


class S3Blobs:
    """A key is an object's key below a prefix.

    Args:
        bucket: that exists.
        prefix: of all keys; empty, or without a slash at its end.
    """

    def __init__(self, bucket: str, prefix: str = "") -> None:
        self._bucket = bucket
        self._prefix = f"{prefix}/" if prefix else ""
        self._opened: Any = None

    def __str__(self) -> str:
        return f"s3://{self._bucket}/{self._prefix}".rstrip("/")

    def __reduce__(self) -> tuple[type["S3Blobs"], tuple[str, str]]:
        """A worker opens its own connection, with the credentials of its own environment."""
        return (S3Blobs, (self._bucket, self._prefix.rstrip("/")))

    @property
    def _client(self) -> Any:
        if self._opened is None:
            self._opened = s3_client()
        return self._opened

    def get(self, key: str) -> bytes | None:
        """The content of an object."""
        with self._translated(key):
            try:
                found: bytes = self._client.get_object(Bucket=self._bucket, Key=self._prefix + key)["Body"].read()
            except ClientError as error:
                if _code(error) in _ABSENT:
                    return None
                raise
            return found

    def put(self, key: str, content: bytes) -> None:
        """Objects are replaced whole."""
        with self._translated(key):
            self._client.put_object(Bucket=self._bucket, Key=self._prefix + key, Body=content)

    def create(self, key: str, content: bytes) -> bool:
        """A conditional PUT."""
        with self._translated(key):
            try:
                self._client.put_object(Bucket=self._bucket, Key=self._prefix + key, Body=content, IfNoneMatch="*")
            except ClientError as error:
                if _code(error) not in _EXISTS:
                    raise
                # the answer to an earlier attempt may have been lost on its way: then it was this one after all
                return self.get(key) == content
            return True

    def delete(self, key: str) -> None:
        """S3 does not mind deleting what is not there."""
        with self._translated(key):
            self._client.delete_object(Bucket=self._bucket, Key=self._prefix + key)

    def list(self, prefix: str) -> "list[Blob]":
        """Objects by key, a page at a time."""
        with self._translated(prefix):
            pages = self._client.get_paginator("list_objects_v2").paginate(
                Bucket=self._bucket, Prefix=self._prefix + prefix
            )
            return [
                Blob(entry["Key"].removeprefix(self._prefix), entry["Size"])
                for page in pages
                for entry in page.get("Contents", ())
            ]

    @contextmanager
    def _translated(self, key: str) -> Iterator[None]:
        try:
            yield
        except (ClientError, BotoCoreError) as error:
            raise StoreError(f"{self}/{key}: {error}") from error


def _code(error: ClientError) -> str:
    return str(error.response.get("Error", {}).get("Code"))
