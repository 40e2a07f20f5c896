"""Container instances, services and tasks: placement, draining, stopping, faults, events."""

import pytest
from botocore.exceptions import ClientError

from tests.emulator.emulated_account import eventually
from tests.emulator.fleet.fleet_account import Fleet


def test_container_instances_register_after_boot_with_their_resources(fleet: Fleet) -> None:
    listener = fleet.listen(detail_type=["ECS Container Instance State Change"], source=["aws.ecs"])
    cluster = fleet.cluster()
    group = fleet.group(2, cluster)
    arns = fleet.await_registered(cluster, 2)
    found = fleet.describe_instance(cluster, arns[0])
    assert (found["status"], found["agentConnected"]) == ("ACTIVE", True)
    assert found["ec2InstanceId"] in group.ids()
    assert {one["name"]: one["integerValue"] for one in found["registeredResources"]}["CPU"] == 2048
    assert listener.awaited(containerInstanceArn=arns[0])["detail"]["status"] == "ACTIVE"


def test_draining_moves_service_tasks_and_leaves_standalone_ones(fleet: Fleet) -> None:
    cluster, definition = fleet.cluster(), fleet.definition()
    fleet.group(2, cluster)
    fleet.await_registered(cluster, 2)
    service = fleet.service(cluster, definition, 4)
    fleet.await_running(cluster, service, 4)
    alone = fleet.ecs.run_task(cluster=cluster, taskDefinition=definition)["tasks"][0]
    host = alone["containerInstanceArn"]
    fleet.drain(cluster, host)

    def only_the_standalone_one_is_left() -> bool:
        left = [task for task in fleet.tasks_on(cluster, host) if task["lastStatus"] != "STOPPED"]
        return [task["taskArn"] for task in left] == [alone["taskArn"]]

    eventually(only_the_standalone_one_is_left, "the move")
    fleet.await_running(cluster, service, 4)
    fleet.ecs.stop_task(cluster=cluster, task=alone["taskArn"])
    eventually(lambda: fleet.is_drained(cluster, host), "the end of the standalone task")
    assert fleet.describe_instance(cluster, host)["runningTasksCount"] == 0
    fleet.drain(cluster, host, "ACTIVE")
    assert fleet.describe_instance(cluster, host)["status"] == "ACTIVE"


def test_a_service_that_may_neither_shrink_nor_grow_never_drains(fleet: Fleet) -> None:
    cluster = fleet.cluster()
    fleet.group(2, cluster)
    fleet.await_registered(cluster, 2)
    stuck = {"minimumHealthyPercent": 100, "maximumPercent": 100}
    service = fleet.service(cluster, fleet.definition(), 2, deploymentConfiguration=stuck)
    free = fleet.service(cluster, fleet.definition(), 2)
    fleet.await_running(cluster, service, 2)
    fleet.await_running(cluster, free, 2)
    host = next(arn for arn in fleet.container_instances(cluster) if len(fleet.tasks_on(cluster, arn)) == 2)
    fleet.drain(cluster, host)

    def others_have_left() -> bool:
        groups = {task["group"] for task in fleet.tasks_on(cluster, host) if task["lastStatus"] != "STOPPED"}
        return groups == {f"service:{service}"}

    eventually(others_have_left, "the other service's move")


def test_a_service_without_room_says_which_resource_is_missing(fleet: Fleet) -> None:
    cluster = fleet.cluster()
    fleet.group(1, cluster, instance_type="t3.micro")
    fleet.await_registered(cluster, 1)
    service = fleet.service(cluster, fleet.definition(cpu=256, memory=700), 2)
    fleet.await_running(cluster, service, 1)

    def complaint() -> bool:
        messages = [event["message"] for event in fleet.describe_service(cluster, service)["events"]]
        return any("unable to place a task" in one and "insufficient memory" in one for one in messages)

    eventually(complaint, "a service event")


def test_host_ports_and_constraints_keep_tasks_apart(fleet: Fleet) -> None:
    cluster = fleet.cluster()
    fleet.group(2, cluster)
    fleet.await_registered(cluster, 2)
    fixed = fleet.definition(portMappings=[{"containerPort": 80, "hostPort": 8080}])
    answer = fleet.ecs.run_task(cluster=cluster, taskDefinition=fixed, count=3)
    assert len({task["containerInstanceArn"] for task in answer["tasks"]}) == 2
    assert [one["reason"] for one in answer["failures"]] == ["RESOURCE:PORTS"]
    zone = {"type": "memberOf", "expression": "attribute:ecs.availability-zone == eu-west-1b"}
    answer = fleet.ecs.run_task(cluster=cluster, taskDefinition=fleet.definition(), placementConstraints=[zone])
    assert answer["tasks"][0]["availabilityZone"] == "eu-west-1b"
    nowhere = {"type": "memberOf", "expression": "attribute:color == blue"}
    answer = fleet.ecs.run_task(cluster=cluster, taskDefinition=fleet.definition(), placementConstraints=[nowhere])
    assert [one["reason"] for one in answer["failures"]] == ["ATTRIBUTE"]
    with pytest.raises(ClientError, match="Invalid placement constraint"):
        wrong = {"type": "memberOf", "expression": "colour is blue"}
        fleet.ecs.run_task(cluster=cluster, taskDefinition=fleet.definition(), placementConstraints=[wrong])


def test_a_task_that_ignores_sigterm_holds_out_until_its_stop_timeout(fleet: Fleet) -> None:
    cluster, definition = fleet.cluster(), fleet.definition(stopTimeout=60)
    fleet.group(1, cluster)
    fleet.await_registered(cluster, 1)
    stubborn, tame = fleet.ecs.run_task(cluster=cluster, taskDefinition=definition, count=2)["tasks"]

    def status(task: dict[str, str]) -> str:
        return str(fleet.ecs.describe_tasks(cluster=cluster, tasks=[task["taskArn"]])["tasks"][0]["lastStatus"])

    eventually(lambda: status(stubborn) == status(tame) == "RUNNING", "two running tasks")
    fleet.fault("ignores_sigterm", match={"task": stubborn["taskArn"]})
    fleet.settings(time_scale=0.02)
    for task in (stubborn, tame):
        answer = fleet.ecs.stop_task(cluster=cluster, task=task["taskArn"])["task"]
        assert (answer["desiredStatus"], answer["lastStatus"]) == ("STOPPED", "STOPPING")
    assert fleet.describe_instance(cluster, stubborn["containerInstanceArn"])["runningTasksCount"] == 0
    eventually(lambda: status(tame) == "STOPPED", "the end of the tame task")
    eventually(lambda: status(stubborn) == "STOPPED", "SIGKILL")
    found = fleet.ecs.describe_tasks(cluster=cluster, tasks=[stubborn["taskArn"], tame["taskArn"]])["tasks"]
    assert {one["taskArn"]: one["containers"][0]["exitCode"] for one in found} == {
        stubborn["taskArn"]: 137,
        tame["taskArn"]: 143,
    }


def test_slow_deregistration_keeps_a_load_balanced_task_deactivating(fleet: Fleet) -> None:
    cluster, definition = fleet.cluster(), fleet.definition()
    fleet.group(2, cluster)
    fleet.await_registered(cluster, 2)
    balancer = {"targetGroupArn": "arn:aws:elasticloadbalancing:eu-west-1:0:targetgroup/a/1", "containerPort": 80}
    service = fleet.service(cluster, definition, 1, loadBalancers=[{**balancer, "containerName": "main"}])
    fleet.await_running(cluster, service, 1)
    fault = fleet.fault("slow_deregistration", match={"group": f"service:{service}"}, seconds=3)
    host = next(arn for arn in fleet.container_instances(cluster) if fleet.tasks_on(cluster, arn))
    fleet.drain(cluster, host)
    eventually(lambda: fleet.tasks_on(cluster, host)[0]["lastStatus"] == "DEACTIVATING", "the deregistration")
    assert fleet.ecs.list_tasks(cluster=cluster, containerInstance=host)["taskArns"] == []
    assert not fleet.is_drained(cluster, host)
    fleet.ask("DELETE", f"/faults/{fault}")
    eventually(lambda: fleet.is_drained(cluster, host), "the end of the task")


def test_a_lost_host_kills_its_tasks_and_they_start_elsewhere(fleet: Fleet) -> None:
    listener = fleet.listen(source=["aws.ecs"], detail_type=["ECS Task State Change"])
    cluster = fleet.cluster()
    fleet.group(2, cluster)
    fleet.await_registered(cluster, 2)
    service = fleet.service(cluster, fleet.definition(), 2)
    fleet.await_running(cluster, service, 2)
    host = next(arn for arn in fleet.container_instances(cluster) if fleet.tasks_on(cluster, arn))
    killed = fleet.tasks_on(cluster, host)[0]["taskArn"]
    fleet.ec2.terminate_instances(InstanceIds=[fleet.describe_instance(cluster, host)["ec2InstanceId"]])
    event = listener.awaited(taskArn=killed, lastStatus="STOPPED")
    assert event["detail"]["stopCode"] == "TerminationNotice"
    fleet.await_running(cluster, service, 2)
    assert fleet.describe_instance(cluster, host)["status"] == "INACTIVE"


def test_a_spot_notice_comes_first_and_the_end_after_two_minutes(fleet: Fleet) -> None:
    fleet.settings(time_scale=0.01)
    listener = fleet.listen(source=["aws.ec2"], detail_type=["EC2 Spot Instance Interruption Warning"])
    group = fleet.group(1)
    one = group.await_in_service(1)[0]
    assert fleet.ask("POST", "/spot-interruptions", {"instance_id": one})[0] == 200
    assert listener.awaited(**{"instance-id": one})["detail"]["instance-action"] == "terminate"
    eventually(lambda: group.state_of(one) == "gone", "the interruption")


def test_an_agent_that_never_connects_and_one_that_loses_its_connection(fleet: Fleet) -> None:
    cluster = fleet.cluster()
    fleet.fault("agent_never_connects", times=1)
    group = fleet.group(2, cluster)
    group.await_in_service(2)
    arn = fleet.await_registered(cluster, 1)[0]
    instance_id = fleet.describe_instance(cluster, arn)["ec2InstanceId"]
    fleet.fault("agent_disconnects", match={"instance_id": instance_id})
    eventually(lambda: not fleet.describe_instance(cluster, arn)["agentConnected"], "the lost connection")
    answer = fleet.ecs.run_task(cluster=cluster, taskDefinition=fleet.definition())
    assert [one["reason"] for one in answer["failures"]] == ["AGENT"]


def test_a_registering_instance_cannot_be_drained_yet(fleet: Fleet) -> None:
    fleet.settings(registering_seconds=60)
    cluster = fleet.cluster()
    fleet.group(1, cluster)
    arn = fleet.await_registered(cluster, 1)[0]
    assert [one["arn"] for one in fleet.drain(cluster, arn)["failures"]] == [arn]
    foreign = fleet.cluster()
    assert [one["reason"] for one in fleet.drain(foreign, arn)["failures"]] == ["MISSING"]


def test_a_daemon_runs_once_on_every_host_and_leaves_last(fleet: Fleet) -> None:
    cluster = fleet.cluster()
    fleet.group(2, cluster)
    hosts = fleet.await_registered(cluster, 2)
    fleet.ecs.create_service(
        cluster=cluster,
        serviceName="daemon",
        taskDefinition=fleet.definition(),
        schedulingStrategy="DAEMON",
        launchType="EC2",
    )
    fleet.await_running(cluster, "daemon", 2)
    alone = fleet.ecs.run_task(cluster=cluster, taskDefinition=fleet.definition())["tasks"][0]
    host = alone["containerInstanceArn"]
    fleet.drain(cluster, host)
    other = next(one for one in hosts if one != host)
    assert {task["group"] for task in fleet.tasks_on(cluster, other)} == {"service:daemon"}
    fleet.ecs.stop_task(cluster=cluster, task=alone["taskArn"])
    eventually(lambda: fleet.is_drained(cluster, host), "the daemon's end")
    stopped = {task["taskArn"]: task["stoppedAt"] for task in fleet.tasks_on(cluster, host)}
    assert max(stopped, key=lambda arn: stopped[arn]) != alone["taskArn"]


def test_only_a_daemon_may_be_deleted_while_its_tasks_run(fleet: Fleet) -> None:
    cluster, definition = fleet.cluster(), fleet.definition()
    fleet.group(1, cluster)
    fleet.await_registered(cluster, 1)
    replica = fleet.service(cluster, definition, 1)
    daemon = fleet.service(cluster, definition, 0, schedulingStrategy="DAEMON")
    fleet.await_running(cluster, daemon, 1)
    with pytest.raises(ClientError, match="scaled above 0"):
        fleet.ecs.delete_service(cluster=cluster, service=replica)
    fleet.ecs.delete_service(cluster=cluster, service=daemon)
    assert fleet.describe_service(cluster, daemon)["status"] == "INACTIVE"


def test_filters_pages_and_limits_of_the_lists(fleet: Fleet) -> None:
    cluster, definition = fleet.cluster(), fleet.definition(cpu=16, memory=16)
    fleet.group(3, cluster)
    arns = fleet.await_registered(cluster, 3)
    first = fleet.ecs.list_container_instances(cluster=cluster, maxResults=2)
    second = fleet.ecs.list_container_instances(cluster=cluster, nextToken=first["nextToken"])
    assert first["containerInstanceArns"] + second["containerInstanceArns"] == arns
    fleet.drain(cluster, arns[0])
    assert fleet.container_instances(cluster, status="DRAINING") == [arns[0]]
    fleet.ecs.put_attributes(cluster=cluster, attributes=[{"name": "color", "value": "blue", "targetId": arns[1]}])
    assert fleet.container_instances(cluster, filter="attribute:color == blue") == [arns[1]]
    fleet.ecs.run_task(cluster=cluster, taskDefinition=definition, count=4, startedBy="test")
    mine = fleet.ecs.list_tasks(cluster=cluster, startedBy="test", maxResults=3)
    assert (len(mine["taskArns"]), "nextToken" in mine) == (3, True)
    with pytest.raises(ClientError, match="Between 1 and 10 container"):
        fleet.ecs.update_container_instances_state(
            cluster=cluster, containerInstances=[f"{n:032x}" for n in range(11)], status="DRAINING"
        )


def test_managed_draining_drains_and_lets_go_by_itself(fleet: Fleet) -> None:
    cluster = fleet.cluster()
    group = fleet.group(2, cluster)
    name = f"provider-{group.name}"
    provider = {"autoScalingGroupArn": group.facts()["AutoScalingGroupARN"], "managedDraining": "ENABLED"}
    fleet.ecs.create_capacity_provider(name=name, autoScalingGroupProvider=provider)
    strategy = [{"capacityProvider": name, "weight": 1}]
    fleet.ecs.put_cluster_capacity_providers(
        cluster=cluster, capacityProviders=[name], defaultCapacityProviderStrategy=strategy
    )
    fleet.await_registered(cluster, 2)
    service = fleet.service(cluster, fleet.definition(), 2, launchType="EC2")
    fleet.await_running(cluster, service, 2)
    one = group.ids()[0]
    arn = fleet.container_instance_of(cluster, one)
    group.terminate(one)
    eventually(lambda: group.state_of(one) == "gone", "the end of the drained instance")
    killed = [task for task in fleet.tasks_on(cluster, arn) if task["stopCode"] == "TerminationNotice"]
    assert killed == []
    fleet.await_running(cluster, service, 2)


def test_managed_scaling_is_refused(fleet: Fleet) -> None:
    arn = fleet.group(0).facts()["AutoScalingGroupARN"]
    with pytest.raises(ClientError, match="does not model managed scaling"):
        fleet.ecs.create_capacity_provider(
            name="scaling",
            autoScalingGroupProvider={"autoScalingGroupArn": arn, "managedScaling": {"status": "ENABLED"}},
        )


def test_a_terminated_host_whose_agent_was_silent_stays_registered_with_its_tasks(fleet: Fleet) -> None:
    cluster = fleet.cluster()
    group = fleet.group(1, cluster)
    host = fleet.await_registered(cluster, 1)[0]
    task = fleet.ecs.run_task(cluster=cluster, taskDefinition=fleet.definition())["tasks"][0]["taskArn"]
    eventually(lambda: fleet.describe_instance(cluster, host)["runningTasksCount"] == 1, "the running task")
    instance_id = group.ids()[0]
    fleet.fault("agent_disconnects", match={"instance_id": instance_id})
    eventually(lambda: not fleet.describe_instance(cluster, host)["agentConnected"], "the silence")
    fleet.ec2.terminate_instances(InstanceIds=[instance_id])
    eventually(lambda: group.state_of(instance_id) == "gone", "the end of the instance")
    fleet.ask("DELETE", "/faults")
    fleet.await_registered(cluster, 2)
    found = fleet.describe_instance(cluster, host)
    assert (found["status"], found["agentConnected"], found["runningTasksCount"]) == ("ACTIVE", False, 1)
    fleet.ecs.deregister_container_instance(cluster=cluster, containerInstance=host, force=True)
    left = fleet.ecs.describe_tasks(cluster=cluster, tasks=[task])["tasks"][0]
    assert "exitCode" not in left["containers"][0]


def test_a_forced_deregistration_orphans_its_tasks_and_their_service_starts_others(fleet: Fleet) -> None:
    cluster = fleet.cluster()
    fleet.group(2, cluster)
    fleet.await_registered(cluster, 2)
    service = fleet.service(cluster, fleet.definition(), 2)
    fleet.await_running(cluster, service, 2)
    host = fleet.container_instances(cluster)[0]
    orphan = fleet.tasks_on(cluster, host)[0]["taskArn"]
    fleet.ecs.deregister_container_instance(cluster=cluster, containerInstance=host, force=True)
    found = fleet.ecs.describe_tasks(cluster=cluster, tasks=[orphan])["tasks"][0]
    assert found["stoppedReason"] == "Container instance deregistration forced by user"
    assert ([one["lastStatus"] for one in found["containers"]], found["stopCode"]) == (["RUNNING"], "UserInitiated")
    fleet.await_running(cluster, service, 2)
    assert fleet.describe_instance(cluster, host)["status"] == "INACTIVE"


def test_a_task_of_the_awsvpc_network_needs_one_and_another_task_takes_none(fleet: Fleet) -> None:
    cluster, own, shared = fleet.cluster(), fleet.definition(networkMode="awsvpc"), fleet.definition()
    fleet.group(1, cluster)
    host = fleet.await_registered(cluster, 1)[0]
    network = {"networkConfiguration": {"awsvpcConfiguration": {"subnets": ["subnet-00000001"]}}}
    for definition, more, message in ((own, {}, "must be provided"), (shared, network, "is not valid")):
        with pytest.raises(ClientError, match=f"InvalidParameterException.*{message}"):
            fleet.ecs.run_task(cluster=cluster, taskDefinition=definition, **more)
        with pytest.raises(ClientError, match=f"InvalidParameterException.*{message}"):
            fleet.ecs.start_task(cluster=cluster, taskDefinition=definition, containerInstances=[host], **more)
        with pytest.raises(ClientError, match=f"InvalidParameterException.*{message}"):
            fleet.service(cluster, definition, 1, **more)
    assert fleet.ecs.run_task(cluster=cluster, taskDefinition=own, **network)["tasks"]
