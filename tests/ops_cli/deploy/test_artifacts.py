from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import boto3
import pytest
from moto import mock_aws

from ops_cli.deploy.artifacts import artifacts, push_artifacts
from ops_cli.deploy.buckets import Bucket
from opscore.errors import NotFound, OpsError
from tests.ops_cli.deploy.conftest import write_manifest

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

ARTIFACTS = Bucket("artifacts", "123456789012")
ROLES = [f"service-{number}" for number in range(12)]


@pytest.fixture
def s3(monkeypatch: pytest.MonkeyPatch) -> "Iterator[S3Client]":
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "test")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "test")
    with mock_aws():
        client = boto3.client("s3", "us-east-1")
        client.create_bucket(Bucket="artifacts")
        yield client


def keys(s3: "S3Client") -> list[str]:
    return [entry["Key"] for entry in s3.list_objects_v2(Bucket="artifacts").get("Contents", [])]


def test_every_zip_is_pushed_under_the_name_of_its_key(s3: "S3Client", tmp_path: Path) -> None:
    heard: list[str] = []
    assert push_artifacts(s3, ARTIFACTS, write_manifest(tmp_path, ROLES), heard.append) == 12
    assert keys(s3) == sorted(f"lambda/{role}/{role}-key.zip" for role in ROLES)
    assert (
        s3.get_object(Bucket="artifacts", Key="lambda/service-3/service-3-key.zip")["Body"].read()
        == b"zip of service-3"
    )
    assert len(heard) == 12
    assert heard[3].startswith("pushed service-3 ")


def test_what_is_there_already_is_left_alone(s3: "S3Client", tmp_path: Path) -> None:
    s3.put_object(Bucket="artifacts", Key="lambda/service-3/service-3-key.zip", Body=b"the very same inputs")
    manifest = write_manifest(tmp_path, ROLES)
    assert push_artifacts(s3, ARTIFACTS, manifest, lambda _: None) == 11
    assert push_artifacts(s3, ARTIFACTS, manifest, lambda _: None) == 0
    assert (
        s3.get_object(Bucket="artifacts", Key="lambda/service-3/service-3-key.zip")["Body"].read()
        == b"the very same inputs"
    )


def test_an_account_without_the_bucket_is_told_how_to_get_it(s3: "S3Client", tmp_path: Path) -> None:
    with pytest.raises(OpsError, match="There is no bucket nowhere") as raised:
        push_artifacts(s3, Bucket("nowhere", "123456789012"), write_manifest(tmp_path), lambda _: None)
    assert "opsctl deploy bootstrap" in raised.value.hint


def test_a_build_that_was_not_made_or_lost_a_zip_is_named(s3: "S3Client", tmp_path: Path) -> None:
    with pytest.raises(NotFound, match="no build manifest"):
        push_artifacts(s3, ARTIFACTS, tmp_path / "manifest.json", lambda _: None)
    manifest = write_manifest(tmp_path, ROLES)
    (tmp_path / "service-3.zip").unlink()
    with pytest.raises(NotFound, match="The zip of service-3 is not at") as raised:
        push_artifacts(s3, ARTIFACTS, manifest, lambda _: None)
    assert "make build" in raised.value.hint
    assert keys(s3) == []


@pytest.mark.parametrize("text", ["", "{", "[]", "{}", '{"functions": {"a": {}}}', '{"functions": {"a": 1}}', "\x00"])
def test_a_damaged_manifest_is_named(tmp_path: Path, text: str) -> None:
    manifest = write_manifest(tmp_path)
    manifest.write_text(text)
    with pytest.raises(OpsError, match=r"manifest\.json is damaged"):
        artifacts(manifest)
