"""Datasets in a bucket, read through a bounded cache on this node."""

import os
from collections.abc import Callable
from functools import partial
from pathlib import PurePosixPath

from filelock import FileLock

from segsweep.data.cache import cache_folder, make_room, touch
from segsweep.data.image_files import SUFFIXES
from segsweep.errors import DataError
from segsweep.spec.canonical import digest
from segsweep.spec.datasets import FileDataset

_TABLES = (".json", ".csv", ".tsv")
_TEST_PART = ("imagesTs", "labelsTs")
"""Folders of test cases, which are read for `test: own` alone."""

OnBytes = Callable[[int, int], None]


def on_disk(dataset: FileDataset, on_bytes: OnBytes = lambda done, total: None) -> FileDataset:
    """The dataset as it lies on this node; one that lies in a bucket is copied first, as far as it has changed.

    Safe between processes: one copies, the others wait.

    Args:
        dataset: on disk or in a bucket.
        on_bytes: called with (bytes there, bytes in all) while it is copied.

    Raises:
        DataError: there is nothing of this name in the bucket, or no room on this node.
        StoreError: the bucket cannot be read.
    """
    if dataset.bucket is None:
        return dataset
    # boto3 costs 0.3 s that datasets on disk need not pay
    from segsweep.store.s3_client import s3_client  # noqa: PLC0415
    from segsweep.store.s3_mirror import S3Mirror  # noqa: PLC0415

    copies = cache_folder() / "buckets"
    prefix = dataset.folder.as_posix()
    # the same name behind another endpoint is another bucket
    endpoints = [os.environ.get("AWS_ENDPOINT_URL_S3"), os.environ.get("AWS_ENDPOINT_URL")]
    own_test = dataset.test is not None and dataset.test.own
    # a copy with and one without its test part lie beside each other, or each would throw the other's files away
    place = digest([*endpoints, prefix, *(_TEST_PART if own_test else ())])
    copy = copies / dataset.bucket.name / f"{dataset.folder.name}-{place}"
    copy.mkdir(parents=True, exist_ok=True)
    with FileLock(copies / dataset.bucket.name / f".{copy.name}.lock"):
        touch(copy)
        client = s3_client(anonymous=dataset.bucket.anonymous)
        mirror = S3Mirror(client, dataset.bucket.name, prefix, copy, partial(_is_read, own_test))
        if not mirror.files:
            raise DataError(f"datasets: {dataset.source}: {dataset.address}: no image or table there")
        if not mirror.is_current:
            make_room(copies, copy, mirror.size, mirror.lacking)
            done = mirror.size - mirror.lacking

            def arrived(count: int) -> None:
                nonlocal done
                done += count
                on_bytes(done, mirror.size)

            mirror.copy(arrived)
    here = copy if dataset.source != "datalist" else copy / dataset.path.name
    return dataset.model_copy(update={"path": here, "bucket": None})


def _is_read(own_test: bool, name: PurePosixPath) -> bool:
    in_test_part = bool(set(name.parts) & set(_TEST_PART))
    return name.name.lower().endswith((*SUFFIXES, *_TABLES)) and (own_test or not in_test_part)
