"""Every push is on record, with the manifest that a later destroy needs."""

import datetime as dt
import json
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import boto3
import pytest
from botocore.exceptions import ClientError
from moto import mock_aws

from ops_cli.deploy.buckets import Bucket
from ops_cli.deploy.ledger import Commit, Push, commit_of, newest_manifest, note_push
from opscore.errors import OpsError

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

BUCKET = Bucket("artifacts", "123456789012")
AT = dt.datetime(2026, 11, 29, 3, 5, tzinfo=dt.UTC)


@pytest.fixture
def s3(monkeypatch: pytest.MonkeyPatch) -> "Iterator[S3Client]":
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "test")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "test")
    with mock_aws():
        client = boto3.client("s3", "us-east-1")
        client.create_bucket(Bucket="artifacts")
        yield client


def push(environment: str = "prod", at: dt.datetime = AT, key: str = "k", commit: Commit | None = None) -> Push:
    functions = {"report-request": {"key": key}}
    return Push(environment, at, "arn:aws:iam::123456789012:user/ada", commit, "0.1.0", 1, {"functions": functions})


def test_an_entry_says_who_pushed_what_from_which_commit(s3: "S3Client") -> None:
    entry = push(commit=Commit("0123456789abcdef", is_changed=True))
    note_push(s3, BUCKET, entry)
    assert entry.key == "deploys/prod/20261129T030500.000000Z-0123456789ab.json"
    said = json.loads(s3.get_object(Bucket="artifacts", Key=entry.key)["Body"].read())
    assert said == {
        "schema_version": 1,
        "environment": "prod",
        "at": "2026-11-29T03:05:00+00:00",
        "by": "arn:aws:iam::123456789012:user/ada",
        "commit": "0123456789abcdef",
        "is_changed": True,
        "opsctl": "0.1.0",
        "functions": 1,
        "pushed": 1,
        "manifest": {"functions": {"report-request": {"key": "k"}}},
    }


def test_an_entry_is_never_overwritten(s3: "S3Client") -> None:
    note_push(s3, BUCKET, push())
    with pytest.raises(ClientError, match="PreconditionFailed"):
        note_push(s3, BUCKET, push(key="other"))


def test_the_newest_push_of_the_environment_counts(s3: "S3Client") -> None:
    assert newest_manifest(s3, BUCKET, "prod") is None
    for minutes, key in ((2, "newest"), (0, "old"), (1, "older")):
        note_push(s3, BUCKET, push(at=AT + dt.timedelta(minutes=minutes), key=key))
    note_push(s3, BUCKET, push("prod-eu", at=AT + dt.timedelta(days=1), key="another"))
    assert newest_manifest(s3, BUCKET, "prod") == {"functions": {"report-request": {"key": "newest"}}}
    assert newest_manifest(s3, Bucket("nowhere", "123456789012"), "prod") is None


def test_a_damaged_entry_is_a_sentence(s3: "S3Client") -> None:
    s3.put_object(Bucket="artifacts", Key="deploys/prod/x.json", Body=b"{")
    with pytest.raises(OpsError, match=r"s3://artifacts/deploys/prod/x.json is damaged") as told:
        newest_manifest(s3, BUCKET, "prod")
    assert "deploy push" in told.value.hint


def test_the_commit_is_that_of_the_clone(tmp_path: Path) -> None:
    assert commit_of(tmp_path) is None
    (tmp_path / "a").write_text("1")
    author = ("-c", "user.name=ada", "-c", "user.email=ada@example.com")
    for line in (("init", "-q"), ("add", "a"), (*author, "commit", "-qm", "one")):
        subprocess.run(["git", "-C", tmp_path, *line], check=True)
    at = commit_of(tmp_path)
    assert at
    assert (len(at.id), at.is_changed) == (40, False)
    (tmp_path / "a").write_text("2")
    assert commit_of(tmp_path) == Commit(at.id, is_changed=True)
