"""Two ways to drain that are in use, on the model AWS: what they read, what they release and when.

`sample` follows AWS's published sample of 2018 (aws-samples/ecs-cid-sample, `index.py`): a function that SNS calls
again after five seconds; it looks the instance up among all container instances of the cluster, sets it DRAINING, and
completes the lifecycle action as soon as no task shall run on it. No heartbeat.

`sleeper` follows the function that many constructs install (AWS CDK's drain hook is of that shape): one invocation for
each host that sets DRAINING and sleeps ten seconds at a time while tasks are counted; Lambda ends it after 15 minutes.
"""

import heapq
from collections.abc import Callable, Iterator

from tests.lib.opscore.draining.model_aws import ModelAws, ModelHost
from tests.lib.opscore.draining.model_clients import ModelAutoScaling, ModelEcs

LONGEST_INVOCATION = 900
Peer = Callable[[ModelAws, ModelHost], Iterator[float]]
"""One host's drain: yields the seconds until it wants to go on."""


def sample(aws: ModelAws, host: ModelHost) -> Iterator[float]:
    ecs, autoscaling = ModelEcs(aws), ModelAutoScaling(aws)
    while True:
        found = _search(ecs, host)
        if found is not None and found["status"] != "DRAINING":
            ecs.update_container_instances_state(
                cluster=host.cluster, containerInstances=[found["containerInstanceArn"]], status="DRAINING"
            )
        if found is None or found["runningTasksCount"] == 0:
            _complete(autoscaling, host)
            return
        yield 5


def _search(ecs: ModelEcs, host: ModelHost) -> dict[str, object] | None:
    """Go through all pages of the cluster, a describing call for each, until the instance is found."""
    token: dict[str, str] = {}
    while True:
        page = ecs.list_container_instances(cluster=host.cluster, **token)
        arns = page["containerInstanceArns"]
        described = ecs.describe_container_instances(cluster=host.cluster, containerInstances=arns) if arns else {}
        for entry in described.get("containerInstances", []):
            if entry["ec2InstanceId"] == host.instance_id:
                return dict(entry)
        if "nextToken" not in page:
            return None
        token = {"nextToken": page["nextToken"]}


def sleeper(aws: ModelAws, host: ModelHost) -> Iterator[float]:
    ecs, autoscaling = ModelEcs(aws), ModelAutoScaling(aws)
    began = aws.now
    (arn,) = ecs.list_container_instances(cluster=host.cluster, filter=f"ec2InstanceId == {host.instance_id}")[
        "containerInstanceArns"
    ]
    ecs.update_container_instances_state(cluster=host.cluster, containerInstances=[arn], status="DRAINING")
    while True:
        (entry,) = ecs.describe_container_instances(cluster=host.cluster, containerInstances=[arn])[
            "containerInstances"
        ]
        if entry["runningTasksCount"] + entry["pendingTasksCount"] == 0:
            _complete(autoscaling, host)
            return
        if aws.now + 10 - began >= LONGEST_INVOCATION:
            return
        yield 10


def _complete(autoscaling: ModelAutoScaling, host: ModelHost) -> None:
    if host.lifecycle == "Terminating:Wait":
        autoscaling.complete_lifecycle_action(
            AutoScalingGroupName=host.group, InstanceId=host.instance_id, LifecycleActionResult="CONTINUE"
        )


def run_peer(aws: ModelAws, peer: Peer, hosts: list[ModelHost], until: float) -> None:
    """Drain `hosts` with one instance of the peer each, as long as they are there."""
    due = [(aws.now + 1, number, peer(aws, host), host) for number, host in enumerate(hosts)]
    heapq.heapify(due)
    while due and due[0][0] <= until:
        at, number, drain, host = heapq.heappop(due)
        aws.move_to(at)
        if host.gone:
            continue
        pause = next(drain, None)
        if pause is not None:
            heapq.heappush(due, (at + pause, number, drain, host))
    aws.move_to(until)
