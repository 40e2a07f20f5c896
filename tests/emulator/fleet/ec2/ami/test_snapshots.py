"""The snapshots behind AMIs."""

import pytest
from botocore.exceptions import ClientError

from emulated_aws.fleet.ec2.images import IMAGES, OWNER
from tests.emulator.emulated_account import eventually
from tests.emulator.fleet.fleet_account import Fleet, unique


def _snapshot_of(fleet: Fleet, image_id: str) -> str:
    image = fleet.ec2.describe_images(ImageIds=[image_id])["Images"][0]
    return str(image["BlockDeviceMappings"][0]["Ebs"]["SnapshotId"])


def test_the_snapshot_of_a_public_image_can_be_described(fleet: Fleet) -> None:
    snapshot_id = _snapshot_of(fleet, IMAGES[2].image_id)
    found = fleet.ec2.describe_snapshots(SnapshotIds=[snapshot_id])["Snapshots"][0]
    assert (found["VolumeSize"], found["Encrypted"], found["OwnerId"]) == (30, False, OWNER)
    assert snapshot_id in {one["SnapshotId"] for one in fleet.ec2.describe_snapshots(OwnerIds=["amazon"])["Snapshots"]}
    assert fleet.ec2.describe_snapshots(OwnerIds=["self"])["Snapshots"] == []


def test_the_snapshot_of_a_copy_is_done_when_the_image_is(fleet: Fleet) -> None:
    fleet.settings(image_seconds=0.5)
    copy = fleet.ec2.copy_image(
        SourceImageId=IMAGES[2].image_id, SourceRegion="eu-west-1", Name=unique("copy"), Encrypted=True
    )["ImageId"]
    snapshot_id = _snapshot_of(fleet, copy)
    mine = {"OwnerIds": ["self"], "Filters": [{"Name": "encrypted", "Values": ["true"]}]}
    found = fleet.ec2.describe_snapshots(**mine)["Snapshots"]
    assert [(one["SnapshotId"], one["State"], one["VolumeSize"]) for one in found] == [(snapshot_id, "pending", 30)]
    assert found[0]["KmsKeyId"].endswith(":alias/aws/ebs")
    done = [{"Name": "status", "Values": ["completed"]}]
    eventually(lambda: fleet.ec2.describe_snapshots(SnapshotIds=[snapshot_id], Filters=done)["Snapshots"], "its end")


def test_what_is_no_snapshot_or_no_filter_is_refused(fleet: Fleet) -> None:
    with pytest.raises(ClientError, match=r"InvalidSnapshot\.NotFound"):
        fleet.ec2.describe_snapshots(SnapshotIds=["snap-0123456789abcdeff"])
    with pytest.raises(ClientError, match=r"InvalidParameterValue.*colour"):
        fleet.ec2.describe_snapshots(Filters=[{"Name": "colour", "Values": ["blue"]}])
