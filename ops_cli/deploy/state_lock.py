"""The lock of a Terraform state: a file beside the state, which a run that was killed leaves behind.

https://developer.hashicorp.com/terraform/language/backend/s3#state-locking
"""

import json
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

from ops_cli.deploy.buckets import Bucket
from opscore.errors import OpsError

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client


@dataclass(frozen=True)
class StateLock:
    """Who holds a state: `who` as user@host, `operation` such as apply, `since` with its zone."""

    id: str
    who: str
    operation: str
    since: datetime


def state_lock(s3: "S3Client", bucket: Bucket, state_key: str) -> StateLock | None:
    """Return the lock of the state under `state_key`; None when nobody holds it.

    Raises `NotFound` when the bucket is not there, `OpsError` when what lies there is no lock of Terraform's.
    """
    key = f"{state_key}.tflock"
    try:
        body = s3.get_object(**bucket.named, Key=key)["Body"].read()
    except s3.exceptions.NoSuchKey:
        return None
    except s3.exceptions.NoSuchBucket:
        raise bucket.missing() from None
    try:
        told = json.loads(body)
        operation = str(told["Operation"]).removeprefix("OperationType").lower()
        return StateLock(str(told["ID"]), str(told["Who"]), operation, datetime.fromisoformat(_seconds(told)))
    except (ValueError, KeyError, TypeError) as error:
        raise OpsError(
            f"s3://{bucket.name}/{key} is not a lock that Terraform wrote.",
            hint="When no run is under way, remove that object.",
        ) from error


def _seconds(told: dict[str, str]) -> str:
    """Return when the lock was taken without the fraction, which Go writes with as many digits as it likes."""
    return f"{told['Created'][:19]}+00:00"
