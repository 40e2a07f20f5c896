"""What is read of AWS and in how many calls: moto where it is true, botocore's Stubber where AWS says more."""

import datetime as dt
import json
from collections.abc import Iterator
from typing import Any

import boto3
import pytest
from botocore.exceptions import ClientError
from botocore.stub import Stubber
from moto import mock_aws

from opscore.errors import NotFound, OpsError
from opscore.rollouts.images.catalogue import Catalogue
from opscore.rollouts.images.image import Volume
from opscore.rollouts.images.missing import Why
from opscore.rollouts.images.reference import ByParameter
from tests.lib.opscore.rollouts.images.made_up import ACCOUNT, image

WEB, API, GONE = (f"ami-{number:017x}" for number in (1, 2, 3))
ALL = {"IncludeDeprecated": True, "IncludeDisabled": True}


def client(service: str) -> Any:
    make: Any = boto3.client
    return make(service, region_name="eu-west-1", aws_access_key_id="testing", aws_secret_access_key="testing")


@pytest.fixture
def ec2() -> Iterator[tuple[Catalogue, Stubber]]:
    """A catalogue whose EC2 answers what the test says, in that order, and refuses requests that it does not expect."""
    wrapped = client("ec2")
    with Stubber(wrapped) as stubber:
        yield Catalogue(wrapped, client("ssm"), ACCOUNT), stubber
        stubber.assert_no_pending_responses()


@pytest.fixture
def moto() -> Iterator[Catalogue]:
    with mock_aws():
        yield Catalogue(client("ec2"), client("ssm"), "123456789012")


def by_id(*image_ids: str) -> dict[str, Any]:
    return {**ALL, "MaxResults": 1000, "Filters": [{"Name": "image-id", "Values": list(image_ids)}]}


def test_images_that_are_there_cost_one_call_whatever_their_number(ec2: tuple[Catalogue, Stubber]) -> None:
    catalogue, stubber = ec2
    stubber.add_response("describe_images", {"Images": [{"ImageId": API}, {"ImageId": WEB}]}, by_id(WEB, API))
    found = catalogue.images([API, WEB, API, ""])
    assert set(found.images) == {WEB, API}
    assert not found.missing


@pytest.mark.parametrize(
    ("code", "message", "why"),
    [
        ("InvalidAMIID.NotFound", f"The image id '[{GONE}]' does not exist", Why.UNKNOWN),
        ("InvalidAMIID.Unavailable", f"The image ID '{GONE}' is no longer available", Why.DEREGISTERED),
        ("AuthFailure", f"Not authorized for images: [{GONE}]", Why.HIDDEN),
    ],
)
def test_a_missing_image_is_asked_for_by_its_id_and_says_why(
    ec2: tuple[Catalogue, Stubber], code: str, message: str, why: Why
) -> None:
    catalogue, stubber = ec2
    stubber.add_response("describe_images", {"Images": [{"ImageId": WEB}]}, by_id(WEB, GONE))
    stubber.add_client_error("describe_images", code, message, expected_params={**ALL, "ImageIds": [GONE]})
    missing = catalogue.images([WEB, GONE]).missing[GONE]
    assert missing.why is why
    assert GONE in str(missing)
    assert missing.remedy.endswith(".")


def test_an_image_that_only_instances_remember_was_deregistered(ec2: tuple[Catalogue, Stubber]) -> None:
    catalogue, stubber = ec2
    for _ in range(2):
        stubber.add_response("describe_images", {"Images": []})
    assert catalogue.images([GONE]).missing[GONE].why is Why.DEREGISTERED


@pytest.mark.parametrize(
    ("code", "message"),
    [
        ("AuthFailure", "AWS was not able to validate the provided access credentials"),
        ("RequestLimitExceeded", "Request limit exceeded."),
        ("UnauthorizedOperation", "You are not authorized to perform this operation."),
    ],
)
def test_errors_that_are_not_about_the_image_are_passed_on(
    ec2: tuple[Catalogue, Stubber], code: str, message: str
) -> None:
    catalogue, stubber = ec2
    stubber.add_response("describe_images", {"Images": []})
    stubber.add_client_error("describe_images", code, message)
    with pytest.raises(ClientError, match=code):
        catalogue.images([GONE])


def test_moto_tells_a_deregistered_image_from_one_that_never_was(moto: Catalogue) -> None:
    ec2 = client("ec2")
    deregistered = ec2.register_image(Name="old", RootDeviceName="/dev/xvda")["ImageId"]
    present = ec2.register_image(Name="new", RootDeviceName="/dev/xvda")["ImageId"]
    ec2.deregister_image(ImageId=deregistered)
    found = moto.images([deregistered, present, "ami-00000000"])
    assert set(found.images) == {present}
    assert {key: entry.why for key, entry in found.missing.items()} == {
        deregistered: Why.DEREGISTERED,
        "ami-00000000": Why.UNKNOWN,
    }


def test_a_search_reads_every_page(ec2: tuple[Catalogue, Stubber]) -> None:
    catalogue, stubber = ec2
    request = {
        "Owners": ["amazon"],
        "IncludeDeprecated": False,
        "MaxResults": 1000,
        "Filters": [
            {"Name": "name", "Values": ["web-*"]},
            {"Name": "architecture", "Values": ["arm64"]},
            {"Name": "state", "Values": ["available"]},
        ],
    }
    stubber.add_response("describe_images", {"Images": [{"ImageId": WEB}], "NextToken": "more"}, request)
    stubber.add_response("describe_images", {"Images": [], "NextToken": "last"}, {**request, "NextToken": "more"})
    stubber.add_response("describe_images", {"Images": [{"ImageId": API}]}, {**request, "NextToken": "last"})
    assert [one.image_id for one in catalogue.search("amazon", "web-*", "arm64")] == [WEB, API]


def test_a_search_is_understood_by_moto(moto: Catalogue) -> None:
    found = moto.search("amazon", "amzn2-ami-ecs-hvm-2.0.*-x86_64-ebs", "x86_64")
    assert found
    assert {(one.owner_alias, one.architecture) for one in found} == {("amazon", "x86_64")}
    assert all(one.name.startswith("amzn2-ami-ecs-hvm-2.0.") and one.created for one in found)


def parameter(typed: str, selector: str = "") -> ByParameter:
    return ByParameter(f"ssm:{typed}", typed, selector)


@pytest.mark.parametrize("value", [WEB, json.dumps({"image_id": WEB, "os": "Amazon Linux 2023"})])
def test_a_parameter_is_read_with_its_version(moto: Catalogue, value: str) -> None:
    ssm = client("ssm")
    for text in (API, value):
        ssm.put_parameter(Name="/images/web", Value=text, Type="String", Overwrite=True)
    read = moto.parameter(parameter("/images/web"))
    assert (read.name, read.version, read.image_id) == ("/images/web", 2, WEB)


def test_a_version_and_a_label_of_a_parameter_name_its_older_values(moto: Catalogue) -> None:
    ssm = client("ssm")
    for text in (API, WEB, GONE):
        ssm.put_parameter(Name="/images/web", Value=text, Type="String", Overwrite=True)
    ssm.label_parameter_version(Name="/images/web", ParameterVersion=2, Labels=["live"])
    assert moto.parameter(parameter("/images/web", "1")).image_id == API
    labelled = moto.parameter(parameter("/images/web", "live"))
    assert (labelled.version, labelled.image_id) == (2, WEB)


def test_a_parameter_that_is_not_there_is_a_sentence(moto: Catalogue) -> None:
    client("ssm").put_parameter(Name="/images/web", Value=WEB, Type="String")
    with pytest.raises(NotFound, match="There is no parameter /images/wep in this account"):
        moto.parameter(parameter("/images/wep"))
    with pytest.raises(NotFound, match="/images/web has no version or label 7"):
        moto.parameter(parameter("/images/web", "7"))


def test_a_parameter_without_an_image_is_a_sentence_and_a_secret_one_says_so(moto: Catalogue) -> None:
    ssm = client("ssm")
    ssm.put_parameter(Name="/plain", Value="tomorrow", Type="String")
    ssm.put_parameter(Name="/secret", Value=WEB, Type="SecureString")
    with pytest.raises(OpsError, match="neither an image's id nor JSON") as refused:
        moto.parameter(parameter("/plain"))
    assert "recommended" in refused.value.hint
    with pytest.raises(OpsError) as refused:
        moto.parameter(parameter("/secret"))
    assert "SecureString" in refused.value.hint


def test_snapshots_say_sizes_and_keys_and_those_that_nobody_may_see_change_nothing(
    ec2: tuple[Catalogue, Stubber],
) -> None:
    catalogue, stubber = ec2
    key = "arn:aws:kms:eu-west-1:111122223333:key/one"
    hidden, empty = Volume("/dev/xvdb", 9, snapshot="snap-2"), Volume("/dev/xvdc", 5)
    volumes = (Volume("/dev/xvda", 30, snapshot="snap-1"), hidden, empty)
    told = [{"SnapshotId": "snap-1", "VolumeSize": 8, "Encrypted": True, "KmsKeyId": key}]
    asked = {"Filters": [{"Name": "snapshot-id", "Values": ["snap-1", "snap-2"]}], "MaxResults": 1000}
    stubber.add_response("describe_snapshots", {"Snapshots": [], "NextToken": "more"}, asked)
    stubber.add_response("describe_snapshots", {"Snapshots": told}, {**asked, "NextToken": "more"})
    (read,) = catalogue.with_snapshots([image(1, volumes=volumes)])
    root = Volume("/dev/xvda", 30, encrypted=True, snapshot="snap-1", snapshot_size=8, kms_key=key)
    assert read.volumes == (root, hidden, empty)


def test_images_without_snapshots_cost_no_call(ec2: tuple[Catalogue, Stubber]) -> None:
    assert ec2[0].with_snapshots([image(1, volumes=())]) == [image(1, volumes=())]


def test_instance_types_say_what_they_need_of_an_image(moto: Catalogue) -> None:
    types = moto.instance_types(["m5.large", "m6g.large", "m5.large", ""])
    assert set(types) == {"m5.large", "m6g.large"}
    assert types["m6g.large"].architectures == ("arm64",)
    large = types["m5.large"]
    assert (large.architectures, large.virtualizations, large.root_devices) == (("x86_64",), ("hvm",), ("ebs",))
    assert (large.ena, "uefi" in large.boot_modes) == ("required", True)


def test_a_type_that_the_region_does_not_have_is_missing_and_the_others_are_there(
    ec2: tuple[Catalogue, Stubber],
) -> None:
    catalogue, stubber = ec2
    said = "The following supplied instance types do not exist: [m99.large]"
    stubber.add_client_error("describe_instance_types", "InvalidInstanceType", said)
    answer = {"InstanceTypes": [{"InstanceType": "m5.large"}]}
    stubber.add_response("describe_instance_types", answer, {"InstanceTypes": ["m5.large"]})
    assert set(catalogue.instance_types(["m5.large", "m99.large"])) == {"m5.large"}


def test_a_hundred_types_are_asked_for_in_one_call(ec2: tuple[Catalogue, Stubber]) -> None:
    catalogue, stubber = ec2
    names = [f"t{number:03}.large" for number in range(101)]
    for some in (names[:100], names[100:]):
        stubber.add_response("describe_instance_types", {"InstanceTypes": []}, {"InstanceTypes": some})
    assert catalogue.instance_types(names) == {}


def test_a_refusal_of_instance_types_is_passed_on(ec2: tuple[Catalogue, Stubber]) -> None:
    ec2[1].add_client_error("describe_instance_types", "UnauthorizedOperation", "m5.large: no")
    with pytest.raises(ClientError, match="UnauthorizedOperation"):
        ec2[0].instance_types(["m5.large"])


def test_dates_of_images_are_read_as_utc(ec2: tuple[Catalogue, Stubber]) -> None:
    catalogue, stubber = ec2
    stubber.add_response("describe_images", {"Images": [{"ImageId": WEB, "CreationDate": "2026-01-02T03:04:05.000Z"}]})
    assert catalogue.images([WEB]).images[WEB].created == dt.datetime(2026, 1, 2, 3, 4, 5, tzinfo=dt.UTC)
