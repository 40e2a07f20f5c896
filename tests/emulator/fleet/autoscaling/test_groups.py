"""Groups: what launches, what ends, what is refused, how it reads back."""

import pytest
from botocore.exceptions import ClientError

from tests.emulator.emulated_account import eventually
from tests.emulator.fleet.fleet_account import LAUNCHING, NEW_AMI, OLD_AMI, Fleet, unique


def test_a_group_launches_real_instances_spread_over_its_zones(fleet: Fleet) -> None:
    group = fleet.group(3, Tags=[{"Key": "team", "Value": "web", "PropagateAtLaunch": True}])
    ids = group.await_in_service(3)
    found = fleet.ec2.describe_instances(InstanceIds=ids)
    machines = [one for reservation in found["Reservations"] for one in reservation["Instances"]]
    assert {one["ImageId"] for one in machines} == {OLD_AMI}
    assert {one["State"]["Name"] for one in machines} == {"running"}
    assert len({one["Placement"]["AvailabilityZone"] for one in machines}) == 3
    tags = {tag["Key"]: tag["Value"] for tag in machines[0]["Tags"]}
    assert tags["aws:autoscaling:groupName"] == group.name
    assert tags["team"] == "web"


def test_a_dead_instance_is_replaced(fleet: Fleet) -> None:
    group = fleet.group(2)
    lost = group.await_in_service(2)[0]
    fleet.ec2.terminate_instances(InstanceIds=[lost])
    eventually(lambda: group.state_of(lost) == "gone", "the end of the lost instance")
    assert lost not in group.await_in_service(2)


def test_scaling_in_spares_protected_instances_and_balances_the_zones(fleet: Fleet) -> None:
    group = fleet.group(4)
    kept = group.await_in_service(4)[0]
    fleet.autoscaling.set_instance_protection(
        AutoScalingGroupName=group.name, InstanceIds=[kept], ProtectedFromScaleIn=True
    )
    fleet.autoscaling.set_desired_capacity(AutoScalingGroupName=group.name, DesiredCapacity=1)
    assert group.await_in_service(1) == [kept]


def test_a_suspended_launch_leaves_the_group_short_until_it_is_resumed(fleet: Fleet) -> None:
    group = fleet.group(1)
    group.await_in_service(1)
    fleet.autoscaling.suspend_processes(AutoScalingGroupName=group.name, ScalingProcesses=["Launch"])
    gone = group.ids()[0]
    group.terminate(gone)
    eventually(lambda: not group.instances(), "the end of the instance")
    assert [one["ProcessName"] for one in group.facts()["SuspendedProcesses"]] == ["Launch"]
    fleet.autoscaling.resume_processes(AutoScalingGroupName=group.name)
    assert group.await_in_service(1) != [gone]


def test_standby_takes_an_instance_out_and_back(fleet: Fleet) -> None:
    group = fleet.group(2)
    one = group.await_in_service(2)[0]
    fleet.autoscaling.enter_standby(
        AutoScalingGroupName=group.name, InstanceIds=[one], ShouldDecrementDesiredCapacity=True
    )
    assert (group.state_of(one), group.facts()["DesiredCapacity"]) == ("Standby", 1)
    fleet.autoscaling.exit_standby(AutoScalingGroupName=group.name, InstanceIds=[one])
    assert one in group.await_in_service(2)


def test_a_detached_instance_lives_on_and_can_be_attached_elsewhere(fleet: Fleet) -> None:
    group, other = fleet.group(1), fleet.group(0)
    one = group.await_in_service(1)[0]
    fleet.autoscaling.detach_instances(
        AutoScalingGroupName=group.name, InstanceIds=[one], ShouldDecrementDesiredCapacity=True
    )
    assert group.instances() == []
    fleet.autoscaling.attach_instances(AutoScalingGroupName=other.name, InstanceIds=[one])
    assert other.await_in_service(1) == [one]


def test_an_unknown_template_version_is_refused_and_a_known_one_taken(fleet: Fleet) -> None:
    group = fleet.group(1)
    version = group.new_version(ImageId=NEW_AMI)
    with pytest.raises(ClientError, match="does not exist"):
        fleet.autoscaling.update_auto_scaling_group(
            AutoScalingGroupName=group.name, LaunchTemplate={"LaunchTemplateId": group.template, "Version": "9"}
        )
    fleet.autoscaling.update_auto_scaling_group(
        AutoScalingGroupName=group.name, LaunchTemplate={"LaunchTemplateId": group.template, "Version": version}
    )
    first = group.await_in_service(1)[0]
    group.terminate(first)
    eventually(lambda: group.ids() and first not in group.ids(), "a replacement")
    found = group.instances("InService")[0]
    assert (found["LaunchTemplate"]["Version"], found["ImageId"]) == (version, NEW_AMI)


def test_an_unknown_ami_fails_the_launch_and_says_so(fleet: Fleet) -> None:
    group = fleet.group(0)
    version = group.new_version(ImageId="ami-0123456789abcdeff")
    fleet.autoscaling.update_auto_scaling_group(
        AutoScalingGroupName=group.name,
        DesiredCapacity=1,
        LaunchTemplate={"LaunchTemplateId": group.template, "Version": version},
    )
    activity = eventually(lambda: next(iter(group.activities()), None), "an activity")
    assert activity["StatusCode"] == "Failed"
    assert "does not exist" in activity["StatusMessage"]
    assert group.instances() == []


def test_a_boot_failure_ends_the_instance_and_the_group_tries_again(fleet: Fleet) -> None:
    fleet.fault("boot_failure", times=1)
    group = fleet.group(1)
    group.await_in_service(1)
    statuses = [one["StatusCode"] for one in group.activities() if "Launching" in one["Description"]]
    assert sorted(statuses) == ["Failed", "Successful"]


def test_a_group_with_instances_cannot_be_deleted_unless_forced(fleet: Fleet) -> None:
    group = fleet.group(1)
    one = group.await_in_service(1)[0]
    with pytest.raises(ClientError, match="ResourceInUse"):
        fleet.autoscaling.delete_auto_scaling_group(AutoScalingGroupName=group.name)
    group.hook()
    fleet.autoscaling.delete_auto_scaling_group(AutoScalingGroupName=group.name, ForceDelete=True)

    def state() -> str:
        found = fleet.ec2.describe_instances(InstanceIds=[one])
        return str(found["Reservations"][0]["Instances"][0]["State"]["Name"])

    eventually(lambda: state() == "terminated", "the end of the orphan")


def test_groups_come_in_pages_and_by_tag(fleet: Fleet) -> None:
    label = unique("label")
    groups = [fleet.group(0, Tags=[{"Key": "label", "Value": label}]) for _ in range(3)]
    pages = fleet.autoscaling.get_paginator("describe_auto_scaling_groups").paginate(
        Filters=[{"Name": "tag:label", "Values": [label]}], PaginationConfig={"PageSize": 2}
    )
    found = [[one["AutoScalingGroupName"] for one in page["AutoScalingGroups"]] for page in pages]
    assert [len(names) for names in found] == [2, 1]
    assert {name for names in found for name in names} == {group.name for group in groups}


@pytest.mark.parametrize("capacity", [-1, 21])
def test_a_capacity_outside_the_limits_is_refused(fleet: Fleet, capacity: int) -> None:
    group = fleet.group(0)
    with pytest.raises(ClientError, match="ValidationError"):
        fleet.autoscaling.set_desired_capacity(AutoScalingGroupName=group.name, DesiredCapacity=capacity)


def test_what_is_not_modelled_is_refused_by_name(fleet: Fleet) -> None:
    group = fleet.group(0)
    with pytest.raises(ClientError, match="does not model PutWarmPool"):
        fleet.autoscaling.put_warm_pool(AutoScalingGroupName=group.name)


def test_decrementing_below_the_minimum_is_refused(fleet: Fleet) -> None:
    group = fleet.group(1, MinSize=1)
    one = group.await_in_service(1)[0]
    with pytest.raises(ClientError, match="min size"):
        group.terminate(one, decrement=True)


def test_instances_are_found_by_documented_filters_only(fleet: Fleet) -> None:
    group = fleet.group(6)
    ids = group.await_in_service(6)
    by_group = {"Name": "tag:aws:autoscaling:groupName", "Values": [group.name]}
    pages = fleet.ec2.get_paginator("describe_instances").paginate(
        Filters=[by_group, {"Name": "instance-state-name", "Values": ["run*"]}], PaginationConfig={"PageSize": 5}
    )
    found = [one["InstanceId"] for page in pages for r in page["Reservations"] for one in r["Instances"]]
    assert sorted(found) == ids
    with pytest.raises(ClientError, match="no-such-filter"):
        fleet.ec2.describe_instances(Filters=[{"Name": "no-such-filter", "Values": ["x"]}])


def test_an_abandoned_launch_never_comes_into_service(fleet: Fleet) -> None:
    group = fleet.group(0)
    hook = group.hook(LAUNCHING)
    fleet.autoscaling.set_desired_capacity(AutoScalingGroupName=group.name, DesiredCapacity=1)
    first = eventually(lambda: group.ids("Pending:Wait"), "a waiting launch")[0]
    group.complete(hook, first, "ABANDON")
    second = eventually(lambda: [one for one in group.ids("Pending:Wait") if one != first], "another launch")[0]
    group.complete(hook, second)
    assert group.await_in_service(1) == [second]


def test_a_template_with_instance_requirements_is_refused_by_name(fleet: Fleet) -> None:
    group = fleet.group(0)
    with pytest.raises(ClientError, match=r"UnsupportedOperation.*does not model InstanceRequirements"):
        group.new_version(InstanceRequirements={"VCpuCount": {"Min": 1}, "MemoryMiB": {"Min": 1}})


@pytest.mark.parametrize(
    ("override", "name"),
    [
        ({"InstanceType": "m5.large", "WeightedCapacity": "2"}, "WeightedCapacity"),
        ({"InstanceRequirements": {"VCpuCount": {"Min": 1}, "MemoryMiB": {"Min": 1}}}, "InstanceRequirements"),
    ],
)
def test_weights_and_instance_requirements_are_refused_by_name(
    fleet: Fleet, override: dict[str, object], name: str
) -> None:
    group = fleet.group(0)
    template = {"LaunchTemplateId": group.template, "Version": "1"}
    mixed = {"LaunchTemplate": {"LaunchTemplateSpecification": template, "Overrides": [override]}}
    with pytest.raises(ClientError, match=f"ValidationError.*does not model {name}"):
        fleet.autoscaling.update_auto_scaling_group(AutoScalingGroupName=group.name, MixedInstancesPolicy=mixed)
    with pytest.raises(ClientError, match=f"ValidationError.*does not model {name}"):
        fleet.autoscaling.start_instance_refresh(
            AutoScalingGroupName=group.name, DesiredConfiguration={"MixedInstancesPolicy": mixed}
        )
