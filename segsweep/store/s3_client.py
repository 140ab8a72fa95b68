"""The S3 client of this process's environment."""

from typing import Any

import boto3
from botocore import UNSIGNED
from botocore.config import Config


def s3_client(*, anonymous: bool = False, region: str | None = None) -> Any:
    """A client with bounded waits.

    Endpoint, region and credentials come from the environment as boto3 reads it: `AWS_ENDPOINT_URL_S3`,
    `AWS_ACCESS_KEY_ID`, … .

    Args:
        anonymous: sign nothing, as open buckets want it.
        region: of the bucket; None = by the environment.
    """
    settings = Config(
        connect_timeout=5,
        read_timeout=60,
        retries={"mode": "standard", "max_attempts": 5},
        **({"signature_version": UNSIGNED} if anonymous else {}),
    )
    return boto3.client("s3", config=settings, region_name=region)
