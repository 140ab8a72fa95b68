"""Whether a file is the object that S3 says it is, by the object's ETag."""

import hashlib
import re
from functools import partial
from pathlib import Path
from typing import Any

_BLOCK = 2**20
_new_md5 = partial(hashlib.md5, usedforsecurity=False)


def matches(client: Any, bucket: str, key: str, etag: str, path: Path) -> bool:
    """Hold a file to its object's ETag.

    The ETag is the MD5 of the content; of an object that was uploaded in parts it is the MD5 of the parts' MD5s, a dash
    and their number. Of objects that a key service encrypts it is neither; those are held to their size alone.

    Args:
        client: of boto3.
        bucket: its name.
        key: of the object.
        etag: without quotes.
        path: of the file, whose size is known to be right.
    """
    if re.fullmatch(r"[0-9a-f]{32}", etag):
        return _md5(path) == etag or _is_encrypted(client, bucket, key)
    if re.fullmatch(r"[0-9a-f]{32}-\d+", etag):
        first = client.head_object(Bucket=bucket, Key=key, PartNumber=1)
        return _md5_of_parts(path, int(first["ContentLength"])) == etag or _is_encrypted(client, bucket, key)
    return True


def _md5(path: Path) -> str:
    with path.open("rb") as content:
        return hashlib.file_digest(content, _new_md5).hexdigest()


def _md5_of_parts(path: Path, part: int) -> str:
    digests: list[bytes] = []
    with path.open("rb") as content:
        for start in range(0, path.stat().st_size, part):
            hashed = _new_md5()
            while content.tell() < start + part and (block := content.read(min(_BLOCK, start + part - content.tell()))):
                hashed.update(block)
            digests.append(hashed.digest())
    return f"{_new_md5(b''.join(digests)).hexdigest()}-{len(digests)}"


def _is_encrypted(client: Any, bucket: str, key: str) -> bool:
    return str(client.head_object(Bucket=bucket, Key=key).get("ServerSideEncryption", "")).startswith("aws:kms")
