"""S3: who may read by a link, for how long, and from whose bucket."""

import http.client
import urllib.parse
import uuid
from typing import Any

import botocore.session
import pytest
from botocore.config import Config

from ops_cli.clone.record import REGION
from tests.emulator.emulated_account import Account, eventually


def _bucket(account: Account) -> str:
    name = f"bucket-{uuid.uuid4().hex[:8]}"
    s3 = account.client("s3")
    s3.create_bucket(Bucket=name, CreateBucketConfiguration={"LocationConstraint": REGION})
    s3.put_object(Bucket=name, Key="report.csv", Body=b"a,b")
    return name


def _signing(account: Account, version: str) -> Any:
    session: Any = botocore.session.Session()
    return session.create_client(
        "s3",
        region_name=REGION,
        endpoint_url=account.emulator.endpoint,
        config=Config(signature_version=version, proxies={}),
        aws_access_key_id="test",
        aws_secret_access_key="test",
    )


def _get(url: str) -> tuple[int, str]:
    parts = urllib.parse.urlsplit(url)
    connection = http.client.HTTPConnection(parts.netloc, timeout=10)
    connection.request("GET", f"{parts.path}?{parts.query}")
    answer = connection.getresponse()
    found = answer.status, answer.read().decode()
    connection.close()
    return found


@pytest.mark.parametrize("version", ["s3v4", "s3"])
def test_a_link_works_until_it_expires(account: Account, version: str) -> None:
    s3, asked = _signing(account, version), {"Bucket": _bucket(account), "Key": "report.csv"}
    lasting = s3.generate_presigned_url("get_object", Params=asked, ExpiresIn=600)
    short = s3.generate_presigned_url("get_object", Params=asked, ExpiresIn=1)
    assert _get(lasting) == (200, "a,b")
    status, text = eventually(lambda: (answer := _get(short))[0] != 200 and answer, "the end of the short link")
    assert (status, "<Code>AccessDenied</Code>" in text, "Request has expired" in text) == (403, True, True)
    assert _get(lasting) == (200, "a,b")


def test_a_bucket_of_another_owner_than_expected_is_refused(account: Account) -> None:
    s3, name, other = account.client("s3"), _bucket(account), _bucket(account)
    own, foreign = "000000000000", "111111111111"
    copy = {"Bucket": name, "Key": "copy.csv", "CopySource": f"{other}/report.csv"}
    s3.head_bucket(Bucket=name, ExpectedBucketOwner=own)
    s3.put_object(Bucket=name, Key="new", Body=b"1", ExpectedBucketOwner=own)
    s3.copy_object(**copy, ExpectedBucketOwner=own, ExpectedSourceBucketOwner=own)
    refused: dict[str, dict[str, Any]] = {
        "head_bucket": {"Bucket": name, "ExpectedBucketOwner": foreign},
        "get_object": {"Bucket": name, "Key": "report.csv", "ExpectedBucketOwner": foreign},
        "put_object": {"Bucket": name, "Key": "report.csv", "Body": b"2", "ExpectedBucketOwner": foreign},
        "list_objects_v2": {"Bucket": name, "ExpectedBucketOwner": foreign},
        "delete_object": {"Bucket": name, "Key": "report.csv", "ExpectedBucketOwner": foreign},
        "copy_object": {**copy, "ExpectedBucketOwner": own, "ExpectedSourceBucketOwner": foreign},
    }
    for operation, asked in refused.items():
        with pytest.raises(s3.exceptions.ClientError) as error:
            getattr(s3, operation)(**asked)
        assert error.value.response["ResponseMetadata"]["HTTPStatusCode"] == 403
        assert error.value.response["Error"]["Code"] == ("403" if operation == "head_bucket" else "AccessDenied")
    assert s3.get_object(Bucket=name, Key="report.csv")["Body"].read() == b"a,b"
    asked = {"Bucket": name, "Key": "report.csv", "ExpectedBucketOwner": foreign}
    assert _get(s3.generate_presigned_url("get_object", Params=asked))[0] == 403
