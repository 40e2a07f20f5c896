"""The deploy ledger: what was pushed for an environment, when, from which commit and by whom, kept beside the zips.

One object for each push, `deploys/ENVIRONMENT/TIME-COMMIT.json` in the artifacts bucket, which nobody overwrites. It
holds the build's manifest whole, so that what was deployed can be destroyed or gone back to without a build.
"""

import json
import subprocess
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ops_cli.deploy.buckets import Bucket
from opscore.errors import OpsError

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

SCHEMA_VERSION = 1


@dataclass(frozen=True)
class Commit:
    """The commit that a clone is at, and whether tracked files differ from it."""

    id: str
    is_changed: bool


@dataclass(frozen=True)
class Push:
    """One entry: `by` is the caller's ARN, `pushed` how many zips the bucket lacked; without git there is no commit."""

    environment: str
    at: datetime
    by: str
    commit: Commit | None
    version: str
    pushed: int
    manifest: Mapping[str, Any]

    @property
    def key(self) -> str:
        """The object's key; keys sort by time."""
        commit = self.commit.id[:12] if self.commit else "no-commit"
        return f"{_prefix(self.environment)}{self.at:%Y%m%dT%H%M%S.%fZ}-{commit}.json"

    def plain(self) -> dict[str, Any]:
        """Return the entry as the object holds it."""
        return {
            "schema_version": SCHEMA_VERSION,
            "environment": self.environment,
            "at": self.at.isoformat(),
            "by": self.by,
            "commit": self.commit.id if self.commit else None,
            "is_changed": self.commit.is_changed if self.commit else None,
            "opsctl": self.version,
            "functions": len(self.manifest["functions"]),
            "pushed": self.pushed,
            "manifest": self.manifest,
        }


def note_push(s3: "S3Client", bucket: Bucket, push: Push) -> None:
    """Write one entry; it is never overwritten."""
    body = json.dumps(push.plain(), indent=2).encode()
    s3.put_object(**bucket.named, Key=push.key, Body=body, ContentType="application/json", IfNoneMatch="*")


def newest_manifest(s3: "S3Client", bucket: Bucket, environment: str) -> Mapping[str, Any] | None:
    """Return the manifest of the newest push for `environment`; None when there was none, or no bucket."""
    try:
        newest = max(_keys(s3, bucket, environment), default=None)
    except s3.exceptions.NoSuchBucket:
        return None
    if newest is None:
        return None
    body = s3.get_object(**bucket.named, Key=newest)["Body"].read()
    try:
        manifest: Mapping[str, Any] = json.loads(body)["manifest"]
        return manifest if manifest["functions"] else None
    except (ValueError, KeyError, TypeError) as error:
        raise OpsError(
            f"The ledger's entry s3://{bucket.name}/{newest} is damaged.", hint="`opsctl deploy push` writes a new one."
        ) from error


def commit_of(root: Path) -> Commit | None:
    """Return the commit of the clone at `root`; None without git, or where there is no repository."""
    head = _git(root, "rev-parse", "HEAD")
    if head is None:
        return None
    return Commit(head, bool(_git(root, "status", "--porcelain", "--untracked-files=no")))


def _git(root: Path, *arguments: str) -> str | None:
    try:
        answer = subprocess.run(["git", "-C", root, *arguments], capture_output=True, text=True, check=True)
    except (OSError, subprocess.CalledProcessError):
        return None
    return answer.stdout.strip()


def _keys(s3: "S3Client", bucket: Bucket, environment: str) -> Iterator[str]:
    for page in s3.get_paginator("list_objects_v2").paginate(**bucket.named, Prefix=_prefix(environment)):
        yield from (entry["Key"] for entry in page.get("Contents", ()))


def _prefix(environment: str) -> str:
    return f"deploys/{environment}/"
