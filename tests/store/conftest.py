"""The same obligations for a folder and for a bucket behind a real S3 API."""

from pathlib import Path

import pytest

from segsweep.store.blobs import Blobs
from segsweep.store.folder import FolderBlobs
from segsweep.store.open import open_blobs
from segsweep.store.s3_client import s3_client


@pytest.fixture(params=["folder", "s3"])
def blobs(request: pytest.FixtureRequest, tmp_path: Path) -> Blobs:
    if request.param == "folder":
        return FolderBlobs(tmp_path / "store")
    request.getfixturevalue("s3_environment")
    bucket = tmp_path.name.replace("_", "-").lower().strip("-")
    s3_client().create_bucket(Bucket=bucket)
    return open_blobs(f"s3://{bucket}/some/prefix")
