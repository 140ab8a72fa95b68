"""The Decathlon's tasks from a bucket like the open one."""

import io
import tarfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from tiny_datasets import write_decathlon

from segsweep.data import decathlon
from segsweep.data.decathlon import fetch_task
from segsweep.data.msd import scan_msd
from segsweep.errors import DataError
from segsweep.store.s3_client import s3_client

OPEN = "public-read"


@pytest.fixture
def client(s3_environment: None) -> Iterator[Any]:
    client = s3_client()
    client.create_bucket(Bucket=decathlon.BUCKET)
    yield client
    for entry in client.list_objects_v2(Bucket=decathlon.BUCKET).get("Contents", ()):
        client.delete_object(Bucket=decathlon.BUCKET, Key=entry["Key"])
    client.delete_bucket(Bucket=decathlon.BUCKET)


def put_task(client: Any, folder: Path, name: str) -> None:
    task = write_decathlon(folder / name, 3)
    archive = io.BytesIO()
    with tarfile.open(fileobj=archive, mode="w") as content:
        content.add(task, name)
    client.put_object(Bucket=decathlon.BUCKET, Key=f"{name}.tar", Body=archive.getvalue(), ACL=OPEN)


def ignore(done: int, total: int) -> None:
    pass


def test_a_task_is_fetched_unpacked_and_read(client: Any, tmp_path: Path) -> None:
    put_task(client, tmp_path / "theirs", "Task04_Hippocampus")
    moved: list[tuple[int, int]] = []
    found = fetch_task("hippocampus", tmp_path / "mine", lambda done, total: moved.append((done, total)))
    assert found == tmp_path / "mine" / "Task04_Hippocampus"
    assert len(scan_msd(found, "auto").cases) == 3
    assert moved[-1][0] == moved[-1][1]
    assert [path.name for path in (tmp_path / "mine").iterdir()] == ["Task04_Hippocampus"]


def test_what_is_there_is_not_fetched_again(client: Any, tmp_path: Path) -> None:
    put_task(client, tmp_path / "theirs", "Task04_Hippocampus")
    found = fetch_task("Task04", tmp_path / "mine", ignore)
    client.put_object(Bucket=decathlon.BUCKET, Key="Task04_Hippocampus.tar", Body=b"no archive", ACL=OPEN)
    assert fetch_task("Task04", tmp_path / "mine", ignore) == found


def test_an_archive_that_is_none_leaves_nothing(client: Any, tmp_path: Path) -> None:
    client.put_object(Bucket=decathlon.BUCKET, Key="Task04_Hippocampus.tar", Body=b"no archive", ACL=OPEN)
    with pytest.raises(DataError, match="cannot be unpacked"):
        fetch_task("Task04_Hippocampus", tmp_path, ignore)
    assert list(tmp_path.iterdir()) == []


def test_an_archive_of_something_else(client: Any, tmp_path: Path) -> None:
    put_task(client, tmp_path / "theirs", "Task04_Hippocampus")
    client.copy_object(
        Bucket=decathlon.BUCKET,
        Key="Task02_Heart.tar",
        CopySource=f"{decathlon.BUCKET}/Task04_Hippocampus.tar",
        ACL=OPEN,
    )
    with pytest.raises(DataError, match=r"holds no Task02_Heart/dataset.json$"):
        fetch_task("heart", tmp_path / "mine", ignore)
    assert not (tmp_path / "mine" / "Task02_Heart").exists()


@pytest.mark.parametrize("name", ["../outside", "/outside", "Task04_Hippocampus/link"])
def test_an_archive_that_reaches_out_of_its_folder(client: Any, tmp_path: Path, name: str) -> None:
    """Whatever the Python: its own filter came with 3.11.4."""
    member = tarfile.TarInfo(name)
    if name.endswith("link"):
        member.type, member.linkname = tarfile.SYMTYPE, "/etc/passwd"
    archive = io.BytesIO()
    with tarfile.open(fileobj=archive, mode="w") as content:
        content.addfile(member)
    client.put_object(Bucket=decathlon.BUCKET, Key="Task04_Hippocampus.tar", Body=archive.getvalue(), ACL=OPEN)
    with pytest.raises(DataError, match=rf"cannot be unpacked: {name} is no file or folder inside it$"):
        fetch_task("hippocampus", tmp_path / "mine", ignore)
    assert list((tmp_path / "mine").iterdir()) == []


def test_a_name_that_no_task_or_several_have(client: Any, tmp_path: Path) -> None:
    for name in ("Task02_Heart", "Task04_Hippocampus"):
        put_task(client, tmp_path / "theirs", name)
    for name in ("Task0", "kidney"):
        with pytest.raises(DataError) as caught:
            fetch_task(name, tmp_path / "mine", ignore)
        assert str(caught.value) == (
            f"{name}: no task, or several, of this name; known: Task02_Heart, Task04_Hippocampus"
        )
