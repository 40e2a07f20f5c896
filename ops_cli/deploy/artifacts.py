"""Push the functions' zips to the artifacts bucket, under names that are hashes of what went into them."""

import json
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ops_cli.deploy.buckets import Bucket
from opscore.errors import NotFound, OpsError

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

AT_ONCE = 8
"""Transfers at the same time; the client's connection pool holds ten."""

_HINT = "`opsctl deploy plan` builds for an account, `make build` for the sandbox."


@dataclass(frozen=True)
class Artifact:
    """One function's zip on this machine and its name in the bucket."""

    role: str
    path: Path
    s3_key: str


def artifacts(manifest_path: Path) -> list[Artifact]:
    """Return the zips that a build manifest lists; raises `OpsError` when it, or one of them, is not there."""
    folder = manifest_path.parent
    try:
        functions: Mapping[str, Any] = json.loads(manifest_path.read_text(encoding="utf-8"))["functions"]
        found = [Artifact(role, folder / built["zip"], built["s3_key"]) for role, built in functions.items()]
    except FileNotFoundError:
        raise NotFound(f"There is no build manifest at {manifest_path}.", hint=_HINT) from None
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise OpsError(f"The build manifest {manifest_path} is damaged.", hint=_HINT) from error
    for artifact in found:
        if not artifact.path.is_file():
            raise NotFound(f"The zip of {artifact.role} is not at {artifact.path}.", hint=_HINT)
    return found


def push_artifacts(s3: "S3Client", bucket: Bucket, manifest_path: Path, report: Callable[[str], None]) -> int:
    """Upload the zips that `bucket` does not have yet and return how many that were.

    A name is the hash of the zip's inputs, so what is there is never replaced. To be called before a plan: plan and
    apply then name objects that exist. `report` gets a line for each upload.
    """
    listed = artifacts(manifest_path)
    with ThreadPoolExecutor(AT_ONCE) as pool:
        missing = [
            artifact
            for artifact, there in zip(listed, pool.map(lambda one: _is_there(s3, bucket, one), listed), strict=True)
            if not there
        ]
        for artifact in pool.map(lambda one: _upload(s3, bucket, one), missing):
            report(f"pushed {artifact.role} ({artifact.path.stat().st_size / 1e6:.1f} MB)")
    return len(missing)


def _is_there(s3: "S3Client", bucket: Bucket, artifact: Artifact) -> bool:
    try:
        s3.head_object(**bucket.named, Key=artifact.s3_key)
    except s3.exceptions.ClientError as error:
        # HEAD has no body, hence a bare status; without s3:ListBucket a missing object answers 403.
        if error.response["ResponseMetadata"]["HTTPStatusCode"] == 404:  # noqa: PLR2004
            return False
        raise
    return True


def _upload(s3: "S3Client", bucket: Bucket, artifact: Artifact) -> Artifact:
    try:
        with artifact.path.open("rb") as body:
            s3.put_object(**bucket.named, Key=artifact.s3_key, Body=body, ContentType="application/zip")
    except s3.exceptions.NoSuchBucket:
        raise bucket.missing() from None
    return artifact
