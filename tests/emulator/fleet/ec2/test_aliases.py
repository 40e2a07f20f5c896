"""A parameter in place of an AMI: accepted in a template, resolved at every launch."""

from typing import Any

import pytest
from botocore.exceptions import ClientError

from emulated_aws.fleet.ec2.images import IMAGES
from tests.emulator.emulated_account import eventually
from tests.emulator.fleet.fleet_account import Fleet, unique

OLD, NEW = IMAGES[1].image_id, IMAGES[2].image_id
PUBLIC = "/aws/service/ecs/optimized-ami/amazon-linux-2023/recommended/image_id"


def _parameter(fleet: Fleet) -> str:
    name, ssm = f"/{unique('golden')}", fleet.account.client("ssm")
    for value in (OLD, NEW):
        ssm.put_parameter(Name=name, Value=value, Type="String", DataType="aws:ec2:image", Overwrite=True)
    ssm.label_parameter_version(Name=name, ParameterVersion=1, Labels=["stable"])
    return name


def _resolved(fleet: Fleet, image_id: str) -> str:
    made = fleet.ec2.create_launch_template(
        LaunchTemplateName=unique("template"), LaunchTemplateData={"ImageId": image_id, "InstanceType": "m5.large"}
    )["LaunchTemplate"]["LaunchTemplateId"]
    answers = [
        fleet.ec2.describe_launch_template_versions(LaunchTemplateId=made, ResolveAlias=resolve)
        for resolve in (False, True)
    ]
    shown = [one["LaunchTemplateVersions"][0]["LaunchTemplateData"]["ImageId"] for one in answers]
    assert shown[0] == image_id
    return str(shown[1])


def test_an_alias_is_shown_as_it_is_or_resolved(fleet: Fleet) -> None:
    name = _parameter(fleet)
    arn = f"arn:aws:ssm:eu-west-1:000000000000:parameter{name}"
    wanted = {name: NEW, f"{name}:1": OLD, f"{name}:stable": OLD, arn: NEW, f"{arn}:1": OLD, PUBLIC: NEW}
    assert {alias: _resolved(fleet, f"resolve:ssm:{alias}") for alias in wanted} == wanted
    assert _resolved(fleet, OLD) == OLD


def test_an_alias_is_resolved_by_run_instances_and_refused_when_it_means_nothing(fleet: Fleet) -> None:
    alias = f"resolve:ssm:{_parameter(fleet)}"
    ran = fleet.ec2.run_instances(ImageId=alias, InstanceType="m5.large", MinCount=1, MaxCount=1)["Instances"][0]
    assert ran["ImageId"] == NEW
    for nothing in ("resolve:ssm:/nobodys", f"{alias}:9", f"{alias}:blue"):
        with pytest.raises(ClientError, match=f"InvalidParameterValue.*{nothing}"):
            fleet.ec2.run_instances(ImageId=nothing, InstanceType="m5.large", MinCount=1, MaxCount=1)


def _group(fleet: Fleet, name: str, size: int) -> Any:
    group = fleet.group(0)
    group.new_version(ImageId=f"resolve:ssm:{name}")
    template = {"LaunchTemplateId": group.template, "Version": "2"}
    fleet.autoscaling.update_auto_scaling_group(
        AutoScalingGroupName=group.name, DesiredCapacity=size, LaunchTemplate=template
    )
    return group


def test_a_group_launches_what_the_parameter_says_at_the_launch(fleet: Fleet) -> None:
    name, ssm = _parameter(fleet), fleet.account.client("ssm")
    group = _group(fleet, name, 1)
    first = group.await_in_service(1)
    assert _images_of(fleet, first) == [NEW]
    ssm.put_parameter(Name=name, Value=OLD, Type="String", DataType="aws:ec2:image", Overwrite=True)
    fleet.autoscaling.set_desired_capacity(AutoScalingGroupName=group.name, DesiredCapacity=2)
    assert sorted(_images_of(fleet, group.await_in_service(2))) == sorted([NEW, OLD])


def _images_of(fleet: Fleet, instance_ids: list[str]) -> list[str]:
    reservations = fleet.ec2.describe_instances(InstanceIds=instance_ids)["Reservations"]
    return [one["ImageId"] for reservation in reservations for one in reservation["Instances"]]


def test_a_group_whose_parameter_is_gone_has_failed_activities(fleet: Fleet) -> None:
    group = _group(fleet, "/nobodys", 1)
    failed = eventually(lambda: next(iter(group.activities()), None), "a failed launch")
    assert (failed["StatusCode"], "/nobodys" in failed["StatusMessage"]) == ("Failed", True)


def test_a_refresh_that_skips_what_matches_replaces_hosts_of_the_parameters_older_image(fleet: Fleet) -> None:
    name, ssm = _parameter(fleet), fleet.account.client("ssm")
    group = _group(fleet, name, 1)
    old = group.await_in_service(1)
    ssm.put_parameter(Name=name, Value=OLD, Type="String", DataType="aws:ec2:image", Overwrite=True)
    fleet.autoscaling.start_instance_refresh(
        AutoScalingGroupName=group.name, Preferences={"SkipMatching": True, "MinHealthyPercentage": 0}
    )
    eventually(lambda: (ids := group.ids()) and not set(ids) & set(old), "another host")
    assert _images_of(fleet, group.ids()) == [OLD]
