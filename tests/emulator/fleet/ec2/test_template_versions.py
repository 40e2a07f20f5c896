"""Versions of launch templates: merged, numbered, described, made the default, deleted."""

from typing import Any

import pytest
from botocore.exceptions import ClientError

from emulated_aws.fleet.ec2.images import IMAGES
from tests.emulator.fleet.fleet_account import Fleet, unique

FIRST = {
    "ImageId": IMAGES[1].image_id,
    "InstanceType": "m5.large",
    "BlockDeviceMappings": [{"DeviceName": "/dev/xvda", "Ebs": {"SnapshotId": "snap-01234567", "VolumeSize": 40}}],
}
KEY = "arn:aws:kms:eu-west-1:000000000000:key/1234abcd-12ab-34cd-56ef-1234567890ab"


def _template(fleet: Fleet, **data: Any) -> str:
    made = fleet.ec2.create_launch_template(LaunchTemplateName=unique("template"), LaunchTemplateData=data or FIRST)
    return str(made["LaunchTemplate"]["LaunchTemplateId"])


def _version(fleet: Fleet, template: str, source: str = "", **data: Any) -> dict[str, Any]:
    base = {"SourceVersion": source} if source else {}
    answer = fleet.ec2.create_launch_template_version(LaunchTemplateId=template, LaunchTemplateData=data, **base)
    found: dict[str, Any] = answer["LaunchTemplateVersion"]
    return found


def _numbers(fleet: Fleet, template: str, **asked: Any) -> list[int]:
    answer = fleet.ec2.describe_launch_template_versions(LaunchTemplateId=template, **asked)
    return [one["VersionNumber"] for one in answer["LaunchTemplateVersions"]]


def _facts(fleet: Fleet, template: str) -> tuple[int, int]:
    found = fleet.ec2.describe_launch_templates(LaunchTemplateIds=[template])["LaunchTemplates"][0]
    return found["DefaultVersionNumber"], found["LatestVersionNumber"]


@pytest.mark.parametrize("source", ["1", "$Default", "$Latest"])
def test_a_new_version_inherits_what_it_does_not_say_and_no_snapshot(fleet: Fleet, source: str) -> None:
    template = _template(fleet)
    data = _version(fleet, template, source, ImageId=IMAGES[2].image_id)["LaunchTemplateData"]
    assert (data["ImageId"], data["InstanceType"]) == (IMAGES[2].image_id, "m5.large")
    assert data["BlockDeviceMappings"] == [{"DeviceName": "/dev/xvda", "Ebs": {"VolumeSize": 40}}]


def test_without_a_source_a_new_version_has_what_it_says_alone(fleet: Fleet) -> None:
    assert _version(fleet, _template(fleet), InstanceType="c5.large")["LaunchTemplateData"] == {
        "InstanceType": "c5.large"
    }


def test_the_key_of_a_volume_reads_back(fleet: Fleet) -> None:
    ebs = {"VolumeSize": 40, "Encrypted": True, "KmsKeyId": KEY}
    template = _template(fleet, BlockDeviceMappings=[{"DeviceName": "/dev/xvda", "Ebs": ebs}])
    found = fleet.ec2.describe_launch_template_versions(LaunchTemplateId=template)["LaunchTemplateVersions"][0]
    assert found["LaunchTemplateData"]["BlockDeviceMappings"] == [{"DeviceName": "/dev/xvda", "Ebs": ebs}]


def test_a_number_is_given_once_and_the_latest_is_the_highest_that_is_left(fleet: Fleet) -> None:
    template = _template(fleet)
    assert [_version(fleet, template)["VersionNumber"] for _ in range(2)] == [2, 3]
    answer = fleet.ec2.delete_launch_template_versions(LaunchTemplateId=template, Versions=["3", "1", "9"])
    deleted = answer["SuccessfullyDeletedLaunchTemplateVersions"]
    assert [(one["LaunchTemplateId"], one["VersionNumber"]) for one in deleted] == [(template, 3)]
    kept = answer["UnsuccessfullyDeletedLaunchTemplateVersions"]
    assert [(one["VersionNumber"], one["ResponseError"]["Code"]) for one in kept] == [
        (1, "unexpectedError"),
        (9, "launchTemplateVersionDoesNotExist"),
    ]
    assert _facts(fleet, template) == (1, 2)
    assert _numbers(fleet, template, Versions=["$Latest"]) == [2]
    assert _version(fleet, template)["VersionNumber"] == 4


def test_another_default_lets_the_first_version_go(fleet: Fleet) -> None:
    template = _template(fleet)
    _version(fleet, template)
    fleet.ec2.modify_launch_template(LaunchTemplateId=template, DefaultVersion="2")
    assert _facts(fleet, template) == (2, 2)
    fleet.ec2.delete_launch_template_versions(LaunchTemplateId=template, Versions=["1"])
    assert _numbers(fleet, template) == [2]


def test_versions_come_newest_first_by_range_and_in_pages(fleet: Fleet) -> None:
    template = _template(fleet)
    for _ in range(3):
        _version(fleet, template)
    assert _numbers(fleet, template) == [4, 3, 2, 1]
    assert _numbers(fleet, template, MinVersion="2", MaxVersion="3") == [3, 2]
    page = fleet.ec2.describe_launch_template_versions(LaunchTemplateId=template, MaxResults=3)
    assert _numbers(fleet, template, NextToken=page["NextToken"], MaxResults=3) == [1]
    defaults = fleet.ec2.describe_launch_template_versions(Versions=["$Default"])["LaunchTemplateVersions"]
    assert (template, 1) in {(one["LaunchTemplateId"], one["VersionNumber"]) for one in defaults}


def test_a_template_and_a_version_are_made_once_for_a_client_token(fleet: Fleet) -> None:
    named = {"LaunchTemplateName": unique("template"), "ClientToken": unique("t"), "LaunchTemplateData": FIRST}
    made = [fleet.ec2.create_launch_template(**named)["LaunchTemplate"]["LaunchTemplateId"] for _ in range(2)]
    assert made[0] == made[1]
    request = {"LaunchTemplateId": made[0], "ClientToken": unique("t"), "LaunchTemplateData": {"KeyName": "a"}}
    numbers = [
        fleet.ec2.create_launch_template_version(**request)["LaunchTemplateVersion"]["VersionNumber"] for _ in range(2)
    ]
    assert (numbers, _facts(fleet, made[0])) == ([2, 2], (1, 2))
    with pytest.raises(ClientError, match="IdempotentParameterMismatch"):
        fleet.ec2.create_launch_template_version(**{**request, "LaunchTemplateData": {"KeyName": "b"}})


@pytest.mark.parametrize(
    ("operation", "asked", "code"),
    [
        ("create_launch_template_version", {"LaunchTemplateId": "lt-0"}, r"InvalidLaunchTemplateId\.NotFound"),
        ("create_launch_template_version", {"SourceVersion": "7"}, r"InvalidLaunchTemplateId\.VersionNotFound"),
        ("create_launch_template_version", {"LaunchTemplateData": {"ImageId": "resolve:ssm:a b"}}, "InvalidParameter"),
        ("describe_launch_template_versions", {"Versions": ["7"]}, r"InvalidLaunchTemplateId\.VersionNotFound"),
        ("modify_launch_template", {"DefaultVersion": "7"}, r"InvalidLaunchTemplateId\.VersionNotFound"),
        ("delete_launch_template", {"LaunchTemplateId": "lt-0"}, r"InvalidLaunchTemplateId\.NotFound"),
    ],
)
def test_a_template_or_version_that_is_not_there_is_refused(
    fleet: Fleet, operation: str, asked: dict[str, Any], code: str
) -> None:
    data: dict[str, Any] = {"LaunchTemplateData": {}} if operation.startswith("create") else {}
    request = {"LaunchTemplateId": _template(fleet), **data, **asked}
    with pytest.raises(ClientError, match=code):
        getattr(fleet.ec2, operation)(**request)


def test_a_name_that_no_template_has_is_refused(fleet: Fleet) -> None:
    with pytest.raises(ClientError, match=r"InvalidLaunchTemplateName\.NotFoundException"):
        fleet.ec2.describe_launch_templates(LaunchTemplateNames=["nobodys"])
