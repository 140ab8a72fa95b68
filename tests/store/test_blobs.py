import os
import pickle
import resource
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from segsweep.errors import StoreError
from segsweep.store.blobs import Blob, Blobs
from segsweep.store.folder import FolderBlobs
from segsweep.store.open import open_blobs


def test_a_blob_is_what_was_put(blobs: Blobs) -> None:
    assert blobs.get("a/b") is None
    blobs.put("a/b", b"first")
    blobs.put("a/b", b"second")
    assert blobs.get("a/b") == b"second"
    blobs.delete("a/b")
    blobs.delete("a/b")
    assert blobs.get("a/b") is None


def test_list_is_by_prefix_of_the_key_and_in_order(blobs: Blobs) -> None:
    for key, content in (("b/2", b"22"), ("a/1", b"1"), ("b/10", b""), ("bc", b"333")):
        blobs.put(key, content)
    assert blobs.list("b/") == [Blob("b/10", 0), Blob("b/2", 2)]
    assert [blob.key for blob in blobs.list("")] == ["a/1", "b/10", "b/2", "bc"]
    assert [blob.key for blob in blobs.list("b")] == ["b/10", "b/2", "bc"]
    assert blobs.list("nothing/") == []


def test_one_of_many_creates(blobs: Blobs) -> None:
    with ThreadPoolExecutor(16) as pool:
        made = list(pool.map(lambda number: blobs.create("one", f"{number}".encode()), range(16)))
    assert sum(made) == 1
    assert blobs.get("one") == str(made.index(True)).encode()
    assert blobs.create("one", b"later") is False


def test_a_store_travels_to_a_worker(blobs: Blobs) -> None:
    blobs.put("key", b"content")
    assert pickle.loads(pickle.dumps(blobs)).get("key") == b"content"


def test_one_of_many_processes_creates(tmp_path: Path) -> None:
    program = (
        "import sys; from pathlib import Path; from segsweep.store.folder import FolderBlobs;"
        "sys.stdin.readline();"
        "print([FolderBlobs(Path(sys.argv[1])).create(f'k{n}', sys.argv[2].encode()) for n in range(50)].count(True))"
    )
    command = [sys.executable, "-c", program, str(tmp_path)]
    rivals = [
        subprocess.Popen([*command, str(number)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        for number in range(4)
    ]
    for rival in rivals:
        assert rival.stdin is not None
        rival.stdin.write("go\n")
        rival.stdin.flush()
    assert sum(int(rival.communicate()[0]) for rival in rivals) == 50


def test_a_full_disk_leaves_the_older_blob_and_nothing_else(tmp_path: Path) -> None:
    blobs = FolderBlobs(tmp_path)
    blobs.put("key", b"older")
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (1000, hard))
    try:
        with pytest.raises(OSError, match="File too large"):
            blobs.put("key", bytes(2000))
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    assert blobs.get("key") == b"older"
    assert os.listdir(tmp_path) == ["key"]


def test_what_a_killed_writer_left_is_no_blob(tmp_path: Path) -> None:
    program = (
        "import os, sys; from pathlib import Path; from segsweep.store.folder import FolderBlobs;"
        "os.fsync = lambda handle: os.kill(os.getpid(), 9);"
        "FolderBlobs(Path(sys.argv[1])).put('a/key', b'new')"
    )
    assert subprocess.run([sys.executable, "-c", program, str(tmp_path)], check=False).returncode == -9
    assert len(list((tmp_path / "a").iterdir())) == 1
    assert FolderBlobs(tmp_path).list("") == []


def test_a_bucket_that_is_not_there_is_named(s3_environment: None) -> None:
    with pytest.raises(StoreError, match=r"s3://no-such-bucket/runs/key: .*NoSuchBucket"):
        open_blobs("s3://no-such-bucket/runs").put("key", b"")


@pytest.mark.parametrize("address", ["gs://bucket", "s3://", "http://bucket/x"])
def test_other_addresses_are_refused(address: str) -> None:
    with pytest.raises(StoreError, match="a store is a folder or s3://bucket/prefix"):
        open_blobs(address)
