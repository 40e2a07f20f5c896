"""A fleet whose drain looked at it once, and then never again: its hosts are kept."""

import boto3

from opscore.draining.aws.hosts import Hosts
from opscore.draining.aws.service_models import new_session
from opscore.draining.function.poller import pollers
from opscore.draining.function.schedule import Swept, sweep
from opscore.draining.function.wiring import Wiring
from opscore.draining.policy import Fleet as DrainedFleet
from tests.emulator.emulated_account import eventually
from tests.emulator.fleet.fleet_account import Fleet, Group
from tests.lib.opscore.draining.model_aws import ModelAws
from tests.lib.opscore.draining.simulation import MemoryDrains


def sweep_once(fleet: Fleet, group: Group, hook: str = "opsctl-drain") -> Swept:
    """Sweep as the call does that Terraform makes with a group."""
    account = fleet.account
    session = boto3.Session(
        "test", "test", region_name=fleet.autoscaling.meta.region_name, botocore_session=new_session()
    )
    autoscaling = session.client("autoscaling", endpoint_url=account.emulator.endpoint)
    drains = MemoryDrains(ModelAws())
    wiring = Wiring(
        drains=drains,
        hosts=Hosts(fleet.ecs, autoscaling),
        ecs=fleet.ecs,
        ec2=fleet.ec2,
        autoscaling=autoscaling,
        count=lambda *_: None,
        fleets={group.name: DrainedFleet(group.name, fleet.cluster(), hook)},
        now=lambda: 0,
    )
    return sweep(wiring, pollers(drains, lambda *_: None, wiring.now))


def test_the_first_termination_of_a_new_fleet_keeps_the_host_when_nobody_answers(fleet: Fleet) -> None:
    fleet.settings(time_scale=0.01)
    group = fleet.group(1)
    group.hook(timeout=30, default="ABANDON")
    assert [sweep_once(fleet, group).retaining for _ in range(2)] == [1, 0]
    (one,) = group.await_in_service(1)
    group.terminate(one)
    eventually(lambda: group.state_of(one) == "Terminating:Retained", "the timeout")
    reservations = fleet.ec2.describe_instances(InstanceIds=[one])["Reservations"]
    assert reservations[0]["Instances"][0]["State"]["Name"] == "running"


def test_a_hook_that_waits_for_another_time_than_its_fleet_says_is_changed_once(fleet: Fleet) -> None:
    group = fleet.group(0)
    hook = group.hook(timeout=300, default="CONTINUE", NotificationMetadata="kept")
    assert [sweep_once(fleet, group, hook).hooks for _ in range(2)] == [1, 0]
    (found,) = fleet.autoscaling.describe_lifecycle_hooks(AutoScalingGroupName=group.name)["LifecycleHooks"]
    assert (found["HeartbeatTimeout"], found["DefaultResult"]) == (1800, "ABANDON")
