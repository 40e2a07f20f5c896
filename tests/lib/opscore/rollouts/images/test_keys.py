"""Whether Auto Scaling may use a key: moto's KMS for policies and grants, botocore's Stubber for other accounts."""

import json
from collections.abc import Iterator
from typing import Any

import boto3
import pytest
from botocore.exceptions import ClientError
from botocore.stub import Stubber
from moto import mock_aws

from opscore.rollouts.images import key_policy
from opscore.rollouts.images.keys import NEEDED, KeyReader, KeyUse

OWN, OTHER = "123456789012", "444455556666"
ROLE = f"arn:aws:iam::{OWN}:role/aws-service-role/autoscaling.amazonaws.com/AWSServiceRoleForAutoScaling"
FOREIGN = f"arn:aws:kms:eu-west-1:{OTHER}:key/1a2b3c4d-5e6f-1a2b-3c4d-5e6f1a2b3c4d"
WHOLE_ACCOUNT = {
    "Effect": "Allow",
    "Principal": {"AWS": f"arn:aws:iam::{OWN}:root"},
    "Action": "kms:*",
    "Resource": "*",
}
USE = {
    "Effect": "Allow",
    "Principal": {"AWS": [ROLE]},
    "Action": ["kms:Encrypt", "kms:Decrypt", "kms:ReEncrypt*", "kms:GenerateDataKey*", "kms:DescribeKey"],
    "Resource": "*",
}
GRANT = {
    "Effect": "Allow",
    "Principal": {"AWS": [ROLE]},
    "Action": ["kms:CreateGrant"],
    "Resource": "*",
    "Condition": {"Bool": {"kms:GrantIsForAWSResource": True}},
}
GRANTED = ["Encrypt", "Decrypt", "ReEncryptFrom", "ReEncryptTo", "GenerateDataKey", "GenerateDataKeyWithoutPlaintext"]


def policy(*statements: dict[str, Any]) -> str:
    return json.dumps({"Version": "2012-10-17", "Statement": [WHOLE_ACCOUNT, *statements]})


def client() -> Any:
    make: Any = boto3.client
    return make("kms", region_name="eu-west-1", aws_access_key_id="testing", aws_secret_access_key="testing")


@pytest.fixture
def kms() -> Iterator[Any]:
    with mock_aws():
        yield client()


def made(kms: Any, *statements: dict[str, Any]) -> str:
    """Return the ARN of a new key with these statements beside the one that trusts the account."""
    arn: str = kms.create_key(Policy=policy(*statements))["KeyMetadata"]["Arn"]
    return arn


def use(kms: Any, key: str, role: str = ROLE) -> KeyUse:
    return KeyReader(kms, role, OWN).uses([key, key, ""])[key]


def test_the_policy_that_aws_tells_people_to_write_is_enough(kms: Any) -> None:
    assert use(kms, made(kms, USE, GRANT)).usable is True


def test_a_policy_that_trusts_the_whole_account_is_not_enough_for_a_service_linked_role(kms: Any) -> None:
    found = use(kms, made(kms))
    assert found.usable is False
    assert "CreateGrant, Decrypt, DescribeKey" in found.why


def test_what_is_lacking_is_named(kms: Any) -> None:
    found = use(kms, made(kms, USE))
    assert (found.usable, found.why) == (False, f"{ROLE} has no CreateGrant on it")


def test_a_grant_to_the_role_fills_what_the_policy_lacks(kms: Any) -> None:
    key = made(kms, GRANT)
    kms.create_grant(KeyId=key, GranteePrincipal=ROLE, Operations=[*GRANTED, "DescribeKey"])
    assert use(kms, key).usable is True


def test_a_grant_to_somebody_else_is_none_and_one_with_constraints_is_not_known(kms: Any) -> None:
    everything = [*GRANTED, "DescribeKey", "CreateGrant"]
    others = made(kms)
    kms.create_grant(KeyId=others, GranteePrincipal=f"{ROLE}_other", Operations=everything)
    assert use(kms, others).usable is False
    limited = made(kms)
    constraints = {"EncryptionContextSubset": {"aws:ebs:id": "vol-1"}}
    kms.create_grant(KeyId=limited, GranteePrincipal=ROLE, Operations=everything, Constraints=constraints)
    assert use(kms, limited).usable is None


def test_a_key_that_is_disabled_or_gone_cannot_be_used(kms: Any) -> None:
    key = made(kms, USE, GRANT)
    kms.disable_key(KeyId=key.rsplit("/", 1)[1])
    assert use(kms, key) == KeyUse(key, usable=False, why="the key is Disabled")
    assert use(kms, key.rsplit("/", 1)[0] + "/1a2b3c4d-5e6f-1a2b-3c4d-5e6f1a2b3c4d").why == "the key does not exist"


def test_without_the_role_nothing_is_known(kms: Any) -> None:
    assert use(kms, made(kms, USE, GRANT), role="").usable is None


def metadata(account: str, manager: str = "CUSTOMER") -> dict[str, Any]:
    return {"KeyMetadata": {"KeyId": FOREIGN, "AWSAccountId": account, "KeyManager": manager, "KeyState": "Enabled"}}


def grants(*given: dict[str, Any], more: str = "") -> dict[str, Any]:
    whole = [{"KeyId": FOREIGN, "GranteePrincipal": ROLE, **grant} for grant in given]
    return {"Grants": whole, "Truncated": bool(more), **({"NextMarker": more} if more else {})}


def test_the_key_of_another_account_needs_a_grant_and_every_page_of_grants_is_read() -> None:
    kms = client()
    with Stubber(kms) as stubber:
        stubber.add_response("describe_key", metadata(OTHER))
        stubber.add_response("list_grants", grants({"Operations": GRANTED}, more="next"))
        last = grants({"Operations": ["DescribeKey", "CreateGrant"]})
        stubber.add_response("list_grants", last, {"KeyId": FOREIGN, "Limit": 100, "Marker": "next"})
        assert use(kms, FOREIGN).usable is True
        stubber.add_response("describe_key", metadata(OTHER))
        stubber.add_response("list_grants", grants())
        assert use(kms, FOREIGN).usable is False


@pytest.mark.parametrize(("account", "usable"), [(OWN, True), (OTHER, False)])
def test_an_aws_managed_key_serves_its_own_account_and_no_other(account: str, *, usable: bool) -> None:
    kms = client()
    with Stubber(kms) as stubber:
        stubber.add_response("describe_key", metadata(account, "AWS"))
        assert use(kms, FOREIGN).usable is usable


def test_what_the_caller_may_not_read_is_not_known_and_other_errors_are_passed_on() -> None:
    kms = client()
    with Stubber(kms) as stubber:
        stubber.add_client_error("describe_key", "AccessDeniedException")
        assert use(kms, FOREIGN).why == "this caller may not read the key"
        stubber.add_response("describe_key", metadata(OTHER))
        stubber.add_client_error("list_grants", "AccessDeniedException")
        assert use(kms, FOREIGN).usable is None
        stubber.add_response("describe_key", metadata(OWN))
        stubber.add_response("list_grants", grants())
        stubber.add_client_error("get_key_policy", "AccessDeniedException")
        assert use(kms, FOREIGN).usable is None
        stubber.add_client_error("describe_key", "ThrottlingException")
        with pytest.raises(ClientError, match="ThrottlingException"):
            use(kms, FOREIGN)


EVERYBODY = {"Effect": "Allow", "Principal": "*", "Action": "kms:*", "Resource": "*"}
VIA_EC2 = {"StringEquals": {"kms:ViaService": "ec2.eu-west-1.amazonaws.com"}}


@pytest.mark.parametrize(
    ("statements", "missing", "is_clear"),
    [
        ([USE, GRANT], set(), True),
        ([EVERYBODY], set(), True),
        ([{**EVERYBODY, "Principal": {"AWS": "*"}}], set(), True),
        ([{**EVERYBODY, "Condition": VIA_EC2}], NEEDED, False),
        ([{**USE, "Condition": {"Bool": {"kms:GrantIsForAWSResource": True}}}, GRANT], NEEDED - {"CreateGrant"}, False),
        ([EVERYBODY, {**EVERYBODY, "Effect": "Deny", "Action": "kms:decrypt"}], {"Decrypt"}, True),
        ([EVERYBODY, {**EVERYBODY, "Effect": "Deny", "Condition": VIA_EC2}], NEEDED, False),
        ([EVERYBODY, {"Effect": "Deny", "NotPrincipal": {"AWS": ROLE}, "Action": "kms:Decrypt"}], {"Decrypt"}, False),
        ([{"Effect": "Allow", "Principal": {"AWS": ROLE}, "NotAction": "kms:Sign"}], NEEDED, False),
        ([{**EVERYBODY, "Principal": {"Service": "autoscaling.amazonaws.com"}}], NEEDED, True),
    ],
)
def test_a_policy_allows_only_what_needs_no_request_to_be_told(
    statements: list[dict[str, Any]], missing: set[str], *, is_clear: bool
) -> None:
    assert key_policy.allowed(policy(*statements), ROLE, NEEDED) == (NEEDED - missing, is_clear)
