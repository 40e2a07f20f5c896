"""RunInstances: from a request, from a template, from both."""

from typing import Any

import pytest
from botocore.exceptions import ClientError

from emulated_aws.fleet.ec2.images import IMAGES
from tests.emulator.emulated_account import eventually
from tests.emulator.fleet.fleet_account import Fleet, unique

PUBLIC = IMAGES[2].image_id
DATA = {
    "ImageId": IMAGES[0].image_id,
    "InstanceType": "c5.large",
    "BlockDeviceMappings": [{"DeviceName": "/dev/xvda", "Ebs": {"VolumeSize": 50, "Encrypted": True}}],
    "TagSpecifications": [{"ResourceType": "instance", "Tags": [{"Key": "from", "Value": "template"}]}],
}


def _run(fleet: Fleet, count: int = 1, **more: Any) -> list[dict[str, Any]]:
    return list(fleet.ec2.run_instances(**{"MinCount": 1, "MaxCount": count, **more})["Instances"])


def _described(fleet: Fleet, instance_id: str) -> dict[str, Any]:
    found: dict[str, Any] = fleet.ec2.describe_instances(InstanceIds=[instance_id])["Reservations"][0]["Instances"][0]
    return found


def _volumes(fleet: Fleet, instance_id: str) -> dict[str, tuple[int, bool]]:
    devices = {
        one["Ebs"]["VolumeId"]: one["DeviceName"] for one in _described(fleet, instance_id)["BlockDeviceMappings"]
    }
    volumes = fleet.ec2.describe_volumes(VolumeIds=list(devices))["Volumes"]
    return {devices[one["VolumeId"]]: (one["Size"], one["Encrypted"]) for one in volumes}


def test_an_instance_of_an_image_has_its_root_volume_and_its_architecture(fleet: Fleet) -> None:
    one = _run(fleet, ImageId=IMAGES[4].image_id, InstanceType="c7g.large")[0]["InstanceId"]
    assert _volumes(fleet, one) == {"/dev/xvda": (30, False)}
    assert _described(fleet, one)["Architecture"] == "arm64"
    eventually(lambda: _described(fleet, one)["State"]["Name"] == "running", "a running instance")


def test_the_request_goes_before_the_template_and_volumes_and_tags_add_up(fleet: Fleet) -> None:
    name = unique("template")
    fleet.ec2.create_launch_template(LaunchTemplateName=name, LaunchTemplateData=DATA)
    one = _run(
        fleet,
        LaunchTemplate={"LaunchTemplateName": name},
        InstanceType="m5.xlarge",
        BlockDeviceMappings=[{"DeviceName": "/dev/sdf", "Ebs": {"VolumeSize": 5}}],
        TagSpecifications=[{"ResourceType": "instance", "Tags": [{"Key": "also", "Value": "request"}]}],
    )[0]
    found = _described(fleet, one["InstanceId"])
    assert (found["ImageId"], found["InstanceType"]) == (IMAGES[0].image_id, "m5.xlarge")
    assert _volumes(fleet, one["InstanceId"]) == {"/dev/xvda": (50, True), "/dev/sdf": (5, False)}
    tags = {tag["Key"]: tag["Value"] for tag in found["Tags"]}
    assert tags.items() >= {"from": "template", "also": "request", "aws:ec2launchtemplate:version": "1"}.items()


def test_a_volume_of_the_image_is_left_out_when_the_request_says_so(fleet: Fleet) -> None:
    root = fleet.ec2.describe_images(ImageIds=[PUBLIC])["Images"][0]["BlockDeviceMappings"][0]
    data = {"DeviceName": "/dev/sdf", "Ebs": {"VolumeSize": 5}}
    own = fleet.ec2.register_image(
        Name=unique("own"), Architecture="x86_64", VirtualizationType="hvm", BlockDeviceMappings=[root, data]
    )["ImageId"]
    whole = _run(fleet, ImageId=own)[0]["InstanceId"]
    assert _volumes(fleet, whole).keys() == {"/dev/xvda", "/dev/sdf"}
    without = _run(fleet, ImageId=own, BlockDeviceMappings=[{"DeviceName": "/dev/sdf", "NoDevice": ""}])[0]
    assert _volumes(fleet, without["InstanceId"]).keys() == {"/dev/xvda"}


def test_as_many_run_as_the_most_that_was_asked_for_once_for_a_client_token(fleet: Fleet) -> None:
    request = {"ImageId": PUBLIC, "ClientToken": unique("t")}
    first, again = (_run(fleet, 3, **request) for _ in range(2))
    assert len({one["InstanceId"] for one in (*first, *again)}) == 3


def test_an_instance_runs_in_the_zone_or_subnet_that_was_asked_for(fleet: Fleet) -> None:
    placed = _run(fleet, ImageId=PUBLIC, Placement={"AvailabilityZone": "eu-west-1b"})[0]
    assert placed["Placement"]["AvailabilityZone"] == "eu-west-1b"
    interface = {"DeviceIndex": 0, "SubnetId": "subnet-00000003"}
    assert _run(fleet, ImageId=PUBLIC, NetworkInterfaces=[interface])[0]["SubnetId"] == "subnet-00000003"


def test_a_host_that_nobody_scales_registers_with_the_cluster_that_its_user_data_names(fleet: Fleet) -> None:
    cluster = fleet.cluster()
    text = f"echo ECS_CLUSTER={cluster} >> /etc/ecs/ecs.config"
    one = _run(fleet, ImageId=PUBLIC, UserData=text)[0]["InstanceId"]
    arn = fleet.await_registered(cluster, 1)[0]
    assert fleet.describe_instance(cluster, arn)["ec2InstanceId"] == one


@pytest.mark.parametrize(
    ("asked", "code"),
    [
        ({"BlockDeviceMappings": [{"DeviceName": "/dev/xvda", "Ebs": {"VolumeSize": 8}}]}, "InvalidBlockDeviceMapping"),
        ({"SubnetId": "subnet-none"}, r"InvalidSubnetID\.NotFound"),
        ({"MinCount": 3, "MaxCount": 2}, "InvalidParameterCombination"),
        ({"LaunchTemplate": {"LaunchTemplateId": "lt-0"}}, r"InvalidLaunchTemplateId\.NotFound"),
        ({"DryRun": True}, "DryRunOperation"),
        ({"DryRun": True, "InstanceType": "x1.huge"}, r"InvalidParameterValue.*x1\.huge"),
    ],
)
def test_a_request_that_cannot_be_met_is_refused(fleet: Fleet, asked: dict[str, Any], code: str) -> None:
    with pytest.raises(ClientError, match=code):
        _run(fleet, **{"ImageId": PUBLIC, **asked})
