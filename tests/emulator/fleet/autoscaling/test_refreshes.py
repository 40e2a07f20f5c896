"""Instance refreshes and CloudFormation's rolling update against the running emulator."""

import json

import pytest
from botocore.exceptions import ClientError

from tests.emulator.emulated_account import eventually
from tests.emulator.fleet.fleet_account import NEW_AMI, OLD_AMI, Fleet, Group, unique


def _start(group: Group, version: str = "", **preferences: object) -> str:
    wanted = {"LaunchTemplate": {"LaunchTemplateId": group.template, "Version": version}} if version else None
    answer = group.fleet.autoscaling.start_instance_refresh(
        AutoScalingGroupName=group.name,
        Preferences={"InstanceWarmup": 0, **preferences},
        **({"DesiredConfiguration": wanted} if wanted else {}),
    )
    return str(answer["InstanceRefreshId"])


def _refresh(group: Group) -> dict[str, object]:
    found = group.fleet.autoscaling.describe_instance_refreshes(AutoScalingGroupName=group.name)
    return dict(found["InstanceRefreshes"][0])


def _await(group: Group, status: str) -> dict[str, object]:
    eventually(lambda: _refresh(group)["Status"] == status, f"a refresh that is {status}")
    return _refresh(group)


def _versions(group: Group) -> list[str]:
    return sorted(one["LaunchTemplate"]["Version"] for one in group.instances("InService"))


def test_a_refresh_replaces_every_instance_and_the_group_takes_the_version_over(fleet: Fleet) -> None:
    group = fleet.group(4)
    before = group.await_in_service(4)
    version = group.new_version(ImageId=NEW_AMI)
    _start(group, version, MinHealthyPercentage=50)
    done = _await(group, "Successful")
    assert (done["PercentageComplete"], done["InstancesToUpdate"]) == (100, 0)
    assert not set(group.await_in_service(4)) & set(before)
    assert group.facts()["LaunchTemplate"]["Version"] == version
    assert {one["ImageId"] for one in group.instances()} == {NEW_AMI}


def test_skip_matching_replaces_only_what_differs(fleet: Fleet) -> None:
    group = fleet.group(2)
    before = group.await_in_service(2)
    _start(group, "1", SkipMatching=True)
    _await(group, "Successful")
    assert group.await_in_service(2) == before


def test_a_refresh_does_not_wait_for_what_was_leaving_before_it_began_nor_for_what_is_kept(fleet: Fleet) -> None:
    group = fleet.group(3, InstanceLifecyclePolicy={"RetentionTriggers": {"TerminateHookAbandon": "retain"}})
    before = group.await_in_service(3)
    hook = group.hook()
    group.terminate(before[0])
    eventually(lambda: group.state_of(before[0]) == "Terminating:Wait", "an instance in its hook")
    eventually(lambda: len(group.ids()) == 3, "its replacement")
    _start(group, MinHealthyPercentage=100, MaxHealthyPercentage=200)
    eventually(lambda: len(group.ids("Terminating:Wait")) == 4, "what the refresh replaces in its hooks")
    kept, *gone = set(group.ids("Terminating:Wait")) - {before[0]}
    group.complete(hook, kept, "ABANDON")
    for instance_id in gone:
        group.complete(hook, instance_id)
    _await(group, "Successful")
    assert (group.state_of(before[0]), group.state_of(kept)) == ("Terminating:Wait", "Terminating:Retained")


def test_a_refresh_waits_at_its_checkpoint_and_a_second_one_is_refused(fleet: Fleet) -> None:
    group = fleet.group(4)
    group.await_in_service(4)
    version = group.new_version(ImageId=NEW_AMI)
    _start(group, version, MinHealthyPercentage=50, CheckpointPercentages=[50, 100], CheckpointDelay=172800)
    eventually(lambda: _refresh(group)["PercentageComplete"] == 50, "the checkpoint")
    eventually(lambda: _versions(group) == ["1", "1", version, version], "half of the group")
    with pytest.raises(ClientError, match="InstanceRefreshInProgress"):
        _start(group)
    fleet.autoscaling.cancel_instance_refresh(AutoScalingGroupName=group.name)
    _await(group, "Cancelled")
    assert group.facts()["LaunchTemplate"]["Version"] == "1"


def test_a_rollback_brings_the_old_version_back(fleet: Fleet) -> None:
    group = fleet.group(4)
    group.await_in_service(4)
    version = group.new_version(ImageId=NEW_AMI)
    _start(group, version, MinHealthyPercentage=50, CheckpointPercentages=[50, 100], CheckpointDelay=172800)
    eventually(lambda: _versions(group) == ["1", "1", version, version], "half of the group")
    fleet.autoscaling.rollback_instance_refresh(AutoScalingGroupName=group.name)
    _await(group, "RollbackSuccessful")
    assert _versions(group) == ["1"] * 4


def test_a_refresh_without_a_desired_configuration_cannot_be_rolled_back(fleet: Fleet) -> None:
    group = fleet.group(1)
    group.await_in_service(1)
    group.hook()
    _start(group)
    with pytest.raises(ClientError, match="IrreversibleInstanceRefresh"):
        fleet.autoscaling.rollback_instance_refresh(AutoScalingGroupName=group.name)


def test_a_bad_image_fails_the_refresh_and_rolls_it_back_by_itself(fleet: Fleet) -> None:
    group = fleet.group(2)
    group.await_in_service(2)
    version = group.new_version(ImageId=NEW_AMI)
    fleet.fault("boot_failure", match={"image_id": NEW_AMI})
    fleet.settings(time_scale=0.001)
    _start(group, version, MinHealthyPercentage=50, AutoRollback=True)
    found = _await(group, "RollbackSuccessful")
    assert "RollbackDetails" in found
    assert _versions(group) == ["1", "1"]


def test_a_maximum_above_100_launches_first(fleet: Fleet) -> None:
    group = fleet.group(2)
    before = set(group.await_in_service(2))
    hook = group.hook()
    _start(group, group.new_version(ImageId=NEW_AMI), MinHealthyPercentage=100, MaxHealthyPercentage=150)
    eventually(lambda: group.ids("Terminating:Wait"), "the first termination")
    assert len(group.ids()) >= 2

    let_go: set[str] = set()

    def finished() -> bool:
        for one in set(group.ids("Terminating:Wait")) - let_go:
            group.complete(hook, one)
            let_go.add(one)
        return _refresh(group)["Status"] == "Successful"

    eventually(finished, "the refresh")
    assert not before & set(group.await_in_service(2))


def _template(image: str, **update_policy: object) -> str:
    data = {"ImageId": image, "InstanceType": "m5.large"}
    group = {
        "Type": "AWS::AutoScaling::AutoScalingGroup",
        "UpdatePolicy": update_policy,
        "Properties": {
            "MinSize": "3",
            "MaxSize": "6",
            "VPCZoneIdentifier": ["subnet-00000001"],
            "LaunchTemplate": {
                "LaunchTemplateId": {"Ref": "Template"},
                "Version": {"Fn::GetAtt": ["Template", "LatestVersionNumber"]},
            },
        },
    }
    template = {"Type": "AWS::EC2::LaunchTemplate", "Properties": {"LaunchTemplateData": data}}
    return json.dumps({"Resources": {"Template": template, "Group": group}})


def _stack(fleet: Fleet, body: str) -> tuple[str, Group]:
    name = unique("stack")
    stacks = fleet.account.client("cloudformation")
    stacks.create_stack(StackName=name, TemplateBody=body, TimeoutInMinutes=30)
    _await_stack(fleet, name, "CREATE_COMPLETE")
    found = stacks.describe_stack_resource(StackName=name, LogicalResourceId="Group")["StackResourceDetail"]
    return name, Group(fleet, found["PhysicalResourceId"], "")


def _await_stack(fleet: Fleet, name: str, status: str) -> None:
    stacks = fleet.account.client("cloudformation")
    eventually(lambda: stacks.describe_stacks(StackName=name)["Stacks"][0]["StackStatus"] == status, status)


def test_instances_follow_their_stack_by_the_update_policy(fleet: Fleet) -> None:
    policy = {"MaxBatchSize": 2, "MinInstancesInService": 1}
    name, group = _stack(fleet, _template(OLD_AMI, AutoScalingRollingUpdate=policy))
    stacks = fleet.account.client("cloudformation")
    assert stacks.describe_stacks(StackName=name)["Stacks"][0]["TimeoutInMinutes"] == 30
    before = group.await_in_service(3)
    body = _template(NEW_AMI, AutoScalingRollingUpdate=policy)
    stacks.update_stack(StackName=name, TemplateBody=body)
    _await_stack(fleet, name, "UPDATE_COMPLETE")
    assert not set(group.await_in_service(3)) & set(before)
    assert {one["ImageId"] for one in group.instances()} == {NEW_AMI}
    stacks.delete_stack(StackName=name)
    groups = fleet.autoscaling.describe_auto_scaling_groups
    eventually(lambda: not groups(AutoScalingGroupNames=[group.name])["AutoScalingGroups"], "the group's end")


def test_an_update_whose_instances_never_signal_rolls_back(fleet: Fleet) -> None:
    policy = {"MaxBatchSize": 3, "WaitOnResourceSignals": True, "PauseTime": "PT1M"}
    name, group = _stack(fleet, _template(OLD_AMI, AutoScalingRollingUpdate=policy))
    fleet.settings(time_scale=0.02)
    fleet.fault("boot_failure", match={"image_id": NEW_AMI})
    body = _template(NEW_AMI, AutoScalingRollingUpdate=policy)
    fleet.account.client("cloudformation").update_stack(StackName=name, TemplateBody=body)
    _await_stack(fleet, name, "UPDATE_ROLLBACK_COMPLETE")
    group.await_in_service(3)
    assert {one["ImageId"] for one in group.instances()} == {OLD_AMI}


def test_an_update_policy_that_is_not_modelled_is_refused(fleet: Fleet) -> None:
    name = unique("stack")
    body = _template(OLD_AMI, AutoScalingReplacingUpdate={"WillReplace": True})
    fleet.account.client("cloudformation").create_stack(StackName=name, TemplateBody=body)
    _await_stack(fleet, name, "ROLLBACK_COMPLETE")


@pytest.mark.parametrize(
    "wrong",
    [
        {"CheckpointDelay": 172_801, "CheckpointPercentages": [50, 100]},
        {"CheckpointDelay": 60},
        {"BakeTime": 999_999},
    ],
)
def test_waits_beyond_their_limits_are_refused(fleet: Fleet, wrong: dict[str, object]) -> None:
    with pytest.raises(ClientError, match=f"ValidationError.*{next(iter(wrong))}"):
        fleet.autoscaling.start_instance_refresh(AutoScalingGroupName=fleet.group(0).name, Preferences=wrong)


@pytest.mark.parametrize("kind", ["metric", "composite"])
def test_an_alarm_rolls_a_refresh_back_and_does_not_stop_the_rollback(fleet: Fleet, kind: str) -> None:
    cloudwatch, name = fleet.account.client("cloudwatch"), unique("alarm")
    cloudwatch.put_metric_alarm(
        AlarmName=name,
        Namespace="None",
        MetricName="none",
        Statistic="Sum",
        Period=60,
        EvaluationPeriods=1,
        Threshold=1,
        ComparisonOperator="GreaterThanThreshold",
        TreatMissingData="breaching",
    )

    def rings() -> bool:
        return bool(cloudwatch.describe_alarms(AlarmNames=[name])["MetricAlarms"][0]["StateValue"] == "ALARM")

    eventually(rings, "the alarm")
    if kind == "composite":
        cloudwatch.put_composite_alarm(AlarmName=f"{name}-all", AlarmRule=f'ALARM("{name}")')
        name = f"{name}-all"
    group = fleet.group(2)
    group.await_in_service(2)
    version = group.new_version(ImageId=NEW_AMI)
    _start(group, version, MinHealthyPercentage=50, AutoRollback=True, AlarmSpecification={"Alarms": [name]})
    done = _await(group, "RollbackSuccessful")
    assert name in str(dict(done["RollbackDetails"])["RollbackReason"])  # type: ignore[call-overload]
    assert _versions(group) == ["1", "1"]


def test_a_refresh_has_at_most_ten_alarms(fleet: Fleet) -> None:
    alarms = {"Alarms": [f"alarm-{number}" for number in range(11)]}
    with pytest.raises(ClientError, match=r"ValidationError.*at most 10 alarms"):
        _start(fleet.group(0), AlarmSpecification=alarms)
