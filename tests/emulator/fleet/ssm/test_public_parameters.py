"""The public parameters of ECS's AMIs: who finds them, and what each publication does to them."""

import json
from typing import Any

import pytest
from botocore.exceptions import ClientError

from emulated_aws.fleet.ec2.images import IMAGES
from tests.emulator.emulated_account import Account
from tests.emulator.fleet.fleet_account import Fleet, unique

PATH = "/aws/service/ecs/optimized-ami/amazon-linux-2023"
X86, ARM = f"{PATH}/recommended/image_id", f"{PATH}/arm64/recommended/image_id"
OTHER = {"aws_access_key_id": "111111111111", "aws_secret_access_key": "test"}


def _publish(fleet: Fleet, **given: str) -> str:
    status, answer = fleet.ask("POST", "/images", given)
    assert status == 201, answer
    return str(answer["image_id"])


def _get(fleet: Fleet, name: str) -> dict[str, Any]:
    found: dict[str, Any] = fleet.account.client("ssm").get_parameter(Name=name)["Parameter"]
    return found


def test_a_publication_gives_the_parameters_of_its_architecture_a_new_version(fleet: Fleet, account: Account) -> None:
    before = {name: _get(fleet, name) for name in (X86, ARM)}
    new = _publish(fleet, architecture="arm64")
    assert _get(fleet, X86) == before[X86]
    after = _get(fleet, ARM)
    assert (after["Value"], after["Version"]) == (new, before[ARM]["Version"] + 1)
    assert after["LastModifiedDate"] > before[ARM]["LastModifiedDate"]
    assert account.client("ssm", **OTHER).get_parameter(Name=ARM)["Parameter"]["Value"] == new
    described = json.loads(_get(fleet, f"{PATH}/arm64/recommended")["Value"])
    image = fleet.ec2.describe_images(ImageIds=[new])["Images"][0]
    assert (described["image_id"], described["image_name"]) == (new, image["Name"])
    assert described["image_version"] in image["Name"]
    assert _get(fleet, f"{PATH}/arm64/{image['Name']}/image_id")["Value"] == new


def test_an_earlier_version_can_be_asked_for(fleet: Fleet) -> None:
    first = _get(fleet, f"{X86}:1")
    assert (first["Value"], first["Version"], first["Selector"]) == (IMAGES[2].image_id, 1, ":1")
    ssm = fleet.account.client("ssm")
    with pytest.raises(ClientError, match="ParameterVersionNotFound"):
        ssm.get_parameter(Name=f"{X86}:999")
    with pytest.raises(ClientError, match="ParameterNotFound"):
        ssm.get_parameter(Name=f"{PATH}/nobodys/image_id")


def test_public_parameters_are_found_by_path_and_are_in_no_accounts_own_list(fleet: Fleet) -> None:
    ssm = fleet.account.client("ssm")
    ssm.get_parameter(Name=X86)
    pages = ssm.get_paginator("get_parameters_by_path").paginate(Path=PATH, Recursive=True)
    sizes = [[one["Name"] for one in page["Parameters"]] for page in pages]
    names = {name for page in sizes for name in page}
    assert {X86, ARM, f"{PATH}/recommended"} <= names
    assert all(name.startswith(f"{PATH}/") for name in names)
    assert [one["Name"] for one in ssm.get_parameters_by_path(Path=PATH)["Parameters"]] == [f"{PATH}/recommended"]
    assert ssm.describe_parameters()["Parameters"] == []


def test_a_stack_takes_its_image_from_a_public_parameter(fleet: Fleet) -> None:
    template = {
        "Parameters": {"Image": {"Type": "AWS::SSM::Parameter::Value<AWS::EC2::Image::Id>", "Default": ARM}},
        "Resources": {"Queue": {"Type": "AWS::SQS::Queue"}},
        "Outputs": {"Image": {"Value": {"Ref": "Image"}}},
    }
    cloudformation, name = fleet.account.client("cloudformation"), unique("stack")
    cloudformation.create_stack(StackName=name, TemplateBody=json.dumps(template))
    cloudformation.get_waiter("stack_create_complete").wait(StackName=name, WaiterConfig={"Delay": 1})
    outputs = cloudformation.describe_stacks(StackName=name)["Stacks"][0]["Outputs"]
    assert [one["OutputValue"] for one in outputs] == [_get(fleet, ARM)["Value"]]
