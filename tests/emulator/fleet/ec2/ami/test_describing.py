"""AMIs: who sees which, by which filter, in pages."""

import pytest
from botocore.exceptions import ClientError
from ministack.core.responses import request_scope

from emulated_aws.fleet.ec2.ami import describing, records
from emulated_aws.fleet.ec2.images import IMAGES, OWNER, record
from emulated_aws.fleet.protocol import Query
from tests.emulator.emulated_account import Account
from tests.emulator.fleet.fleet_account import Fleet, unique

NOBODYS = "ami-0123456789abcdeff"
OTHER = {"aws_access_key_id": "111111111111", "aws_secret_access_key": "test"}


def _found(fleet: Fleet, **filters: str) -> set[str]:
    given = [{"Name": name.replace("_", "-"), "Values": [value]} for name, value in filters.items()]
    return {image["ImageId"] for image in fleet.ec2.describe_images(Filters=given)["Images"]}


def test_images_are_found_by_what_they_are(fleet: Fleet) -> None:
    november = {image.image_id for image in IMAGES if "20251101" in image.name}
    assert _found(fleet, creation_date="2025-11-01T*") == november
    arm = {image.image_id for image in IMAGES if image.name.endswith("arm64")}
    assert _found(fleet, architecture="arm64") == arm
    assert _found(fleet, name="al2023-ami-ecs-hvm-2023.0.2025110?-kernel-6.1-x86_64") == {IMAGES[2].image_id}
    assert _found(fleet, name="al2023-ami-ecs-*", architecture="arm64", creation_date="2025-11-*") == arm & november
    assert _found(fleet, name="[a]*") == set()
    assert _found(fleet, owner_id=OWNER, state="available") == {image.image_id for image in IMAGES}
    assert _found(fleet, owner_alias="amazon", root_device_type="instance-store") == set()
    assert fleet.ec2.describe_images(Owners=["self"])["Images"] == []


def test_owners_are_accounts_oneself_and_amazon(fleet: Fleet) -> None:
    own = fleet.ec2.register_image(Name=unique("own"))["ImageId"]
    fleet.ec2.create_tags(Resources=[own], Tags=[{"Key": "stage", "Value": "golden"}])
    owned = {
        owner: {image["ImageId"] for image in fleet.ec2.describe_images(Owners=[owner])["Images"]}
        for owner in ("self", "000000000000", "amazon", OWNER)
    }
    assert owned["self"] == owned["000000000000"] == {own}
    assert owned[OWNER] == {image.image_id for image in IMAGES} < owned["amazon"]
    assert _found(fleet, **{"tag:stage": "gold*"}) == {own}
    fleet.ec2.deregister_image(ImageId=own)


def test_a_public_image_says_what_its_root_volume_is(fleet: Fleet) -> None:
    image = fleet.ec2.describe_images(ImageIds=[IMAGES[2].image_id])["Images"][0]
    assert (image["RootDeviceName"], image["VirtualizationType"], image["State"]) == ("/dev/xvda", "hvm", "available")
    assert (image["Public"], image["ImageOwnerAlias"], image["OwnerId"]) == (True, "amazon", OWNER)
    root = image["BlockDeviceMappings"][0]["Ebs"]
    assert (root["VolumeSize"], root["Encrypted"], root["SnapshotId"][:5]) == (30, False, "snap-")
    assert {image["ImageId"] for image in _images_of_snapshot(fleet, root["SnapshotId"])} == {IMAGES[2].image_id}


def _images_of_snapshot(fleet: Fleet, snapshot_id: str) -> list[dict[str, str]]:
    given = [
        {"Name": "block-device-mapping.snapshot-id", "Values": [snapshot_id]},
        {"Name": "block-device-mapping.encrypted", "Values": ["false"]},
    ]
    return list(fleet.ec2.describe_images(Filters=given)["Images"])


def test_images_come_in_pages(fleet: Fleet) -> None:
    pages = fleet.ec2.get_paginator("describe_images").paginate(PaginationConfig={"PageSize": 3})
    found = [[image["ImageId"] for image in page["Images"]] for page in pages]
    assert {len(ids) for ids in found[:-1]} == {3}
    assert {image.image_id for image in IMAGES} < {image_id for ids in found for image_id in ids}


@pytest.mark.parametrize(
    ("asked", "code"),
    [
        ({"ImageIds": [NOBODYS]}, r"InvalidAMIID\.NotFound"),
        ({"ImageIds": ["ami-none"]}, r"InvalidAMIID\.Malformed"),
        ({"Filters": [{"Name": "colour", "Values": ["blue"]}]}, "InvalidParameterValue.*colour"),
        ({"Owners": ["self"], "Filters": [{"Name": "colour", "Values": ["blue"]}]}, "InvalidParameterValue.*colour"),
        ({"MaxResults": 1001}, "InvalidParameterValue"),
    ],
)
def test_what_nobody_knows_is_refused_and_not_invented(fleet: Fleet, asked: dict[str, object], code: str) -> None:
    with pytest.raises(ClientError, match=code):
        fleet.ec2.describe_images(**asked)


def test_another_account_sees_what_is_shared_with_it_and_nothing_else(fleet: Fleet, account: Account) -> None:
    other = account.client("ec2", **OTHER)
    own = fleet.ec2.register_image(Name=unique("own"))["ImageId"]
    with pytest.raises(ClientError, match=rf"AuthFailure.*Not authorized for images: \[{own}\]"):
        other.describe_images(ImageIds=[own])
    fleet.ec2.modify_image_attribute(ImageId=own, LaunchPermission={"Add": [{"UserId": "111111111111"}]})
    seen = other.describe_images(ExecutableUsers=["self"])["Images"]
    assert [(image["ImageId"], image["OwnerId"], image["Public"]) for image in seen] == [(own, "000000000000", False)]


def test_a_deprecated_image_is_hidden_from_all_but_its_owner_and_those_who_know_its_id() -> None:
    old = {**record(IMAGES[0]), "ImageId": "ami-0dead000000000001", "DeprecationTime": "2026-01-01T00:00:00.000Z"}
    with request_scope("000000000000", "eu-south-1"):
        list(records.here())
        records.add(old)
        assert not _shows(old)
        assert _shows(old, {"IncludeDeprecated": "true"})
        assert _shows(old, {"ImageId.1": old["ImageId"]})
        old["DeprecationTime"] = "2999-01-01T00:00:00.000Z"
        assert _shows(old)
        old |= {"DeprecationTime": "2026-01-01T00:00:00.000Z", "OwnerId": "000000000000"}
        assert _shows(old)


def _shows(image: dict[str, object], asked: dict[str, str] | None = None) -> bool:
    return f"<imageId>{image['ImageId']}</imageId>" in describing.describe(Query(asked or {}))[2].decode()
