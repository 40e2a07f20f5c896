"""AMIs that an account makes: registered, created from an instance, copied, deregistered."""

import datetime as dt
from typing import Any

import pytest
from botocore.exceptions import ClientError

from emulated_aws.fleet.ec2.images import IMAGES
from tests.emulator.emulated_account import eventually
from tests.emulator.fleet.fleet_account import Fleet, unique

PUBLIC, ARM = IMAGES[2].image_id, IMAGES[4].image_id
KEY = "arn:aws:kms:eu-west-1:000000000000:key/1234abcd-12ab-34cd-56ef-1234567890ab"


def _image(fleet: Fleet, image_id: str) -> dict[str, Any]:
    found: dict[str, Any] = fleet.ec2.describe_images(ImageIds=[image_id])["Images"][0]
    return found


def _await_available(fleet: Fleet, image_id: str) -> dict[str, Any]:
    eventually(lambda: _image(fleet, image_id)["State"] == "available", f"{image_id} to be available")
    return _image(fleet, image_id)


def _copy(fleet: Fleet, source: str = PUBLIC, **more: Any) -> str:
    return str(
        fleet.ec2.copy_image(SourceImageId=source, SourceRegion="eu-west-1", Name=unique("copy"), **more)["ImageId"]
    )


def test_an_own_image_has_the_date_of_its_making_until_it_is_deregistered(fleet: Fleet) -> None:
    name = unique("own")
    own = fleet.ec2.register_image(Name=name, Architecture="arm64")["ImageId"]
    image = fleet.ec2.describe_images(Owners=["self"], Filters=[{"Name": "name", "Values": [name]}])["Images"][0]
    assert (image["ImageId"], image["Architecture"]) == (own, "arm64")
    age = dt.datetime.now(dt.UTC) - dt.datetime.fromisoformat(image["CreationDate"])
    assert dt.timedelta(0) <= age < dt.timedelta(minutes=1)
    with pytest.raises(ClientError, match=rf"InvalidAMIName\.Duplicate.*{own}"):
        fleet.ec2.register_image(Name=name)
    fleet.ec2.deregister_image(ImageId=own)
    with pytest.raises(ClientError, match=r"InvalidAMIID\.NotFound"):
        fleet.ec2.describe_images(ImageIds=[own])
    fleet.ec2.register_image(Name=name)


def test_a_registered_image_takes_size_and_encryption_from_its_snapshot(fleet: Fleet) -> None:
    snapshot = _image(fleet, _copy(fleet, Encrypted=True))["BlockDeviceMappings"][0]["Ebs"]["SnapshotId"]
    mapping = {"DeviceName": "/dev/xvda", "Ebs": {"SnapshotId": snapshot}}
    own = fleet.ec2.register_image(Name=unique("own"), BlockDeviceMappings=[mapping])["ImageId"]
    root = _image(fleet, own)["BlockDeviceMappings"][0]["Ebs"]
    assert (root["VolumeSize"], root["Encrypted"]) == (30, True)
    small = {"DeviceName": "/dev/xvda", "Ebs": {"SnapshotId": snapshot, "VolumeSize": 8}}
    with pytest.raises(ClientError, match=r"InvalidBlockDeviceMapping.*8GB is smaller.*30GB"):
        fleet.ec2.register_image(Name=unique("own"), BlockDeviceMappings=[small])
    with pytest.raises(ClientError, match=r"InvalidSnapshot\.NotFound"):
        nothing = {"DeviceName": "/dev/xvda", "Ebs": {"SnapshotId": "snap-0123456789abcdeff"}}
        fleet.ec2.register_image(Name=unique("own"), BlockDeviceMappings=[nothing])


def test_an_image_of_an_instance_has_its_volumes_and_is_pending_first(fleet: Fleet) -> None:
    fleet.settings(image_seconds=0.5)
    device = {"DeviceName": "/dev/xvda", "Ebs": {"VolumeSize": 40, "Encrypted": True}}
    more = {"DeviceName": "/dev/sdf", "Ebs": {"VolumeSize": 5}}
    machine = fleet.ec2.run_instances(
        ImageId=ARM, InstanceType="c7g.large", MinCount=1, MaxCount=1, BlockDeviceMappings=[device, more]
    )["Instances"][0]["InstanceId"]
    eventually(lambda: _state_of(fleet, machine) == "running", "a running instance")
    tags = [{"ResourceType": kind, "Tags": [{"Key": "of", "Value": machine}]} for kind in ("image", "snapshot")]
    own = fleet.ec2.create_image(InstanceId=machine, Name=unique("golden"), TagSpecifications=tags)["ImageId"]
    assert _image(fleet, own)["State"] == "pending"
    image = _await_available(fleet, own)
    assert (image["Architecture"], image["SourceInstanceId"], image["SourceImageId"]) == ("arm64", machine, ARM)
    sizes = {one["DeviceName"]: one["Ebs"] for one in image["BlockDeviceMappings"]}
    assert {name: (one["VolumeSize"], one["Encrypted"]) for name, one in sizes.items()} == {
        "/dev/xvda": (40, True),
        "/dev/sdf": (5, False),
    }
    assert image["Tags"] == [{"Key": "of", "Value": machine}]
    tagged = fleet.ec2.describe_snapshots(Filters=[{"Name": "tag:of", "Values": [machine]}])["Snapshots"]
    assert {one["SnapshotId"] for one in tagged} == {one["SnapshotId"] for one in sizes.values()}


def _state_of(fleet: Fleet, instance_id: str) -> str:
    reservations = fleet.ec2.describe_instances(InstanceIds=[instance_id])["Reservations"]
    return str(reservations[0]["Instances"][0]["State"]["Name"])


def test_an_instance_that_does_not_run_becomes_no_image(fleet: Fleet) -> None:
    machine = fleet.ec2.run_instances(ImageId=PUBLIC, MinCount=1, MaxCount=1)["Instances"][0]["InstanceId"]
    fleet.ec2.terminate_instances(InstanceIds=[machine])
    with pytest.raises(ClientError, match="IncorrectState"):
        fleet.ec2.create_image(InstanceId=machine, Name=unique("golden"))
    with pytest.raises(ClientError, match=r"InvalidInstanceID\.NotFound"):
        fleet.ec2.create_image(InstanceId="i-0123456789abcdeff", Name=unique("golden"))


def test_a_copy_has_its_own_date_and_the_key_that_was_asked_for(fleet: Fleet) -> None:
    fleet.settings(image_seconds=0.5)
    own = _copy(fleet, Encrypted=True, KmsKeyId=KEY)
    assert _image(fleet, own)["State"] == "pending"
    image = _await_available(fleet, own)
    assert image["CreationDate"][:10] == dt.datetime.now(dt.UTC).date().isoformat()
    assert (image["SourceImageId"], image["SourceImageRegion"], image["Public"]) == (PUBLIC, "eu-west-1", False)
    root = image["BlockDeviceMappings"][0]["Ebs"]
    assert (root["Encrypted"], root["KmsKeyId"], root["VolumeSize"]) == (True, KEY, 30)
    default = _image(fleet, _copy(fleet, Encrypted=True))["BlockDeviceMappings"][0]["Ebs"]
    assert default["KmsKeyId"].endswith(":alias/aws/ebs")
    assert not _image(fleet, _copy(fleet))["BlockDeviceMappings"][0]["Ebs"]["Encrypted"]


def test_a_copy_of_an_encrypted_image_stays_encrypted(fleet: Fleet) -> None:
    own = _copy(fleet, Encrypted=True)
    _await_available(fleet, own)
    assert _image(fleet, _copy(fleet, own))["BlockDeviceMappings"][0]["Ebs"]["Encrypted"]


def test_a_copy_is_made_once_for_a_client_token(fleet: Fleet) -> None:
    request = {"SourceImageId": PUBLIC, "SourceRegion": "eu-west-1", "Name": unique("copy"), "ClientToken": unique("t")}
    first = fleet.ec2.copy_image(**request)["ImageId"]
    assert fleet.ec2.copy_image(**request)["ImageId"] == first
    with pytest.raises(ClientError, match="IdempotentParameterMismatch"):
        fleet.ec2.copy_image(**{**request, "Name": unique("copy")})


def test_tags_are_copied_when_asked_for(fleet: Fleet) -> None:
    source = _copy(fleet)
    _await_available(fleet, source)
    fleet.ec2.create_tags(Resources=[source], Tags=[{"Key": "team", "Value": "web"}])
    copied, plain = _copy(fleet, source, CopyImageTags=True), _copy(fleet, source)
    assert _image(fleet, copied)["Tags"] == [{"Key": "team", "Value": "web"}]
    assert "Tags" not in _image(fleet, plain)


@pytest.mark.parametrize(
    ("more", "code"),
    [
        ({"SourceImageId": "ami-0123456789abcdeff"}, r"InvalidAMIID\.NotFound"),
        ({"KmsKeyId": KEY}, "InvalidParameterCombination"),
        ({"Name": "a?b"}, r"InvalidAMIName\.Malformed"),
    ],
)
def test_a_copy_that_makes_no_sense_is_refused(fleet: Fleet, more: dict[str, Any], code: str) -> None:
    request = {"SourceImageId": PUBLIC, "SourceRegion": "eu-west-1", "Name": unique("copy"), **more}
    with pytest.raises(ClientError, match=code):
        fleet.ec2.copy_image(**request)


def test_a_snapshot_goes_with_its_image_and_not_before_it(fleet: Fleet) -> None:
    own = _copy(fleet)
    snapshot = _image(fleet, own)["BlockDeviceMappings"][0]["Ebs"]["SnapshotId"]
    with pytest.raises(ClientError, match=rf"InvalidSnapshot\.InUse.*{own}"):
        fleet.ec2.delete_snapshot(SnapshotId=snapshot)
    fleet.ec2.deregister_image(ImageId=own, DeleteAssociatedSnapshots=True)
    with pytest.raises(ClientError, match=r"InvalidSnapshot\.NotFound"):
        fleet.ec2.describe_snapshots(SnapshotIds=[snapshot])
