"""A bucket of another account is never written to, and never taken for one that is missing."""

from collections.abc import Callable
from typing import Any

import botocore.session
import pytest
from botocore.stub import Stubber

from ops_cli.deploy.artifacts import push_artifacts
from ops_cli.deploy.buckets import Bucket, check_bucket, make_bucket
from opscore.errors import ExitCode, NotFound, OpsError
from tests.ops_cli.deploy.conftest import write_manifest

OURS = Bucket("opsctl-state-123456789012-eu-west-1", "123456789012")
NAMED = {"Bucket": OURS.name, "ExpectedBucketOwner": "123456789012"}


@pytest.fixture
def s3() -> Any:
    session = botocore.session.Session()
    session.set_credentials("test", "test")
    return session.create_client("s3", "eu-west-1")


def make(s3: Any) -> None:
    make_bucket(s3, OURS, "eu-west-1")


def check(s3: Any) -> None:
    check_bucket(s3, OURS)


@pytest.mark.parametrize("use", [make, check])
def test_a_bucket_that_is_anothers_is_refused(s3: Any, use: Callable[[Any], None]) -> None:
    with Stubber(s3) as stub:
        stub.add_client_error("head_bucket", "403", http_status_code=403, expected_params=NAMED)
        with pytest.raises(OpsError, match="is not account 123456789012's") as told:
            use(s3)
    assert told.value.exit_code is ExitCode.REFUSED
    assert "--project" in told.value.hint


def test_a_name_that_another_takes_in_the_same_moment_is_refused(s3: Any) -> None:
    with Stubber(s3) as stub:
        stub.add_client_error("head_bucket", "404", http_status_code=404, expected_params=NAMED)
        stub.add_client_error("create_bucket", "BucketAlreadyExists", http_status_code=409)
        with pytest.raises(OpsError, match="is not account 123456789012's"):
            make(s3)


def test_a_missing_bucket_names_the_bootstrap(s3: Any) -> None:
    with Stubber(s3) as stub:
        stub.add_client_error("head_bucket", "404", http_status_code=404, expected_params=NAMED)
        with pytest.raises(NotFound) as told:
            check(s3)
    assert "deploy bootstrap" in told.value.hint


def test_every_request_of_a_push_says_whose_the_bucket_must_be(s3: Any, tmp_path: Any) -> None:
    sent: list[Any] = []
    s3.meta.events.register("provide-client-params.s3.*", lambda params, **_: sent.append(params))
    manifest = write_manifest(tmp_path)
    with Stubber(s3) as stub:
        stub.add_client_error("head_object", "404", http_status_code=404)
        stub.add_response("put_object", {})
        push_artifacts(s3, OURS, manifest, lambda _: None)
    assert len(sent) == 2
    assert all(NAMED.items() <= params.items() for params in sent)
