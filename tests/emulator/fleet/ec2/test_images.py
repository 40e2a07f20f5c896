"""AMIs: who sees which, by which filter, and that only what exists runs."""

import pytest
from botocore.exceptions import ClientError

from emulated_aws.fleet.ec2.images import IMAGES
from tests.emulator.emulated_account import eventually
from tests.emulator.fleet.fleet_account import Fleet, unique

NOBODYS = "ami-0123456789abcdeff"


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
    owned = fleet.ec2.describe_images(Owners=["self"])["Images"]
    assert owned == []


def test_an_own_image_has_the_date_of_its_making(fleet: Fleet) -> None:
    name = unique("own")
    own = fleet.ec2.register_image(Name=name, Architecture="arm64")["ImageId"]
    image = fleet.ec2.describe_images(Owners=["self"], Filters=[{"Name": "name", "Values": [name]}])["Images"][0]
    assert (image["ImageId"], image["Architecture"], image["CreationDate"][:2]) == (own, "arm64", "20")
    fleet.ec2.deregister_image(ImageId=own)
    with pytest.raises(ClientError, match=r"InvalidAMIID\.NotFound"):
        fleet.ec2.describe_images(ImageIds=[own])


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
        ({"MaxResults": 1001}, "InvalidParameterValue"),
    ],
)
def test_what_nobody_knows_is_refused_and_not_invented(fleet: Fleet, asked: dict[str, object], code: str) -> None:
    with pytest.raises(ClientError, match=code):
        fleet.ec2.describe_images(**asked)


def test_only_an_image_that_exists_runs(fleet: Fleet) -> None:
    with pytest.raises(ClientError, match=r"InvalidAMIID\.NotFound"):
        fleet.ec2.run_instances(ImageId=NOBODYS, MinCount=1, MaxCount=1)
    with pytest.raises(ClientError, match=r"MissingParameter.*ImageId"):
        fleet.ec2.run_instances(MinCount=1, MaxCount=1)
    name = unique("template")
    fleet.ec2.create_launch_template(LaunchTemplateName=name, LaunchTemplateData={"ImageId": NOBODYS})
    fleet.ec2.create_launch_template_version(
        LaunchTemplateName=name, LaunchTemplateData={"ImageId": IMAGES[0].image_id, "InstanceType": "c5.large"}
    )
    with pytest.raises(ClientError, match=r"InvalidAMIID\.NotFound"):
        fleet.ec2.run_instances(LaunchTemplate={"LaunchTemplateName": name, "Version": "1"}, MinCount=1, MaxCount=1)
    ran = fleet.ec2.run_instances(LaunchTemplate={"LaunchTemplateName": name, "Version": "2"}, MinCount=1, MaxCount=1)
    assert [(one["ImageId"], one["InstanceType"]) for one in ran["Instances"]] == [(IMAGES[0].image_id, "c5.large")]
    group = fleet.group(0)
    fleet.autoscaling.update_auto_scaling_group(
        AutoScalingGroupName=group.name,
        DesiredCapacity=1,
        LaunchTemplate={"LaunchTemplateName": name, "Version": "1"},
    )
    failed = eventually(lambda: next(iter(group.activities()), None), "a failed launch")
    assert (failed["StatusCode"], NOBODYS in failed["StatusMessage"]) == ("Failed", True)
