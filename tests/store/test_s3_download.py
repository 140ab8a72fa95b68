"""Objects to files: parallel, resumable, verified; against a real S3 API over HTTP."""

import hashlib
import io
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from botocore.exceptions import ReadTimeoutError

from segsweep.errors import StoreError
from segsweep.store.s3_client import s3_client
from segsweep.store.s3_download import S3Object, download, list_objects
from segsweep.store.s3_mirror import S3Mirror

PART = 5 * 2**20
"""The smallest part that S3 takes of an upload; below the part of a download, so that the two do not coincide."""


@pytest.fixture
def client(s3_environment: None) -> Any:
    return s3_client()


@pytest.fixture
def bucket(client: Any, tmp_path: Path) -> str:
    name = "data-" + hashlib.md5(str(tmp_path).encode()).hexdigest()
    client.create_bucket(Bucket=name)
    return name


def noise(size: int) -> bytes:
    return np.random.default_rng(0).bytes(size)


def upload_in_parts(client: Any, bucket: str, key: str, content: bytes) -> None:
    upload = client.create_multipart_upload(Bucket=bucket, Key=key)["UploadId"]
    parts = []
    for number, start in enumerate(range(0, len(content), PART), start=1):
        body = content[start : start + PART]
        sent = client.upload_part(Bucket=bucket, Key=key, UploadId=upload, PartNumber=number, Body=body)
        parts.append({"PartNumber": number, "ETag": sent["ETag"]})
    client.complete_multipart_upload(Bucket=bucket, Key=key, UploadId=upload, MultipartUpload={"Parts": parts})


def ignore(count: int) -> None:
    pass


class Counted:
    """A client that counts the ranges it is asked for, and breaks off where told to."""

    def __init__(self, client: Any, breaks: Callable[[int], bool] = lambda asked: False) -> None:
        self._client = client
        self._breaks = breaks
        self._lock = threading.Lock()
        self.ranges: list[str] = []

    def __getattr__(self, name: str) -> Any:
        return getattr(self._client, name)

    def get_object(self, **asked: Any) -> Any:
        with self._lock:
            self.ranges.append(asked["Range"])
            number = len(self.ranges)
        if self._breaks(number):
            raise ReadTimeoutError(endpoint_url="http://somewhere")
        return self._client.get_object(**asked)


class TestDownload:
    def test_small_empty_and_large_objects(self, client: Any, bucket: str, tmp_path: Path) -> None:
        contents = {"a/empty": b"", "a/small": b"abc", "a/large": noise(20 * 2**20 + 17)}
        for key, content in contents.items():
            client.put_object(Bucket=bucket, Key=key, Body=content)
        wanted = {tmp_path / "to" / found.key: found for found in list_objects(client, bucket, "a/")}
        arrived = []
        download(client, bucket, wanted, arrived.append)
        assert {str(path.relative_to(tmp_path / "to")): path.read_bytes() for path in wanted} == contents
        assert sum(arrived) == sum(map(len, contents.values()))
        assert sorted(path.name for path in (tmp_path / "to" / "a").iterdir()) == ["empty", "large", "small"]

    def test_an_object_that_was_uploaded_in_parts_is_verified_by_them(
        self, client: Any, bucket: str, tmp_path: Path
    ) -> None:
        content = noise(2 * PART + 99)
        upload_in_parts(client, bucket, "big", content)
        (found,) = list_objects(client, bucket, "big")
        assert found.etag.endswith("-3")
        download(client, bucket, {tmp_path / "big": found}, ignore)
        assert (tmp_path / "big").read_bytes() == content

    def test_it_goes_on_where_it_broke_off(self, client: Any, bucket: str, tmp_path: Path) -> None:
        content = noise(40 * 2**20)
        client.put_object(Bucket=bucket, Key="big", Body=content)
        wanted = {tmp_path / "big": list_objects(client, bucket, "big")[0]}
        broken = Counted(client, lambda number: number > 2)
        with pytest.raises(StoreError, match=f"^s3://{bucket}/big: "):
            download(broken, bucket, wanted, ignore)
        assert not (tmp_path / "big").exists()
        again = Counted(client)
        arrived: list[int] = []
        download(again, bucket, wanted, arrived.append)
        assert (tmp_path / "big").read_bytes() == content
        assert len(again.ranges) == 5 - 2
        assert arrived[0] == 2 * 8 * 2**20

    def test_an_answer_that_breaks_off_is_asked_for_again(self, client: Any, bucket: str, tmp_path: Path) -> None:
        client.put_object(Bucket=bucket, Key="a", Body=b"abc")
        flaky = Counted(client, lambda number: number < 3)
        download(flaky, bucket, {tmp_path / "a": list_objects(client, bucket, "a")[0]}, ignore)
        assert (tmp_path / "a").read_bytes() == b"abc"
        assert len(flaky.ranges) == 3

    def test_what_an_older_version_left_is_not_mixed_with_the_new_one(
        self, client: Any, bucket: str, tmp_path: Path
    ) -> None:
        old, new = noise(20 * 2**20), bytes(20 * 2**20)
        client.put_object(Bucket=bucket, Key="big", Body=old)
        wanted = {tmp_path / "big": list_objects(client, bucket, "big")[0]}
        with pytest.raises(StoreError):
            download(Counted(client, lambda number: number > 2), bucket, wanted, ignore)
        client.put_object(Bucket=bucket, Key="big", Body=new)
        with pytest.raises(StoreError, match="PreconditionFailed"):
            download(client, bucket, wanted, ignore)
        download(client, bucket, {tmp_path / "big": list_objects(client, bucket, "big")[0]}, ignore)
        assert (tmp_path / "big").read_bytes() == new

    def test_bytes_that_changed_on_their_way_are_refused(self, client: Any, bucket: str, tmp_path: Path) -> None:
        client.put_object(Bucket=bucket, Key="a", Body=b"abc")

        class Lossy(Counted):
            def get_object(self, **asked: Any) -> Any:
                super().get_object(**asked)
                return {"Body": io.BytesIO(b"abd")}

        wanted = {tmp_path / "a": list_objects(client, bucket, "a")[0]}
        with pytest.raises(StoreError, match="has not the checksum that the store names"):
            download(Lossy(client), bucket, wanted, ignore)
        assert list(tmp_path.glob("*a*")) == []
        download(client, bucket, wanted, ignore)
        assert (tmp_path / "a").read_bytes() == b"abc"

    def test_a_bucket_that_is_not_there(self, client: Any) -> None:
        with pytest.raises(StoreError, match=r"^s3://no-such-bucket/a: .*NoSuchBucket"):
            list_objects(client, "no-such-bucket", "a")


class TestMirror:
    def fill(self, client: Any, bucket: str) -> None:
        for name in ("dataset.json", "imagesTr/a.png", "imagesTr/b.png", "notes.txt"):
            client.put_object(Bucket=bucket, Key=f"sets/one/{name}", Body=name.encode())
        client.put_object(Bucket=bucket, Key="sets/one/imagesTr/", Body=b"")
        client.put_object(Bucket=bucket, Key="sets/one-more/c.png", Body=b"of another set")

    def mirror(self, client: Any, bucket: str, folder: Path) -> S3Mirror:
        return S3Mirror(client, bucket, "sets/one", folder, lambda name: name.suffix != ".txt")

    def names(self, folder: Path) -> set[str]:
        return {str(path.relative_to(folder)) for path in folder.rglob("[!.]*") if path.is_file()}

    def test_it_holds_what_is_wanted_of_a_prefix(self, client: Any, bucket: str, tmp_path: Path) -> None:
        self.fill(client, bucket)
        mirror = self.mirror(client, bucket, tmp_path)
        assert (mirror.files, mirror.is_current, mirror.lacking) == (3, False, mirror.size)
        mirror.copy(ignore)
        assert self.names(tmp_path) == {"dataset.json", "imagesTr/a.png", "imagesTr/b.png"}
        assert (tmp_path / "imagesTr" / "a.png").read_bytes() == b"imagesTr/a.png"
        assert self.mirror(client, bucket, tmp_path).is_current

    def test_only_what_changed_is_fetched_again(self, client: Any, bucket: str, tmp_path: Path) -> None:
        self.fill(client, bucket)
        self.mirror(client, bucket, tmp_path).copy(ignore)
        client.put_object(Bucket=bucket, Key="sets/one/imagesTr/b.png", Body=b"IMAGESTR/B.PNG")
        client.delete_object(Bucket=bucket, Key="sets/one/imagesTr/a.png")
        (tmp_path / "dataset.json").write_bytes(b"cut")
        counted = Counted(client)
        mirror = self.mirror(counted, bucket, tmp_path)
        assert not mirror.is_current
        mirror.copy(ignore)
        assert len(counted.ranges) == 2
        assert self.names(tmp_path) == {"dataset.json", "imagesTr/b.png"}
        assert (tmp_path / "imagesTr" / "b.png").read_bytes() == b"IMAGESTR/B.PNG"
        assert self.mirror(client, bucket, tmp_path).is_current

    def test_files_that_arrived_before_it_broke_off_are_kept(self, client: Any, bucket: str, tmp_path: Path) -> None:
        self.fill(client, bucket)
        with pytest.raises(StoreError):
            self.mirror(Counted(client, lambda number: number > 1), bucket, tmp_path).copy(ignore)
        again = Counted(client)
        self.mirror(again, bucket, tmp_path).copy(ignore)
        assert len(again.ranges) == 2
        assert self.mirror(client, bucket, tmp_path).is_current

    def test_no_key_leads_out_of_the_folder(self, client: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        def hostile(client: Any, bucket: str, prefix: str) -> list[S3Object]:
            return [S3Object("sets/one/../../etc/passwd", 1, "0" * 32)]

        monkeypatch.setattr("segsweep.store.s3_mirror.list_objects", hostile)
        with pytest.raises(StoreError, match="would leave the folder"):
            self.mirror(client, "any", tmp_path)
