"""Who may launch an account's AMI, and until when it is shown."""

import datetime as dt
from collections.abc import Iterator
from typing import Any

import pytest
from botocore.exceptions import ClientError

from emulated_aws.fleet.ec2.images import IMAGES
from tests.emulator.fleet.fleet_account import Fleet, unique

PUBLIC = IMAGES[2].image_id
USER = {"UserId": "111111111111"}


@pytest.fixture
def own(fleet: Fleet) -> Iterator[str]:
    """An image of the account, which ends with the test."""
    image_id = fleet.ec2.register_image(Name=unique("own"), Description="golden")["ImageId"]
    yield image_id
    fleet.ec2.deregister_image(ImageId=image_id)


def _permissions(fleet: Fleet, image_id: str) -> list[dict[str, str]]:
    answer = fleet.ec2.describe_image_attribute(ImageId=image_id, Attribute="launchPermission")
    return list(answer["LaunchPermissions"])


def test_permissions_are_added_taken_back_and_reset(fleet: Fleet, own: str) -> None:
    fleet.ec2.modify_image_attribute(ImageId=own, LaunchPermission={"Add": [USER, {"Group": "all"}]})
    assert _permissions(fleet, own) == [USER, {"Group": "all"}]
    assert fleet.ec2.describe_images(ImageIds=[own])["Images"][0]["Public"]
    fleet.ec2.modify_image_attribute(ImageId=own, LaunchPermission={"Remove": [{"Group": "all"}]})
    flat = {"Attribute": "launchPermission", "OperationType": "add", "UserIds": ["222222222222"]}
    fleet.ec2.modify_image_attribute(ImageId=own, **flat)
    assert _permissions(fleet, own) == [USER, {"UserId": "222222222222"}]
    fleet.ec2.reset_image_attribute(ImageId=own, Attribute="launchPermission")
    assert _permissions(fleet, own) == []


def test_a_description_is_changed(fleet: Fleet, own: str) -> None:
    fleet.ec2.modify_image_attribute(ImageId=own, Description={"Value": "golden & old"})
    answer = fleet.ec2.describe_image_attribute(ImageId=own, Attribute="description")
    assert answer["Description"]["Value"] == "golden & old"
    assert fleet.ec2.describe_images(ImageIds=[own])["Images"][0]["Description"] == "golden & old"


@pytest.mark.parametrize(
    ("image_id", "permission", "code"),
    [
        (PUBLIC, {"Add": [USER]}, f"AuthFailure.*{PUBLIC}"),
        ("ami-0123456789abcdeff", {"Add": [USER]}, r"InvalidAMIID\.NotFound"),
        (None, {"Add": [{"OrganizationArn": "arn:aws:organizations::1:organization/o-1"}]}, "InvalidParameterValue"),
        (None, {}, "InvalidParameterCombination"),
    ],
    ids=["another's image", "no image", "an organisation", "nothing"],
)
def test_a_change_that_is_not_ones_own_to_make_is_refused(
    fleet: Fleet, own: str, image_id: str | None, permission: dict[str, Any], code: str
) -> None:
    with pytest.raises(ClientError, match=code):
        fleet.ec2.modify_image_attribute(ImageId=image_id or own, LaunchPermission=permission)


def test_a_deprecation_time_is_rounded_to_the_minute_and_taken_back(fleet: Fleet, own: str) -> None:
    day = (dt.datetime.now(dt.UTC) + dt.timedelta(days=400)).replace(minute=10, second=40, microsecond=0)
    fleet.ec2.enable_image_deprecation(ImageId=own, DeprecateAt=day)
    shown = fleet.ec2.describe_images(ImageIds=[own])["Images"][0]["DeprecationTime"]
    assert shown == f"{day:%Y-%m-%dT%H}:11:00.000Z"
    fleet.ec2.disable_image_deprecation(ImageId=own)
    assert "DeprecationTime" not in fleet.ec2.describe_images(ImageIds=[own])["Images"][0]


def test_a_deprecation_lies_ahead_within_ten_years_and_within_two_of_a_public_image(fleet: Fleet, own: str) -> None:
    now = dt.datetime.now(dt.UTC)
    for days in (-1, 366 * 11):
        with pytest.raises(ClientError, match="InvalidParameterValue"):
            fleet.ec2.enable_image_deprecation(ImageId=own, DeprecateAt=now + dt.timedelta(days=days))
    later = now + dt.timedelta(days=365 * 3)
    fleet.ec2.enable_image_deprecation(ImageId=own, DeprecateAt=later)
    fleet.ec2.modify_image_attribute(ImageId=own, LaunchPermission={"Add": [{"Group": "all"}]})
    with pytest.raises(ClientError, match="InvalidParameterValue"):
        fleet.ec2.enable_image_deprecation(ImageId=own, DeprecateAt=later)
    with pytest.raises(ClientError, match=f"AuthFailure.*{PUBLIC}"):
        fleet.ec2.enable_image_deprecation(ImageId=PUBLIC, DeprecateAt=later)
