"""Datasets in a bucket: read through a bounded cache, and the same dataset as on disk."""

import hashlib
import os
import time
from pathlib import Path
from typing import Any

import pytest
import yaml
from grids import tiny_sweep
from tiny_datasets import move_to_test_part, write_decathlon, write_pictures

from segsweep.data.cache import cache_folder
from segsweep.data.check import check
from segsweep.data.decode_dataset import decode_dataset
from segsweep.data.facts import scan
from segsweep.data.on_disk import on_disk
from segsweep.errors import DataError, GridError
from segsweep.orchestration.planning import plan_sweep
from segsweep.spec.datasets import FileDataset, parse_datasets
from segsweep.spec.grid import parse_sweep
from segsweep.store.s3_client import s3_client


@pytest.fixture
def client(s3_environment: None) -> Any:
    return s3_client()


@pytest.fixture
def bucket(client: Any, tmp_path: Path) -> str:
    name = "sets-" + hashlib.md5(str(tmp_path).encode()).hexdigest()
    client.create_bucket(Bucket=name)
    return name


def upload(client: Any, bucket: str, prefix: str, folder: Path, **further: str) -> None:
    for path in folder.rglob("*"):
        if path.is_file():
            client.upload_file(str(path), bucket, f"{prefix}/{path.relative_to(folder)}", ExtraArgs=further)


def dataset(**block: object) -> FileDataset:
    (found,) = parse_datasets(block, {})
    assert isinstance(found, FileDataset)
    return found


def ids(tmp_path: Path, block: dict[str, object]) -> list[str]:
    grid = tmp_path / "grid.yaml"
    grid.write_text(tiny_sweep(datasets={**block, "size": [16, 16, 16], "name": "any"}))
    return [trial.id for trial in plan_sweep(grid).plan.trials]


def test_a_dataset_has_the_same_trials_wherever_it_lies(client: Any, bucket: str, tmp_path: Path) -> None:
    folder = write_decathlon(tmp_path / "Task99", 6)
    upload(client, bucket, "open/Task99", folder)
    assert ids(tmp_path, {"msd": f"s3://{bucket}/open/Task99"}) == ids(tmp_path, {"msd": str(folder)})
    where = f"s3://{bucket}/open/Task99/dataset.json"
    assert ids(tmp_path, {"datalist": where}) == ids(tmp_path, {"datalist": str(folder / "dataset.json")})


def test_it_is_copied_once(client: Any, bucket: str, tmp_path: Path) -> None:
    upload(client, bucket, "a/set", write_pictures(tmp_path / "set", 6))
    block = dataset(folder=f"s3://{bucket}/a/set")
    moved: list[tuple[int, int]] = []
    here = on_disk(block, lambda done, total: moved.append((done, total)))
    assert here.bucket is None
    assert moved[-1][0] == moved[-1][1] == sum(path.stat().st_size for path in (tmp_path / "set").rglob("*.png"))
    moved.clear()
    assert on_disk(block, lambda done, total: moved.append((done, total))) == here
    assert moved == []
    assert len(decode_dataset(block, "fingerprint").cases) == 6


def test_a_change_in_the_bucket_is_seen(client: Any, bucket: str, tmp_path: Path) -> None:
    folder = write_pictures(tmp_path / "set", 6)
    upload(client, bucket, "set", folder)
    block = dataset(folder=f"s3://{bucket}/set")
    assert len(scan(block).cases) == 6
    for kind in ("images", "masks"):
        client.delete_object(Bucket=bucket, Key=f"set/{kind}/case-05.png")
    assert len(scan(block).cases) == 5


def test_test_cases_and_other_files_are_left_where_they_are(client: Any, bucket: str, tmp_path: Path) -> None:
    folder = write_decathlon(tmp_path / "set", 6)
    upload(client, bucket, "set", folder)
    upload(client, bucket, "set/imagesTs", folder / "imagesTr")
    client.put_object(Bucket=bucket, Key="set/weights.pt", Body=b"large")
    here = on_disk(dataset(msd=f"s3://{bucket}/set")).path
    assert sorted(path.name for path in here.glob("[!.]*")) == ["dataset.json", "imagesTr", "labelsTr"]


def test_its_own_test_set_is_copied_where_it_is_wanted(client: Any, bucket: str, tmp_path: Path) -> None:
    folder = move_to_test_part(write_decathlon(tmp_path / "set", 6), ("case_002", "case_005"))
    upload(client, bucket, "set", folder)
    for test in ({"test": "own"}, {}, {"test": "own"}):
        block = {"msd": f"s3://{bucket}/set", **test}
        assert ids(tmp_path, block) == ids(tmp_path, {**block, "msd": str(folder)})
    copies = {copy.name for copy in cache_folder().glob("buckets/*/[!.]*")}
    assert len(copies) == 2


def test_it_is_checked_where_it_lies(client: Any, bucket: str, tmp_path: Path) -> None:
    folder = write_decathlon(tmp_path / "set", 6)
    upload(client, bucket, "set", folder)
    client.upload_file(str(folder / "imagesTr" / "case_000.nii.gz"), bucket, "set/imagesTr/case_999.nii.gz")
    block = dataset(msd=f"s3://{bucket}/set")
    found = check(block)
    assert found.problems == []
    assert [path.name for path in found.orphans] == ["case_999.nii.gz"]
    (proposed,) = parse_datasets(yaml.safe_load(str(found.block))[0], {})
    assert scan(proposed) == scan(block)  # type: ignore[arg-type]


class TestBound:
    def age(self, days: float) -> None:
        for used in cache_folder().rglob(".used"):
            os.utime(used, (time.time() - days * 86400,) * 2)

    def copies(self) -> set[str]:
        return {path.name.rpartition("-")[0] for path in cache_folder().glob("buckets/*/[!.]*")}

    def test_what_was_not_used_for_longest_makes_room(
        self, client: Any, bucket: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        size = 0
        for name in ("one", "two", "three"):
            folder = write_pictures(tmp_path / name, 4)
            size = sum(path.stat().st_size for path in folder.rglob("*.png"))
            upload(client, bucket, name, folder)
        # room for two, with what the cache notes of them
        monkeypatch.setenv("SEGSWEEP_CACHE_GIB", str((2 * size + 4000) / 2**30))
        on_disk(dataset(folder=f"s3://{bucket}/one"))
        self.age(days=2)
        on_disk(dataset(folder=f"s3://{bucket}/two"))
        assert self.copies() == {"one", "two"}
        on_disk(dataset(folder=f"s3://{bucket}/three"))
        assert self.copies() == {"two", "three"}

    def test_what_is_in_use_is_not_thrown_away(
        self, client: Any, bucket: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        for name in ("one", "two"):
            upload(client, bucket, name, write_pictures(tmp_path / name, 4))
        size = sum(path.stat().st_size for path in (tmp_path / "one").rglob("*.png"))
        monkeypatch.setenv("SEGSWEEP_CACHE_GIB", str(1.5 * size / 2**30))
        on_disk(dataset(folder=f"s3://{bucket}/one"))
        with pytest.raises(DataError, match="GiB do not fit into"):
            on_disk(dataset(folder=f"s3://{bucket}/two"))
        assert "one" in self.copies()

    @pytest.mark.parametrize("given", ["0", "much", "inf", "-1"])
    def test_a_bound_that_is_none(
        self, client: Any, bucket: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, given: str
    ) -> None:
        upload(client, bucket, "one", write_pictures(tmp_path / "one", 4))
        monkeypatch.setenv("SEGSWEEP_CACHE_GIB", given)
        with pytest.raises(DataError, match=f"^SEGSWEEP_CACHE_GIB: a positive number of GiB, got '{given}'$"):
            on_disk(dataset(folder=f"s3://{bucket}/one"))


def test_a_prefix_with_nothing_in_it(client: Any, bucket: str) -> None:
    with pytest.raises(DataError) as caught:
        on_disk(dataset(msd=f"s3://{bucket}/nothing/here"))
    assert str(caught.value) == f"datasets: msd: s3://{bucket}/nothing/here: no image or table there"


def test_an_open_bucket_is_asked_without_a_signature(
    client: Any, bucket: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    upload(client, bucket, "set", write_pictures(tmp_path / "set", 2), ACL="public-read")
    monkeypatch.delenv("AWS_ACCESS_KEY_ID")
    monkeypatch.delenv("AWS_SECRET_ACCESS_KEY")
    monkeypatch.setenv("AWS_CONFIG_FILE", str(tmp_path / "none"))
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", str(tmp_path / "none"))
    assert len(scan(dataset(folder=f"s3://{bucket}/set", anonymous=True)).cases) == 2


@pytest.mark.parametrize(
    ("block", "expected"),
    [
        ({"msd": "s3://bucket"}, "datasets[0]: a dataset in a bucket is `s3://bucket/prefix`, got 's3://bucket'"),
        ({"msd": "/data", "anonymous": True}, "datasets[0]: anonymous: is for datasets in a bucket, `s3://bucket/pr"),
        ({"msd": "s3://b/p", "anonymous": 3}, "datasets[0].bucket.anonymous: input should be a valid boolean, unable"),
    ],
)
def test_addresses_that_are_none(block: dict[str, object], expected: str) -> None:
    with pytest.raises(GridError) as caught:
        parse_sweep(yaml.safe_dump({"name": "a", "datasets": block, "grid": [{"loss": "ce"}]}))
    assert str(caught.value).startswith(expected)
