"""Only what exists, is available, fits and is one's to launch becomes an instance."""

from typing import Any

import pytest
from botocore.exceptions import ClientError

from emulated_aws.fleet.ec2.images import IMAGES
from tests.emulator.emulated_account import Account, eventually
from tests.emulator.fleet.fleet_account import Fleet, unique

NOBODYS = "ami-0123456789abcdeff"
PUBLIC, ARM = IMAGES[2].image_id, IMAGES[4].image_id
OTHER = {"aws_access_key_id": "111111111111", "aws_secret_access_key": "test"}
MISMATCH = (
    "The architecture 'x86_64' of the specified instance type does not match the architecture 'arm64' of the "
    "specified AMI. Specify an instance type and an AMI that have matching architectures, and try again."
)


def _run(fleet: Fleet, **more: Any) -> list[dict[str, Any]]:
    return list(fleet.ec2.run_instances(**{"MinCount": 1, "MaxCount": 1, **more})["Instances"])


def _copy(fleet: Fleet, source: str = PUBLIC) -> str:
    return str(fleet.ec2.copy_image(SourceImageId=source, SourceRegion="eu-west-1", Name=unique("copy"))["ImageId"])


@pytest.mark.parametrize(
    ("asked", "code"),
    [
        ({"ImageId": NOBODYS}, r"InvalidAMIID\.NotFound.*does not exist"),
        ({"ImageId": "ami-none"}, r"InvalidAMIID\.Malformed"),
        ({}, "MissingParameter.*ImageId"),
        ({"ImageId": ARM, "InstanceType": "m5.large"}, f"InvalidParameterValue.*{MISMATCH}"),
        ({"ImageId": PUBLIC, "InstanceType": "t4g.small"}, "InvalidParameterValue.*'arm64' of the specified instance"),
    ],
)
def test_what_cannot_be_launched_is_refused_as_aws_refuses_it(fleet: Fleet, asked: dict[str, Any], code: str) -> None:
    with pytest.raises(ClientError, match=code):
        _run(fleet, **asked)


def test_an_image_launches_from_its_completion_to_its_deregistration(fleet: Fleet) -> None:
    fleet.settings(image_seconds=0.5)
    own = _copy(fleet)
    with pytest.raises(ClientError, match=rf"InvalidAMIID\.Unavailable.*AMI {own} is pending, and cannot be run"):
        _run(fleet, ImageId=own)
    eventually(lambda: _launches(fleet, own), "a launch")
    fleet.ec2.deregister_image(ImageId=own)
    with pytest.raises(ClientError, match=rf"InvalidAMIID\.Unavailable.*'{own}' is no longer available"):
        _run(fleet, ImageId=own)


def _launches(fleet: Fleet, image_id: str) -> bool:
    try:
        return bool(_run(fleet, ImageId=image_id))
    except ClientError:
        return False


def test_an_image_without_a_root_snapshot_or_for_paravirtual_machines_launches_nothing(fleet: Fleet) -> None:
    rootless = fleet.ec2.register_image(Name=unique("own"), Architecture="x86_64", VirtualizationType="hvm")["ImageId"]
    with pytest.raises(ClientError, match=r"InvalidAMIID\.Unavailable.*not in a state"):
        _run(fleet, ImageId=rootless)
    public = fleet.ec2.describe_images(ImageIds=[PUBLIC])["Images"][0]
    snapshot = public["BlockDeviceMappings"][0]["Ebs"]["SnapshotId"]
    mapping = {"DeviceName": "/dev/xvda", "Ebs": {"SnapshotId": snapshot}}
    old = fleet.ec2.register_image(Name=unique("own"), Architecture="x86_64", BlockDeviceMappings=[mapping])["ImageId"]
    with pytest.raises(ClientError, match=r"InvalidParameterCombination.*paravirtual"):
        _run(fleet, ImageId=old)


def test_another_account_launches_what_is_shared_with_it(fleet: Fleet, account: Account) -> None:
    fleet.settings(image_seconds=0.0)
    own, other = _copy(fleet), Fleet(account)
    other.ec2 = account.client("ec2", **OTHER)
    with pytest.raises(ClientError, match=rf"AuthFailure.*{own}"):
        _run(other, ImageId=own)
    fleet.ec2.modify_image_attribute(ImageId=own, LaunchPermission={"Add": [{"UserId": "111111111111"}]})
    assert _run(other, ImageId=own)[0]["ImageId"] == own


@pytest.mark.parametrize(
    ("data", "message"),
    [
        ({"ImageId": NOBODYS}, f"The image id '[{NOBODYS}]' does not exist. Launching EC2 instance failed."),
        ({"ImageId": ARM, "InstanceType": "m5.large"}, MISMATCH),
    ],
    ids=["unknown", "another architecture"],
)
def test_a_group_whose_template_names_such_an_image_has_failed_activities(
    fleet: Fleet, data: dict[str, str], message: str
) -> None:
    group = fleet.group(0)
    group.new_version(**data)
    fleet.autoscaling.update_auto_scaling_group(
        AutoScalingGroupName=group.name,
        DesiredCapacity=1,
        LaunchTemplate={"LaunchTemplateId": group.template, "Version": "2"},
    )
    failed = eventually(lambda: next(iter(group.activities()), None), "a failed launch")
    assert (failed["StatusCode"], message in failed["StatusMessage"]) == ("Failed", True), failed
