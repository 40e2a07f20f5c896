"""The fleet `web` of a sandbox, as AWS's own clients see it: what the tests do to it, and who died of it."""

import http.client
import json
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlsplit

from opscore.waiting import wait_until
from tests.emulator.emulated_account import client_of

PLATFORM = "opsctl-sandbox"
NAME = f"{PLATFORM}-web"
KILLED = 137
PATIENCE_SECONDS = 300
"""Far more than anything here takes, for a machine that is busy with something else."""


def eventually(ready: Callable[[], Any], what: str) -> Any:
    return wait_until(ready, timeout=PATIENCE_SECONDS, interval=0.5, what=what)


@dataclass
class WebFleet:
    """The group and the cluster of that name."""

    endpoint: str
    clients: dict[str, Any] = field(default_factory=dict)

    def client(self, service: str) -> Any:
        if service not in self.clients:
            self.clients[service] = client_of(self.endpoint, service)
        return self.clients[service]

    def states(self) -> dict[str, str]:
        """Return the lifecycle states by instance."""
        return {one["InstanceId"]: one["LifecycleState"] for group in self._groups() for one in group["Instances"]}

    def _groups(self) -> list[dict[str, Any]]:
        return list(self.client("autoscaling").describe_auto_scaling_groups()["AutoScalingGroups"])

    def in_service(self) -> list[str]:
        return sorted(name for name, state in self.states().items() if state == "InService")

    def resize(self, count: int) -> None:
        self.client("autoscaling").set_desired_capacity(AutoScalingGroupName=NAME, DesiredCapacity=count)

    def grow(self, count: int) -> list[str]:
        """Have so many instances in service, each with its daemon: the cluster places tasks on it."""
        self.resize(count)
        eventually(lambda: len(self.in_service()) == count, f"{count} instances in service")
        eventually(lambda: self.service("log-router")["runningCount"] >= count, "a daemon on each of them")
        return self.in_service()

    def terminate(self, instance_id: str) -> None:
        self.client("autoscaling").terminate_instance_in_auto_scaling_group(
            InstanceId=instance_id, ShouldDecrementDesiredCapacity=False
        )

    def interrupt(self, instance_id: str) -> None:
        """Send the instance the two minutes' notice that EC2 takes it back."""
        self._ask("/spot-interruptions", {"instance_id": instance_id})

    def terminate_unheard(self, instance_id: str) -> None:
        """Terminate an instance and lose the event that says so."""
        match = {"detail_type": "EC2 Instance-terminate Lifecycle Action", "instance_id": instance_id}
        self._ask("/faults", {"kind": "lost_event", "match": match, "times": 1})
        self.terminate(instance_id)
        eventually(lambda: self.states()[instance_id] == "Terminating:Wait", "an instance in its hook")

    def _ask(self, path: str, body: dict[str, Any]) -> None:
        connection = http.client.HTTPConnection(urlsplit(self.endpoint).netloc, timeout=30)
        connection.request("POST", f"/_sandbox/fleet{path}", json.dumps(body))
        answer = connection.getresponse()
        assert answer.status < 300, answer.read()
        connection.close()

    def refresh(self) -> str:
        """Replace every instance, the new ones first."""
        preferences = {"MinHealthyPercentage": 100, "MaxHealthyPercentage": 200, "InstanceWarmup": 0}
        answer = self.client("autoscaling").start_instance_refresh(AutoScalingGroupName=NAME, Preferences=preferences)
        return str(answer["InstanceRefreshId"])

    def await_refreshed(self, refresh_id: str) -> None:
        def ended() -> str | None:
            found = self.client("autoscaling").describe_instance_refreshes(
                AutoScalingGroupName=NAME, InstanceRefreshIds=[refresh_id]
            )["InstanceRefreshes"][0]["Status"]
            return None if found in ("Pending", "InProgress") else str(found)

        assert eventually(ended, "the end of the refresh") == "Successful"

    def service(self, name: str) -> dict[str, Any]:
        found: dict[str, Any] = self.client("ecs").describe_services(cluster=NAME, services=[name])["services"][0]
        return found

    def await_running(self, name: str, count: int) -> None:
        eventually(lambda: self.service(name)["runningCount"] == count, f"{count} running tasks of {name}")

    def pin(self, name: str) -> str:
        """Run one task of a service that ECS may neither stop nor start beside; return the instance it holds."""
        ecs = self.client("ecs")
        container = {"name": "main", "image": "example/pinned:1", "cpu": 64, "memory": 64, "essential": True}
        definition = ecs.register_task_definition(family=name, containerDefinitions=[container])["taskDefinition"]
        ecs.create_service(
            cluster=NAME,
            serviceName=name,
            taskDefinition=definition["taskDefinitionArn"],
            desiredCount=1,
            launchType="EC2",
            deploymentConfiguration={"minimumHealthyPercent": 100, "maximumPercent": 100},
        )
        self.await_running(name, 1)
        return self.host_of(name)

    def unpin(self, name: str) -> None:
        """Let ECS start the service's next task beside the last one, so that it can move."""
        self.client("ecs").update_service(
            cluster=NAME, service=name, deploymentConfiguration={"minimumHealthyPercent": 100, "maximumPercent": 200}
        )

    def remove(self, name: str) -> None:
        self.client("ecs").delete_service(cluster=NAME, service=name, force=True)

    def host_of(self, name: str) -> str:
        """Return the instance of the service's only task that shall run."""
        (host,) = self.hosts_of(name)
        return host

    def hosts_of(self, name: str) -> set[str]:
        """Return the instances of the service's tasks that shall run: two of them while a task moves."""
        ecs = self.client("ecs")
        arns = ecs.list_tasks(cluster=NAME, serviceName=name)["taskArns"]
        tasks = ecs.describe_tasks(cluster=NAME, tasks=arns)["tasks"]
        on = [task["containerInstanceArn"] for task in tasks]
        found = ecs.describe_container_instances(cluster=NAME, containerInstances=on)["containerInstances"]
        return {str(host["ec2InstanceId"]) for host in found}

    def unstopped(self, instance_id: str) -> list[str]:
        """Return the tasks on an instance that have not stopped; ECS counts none that is on its way down."""
        ecs, host = self.client("ecs"), f"ec2InstanceId == {instance_id}"
        (on,) = ecs.list_container_instances(cluster=NAME, filter=host)["containerInstanceArns"]
        arns = [
            arn
            for status in ("RUNNING", "STOPPED")
            for arn in ecs.list_tasks(cluster=NAME, containerInstance=on, desiredStatus=status)["taskArns"]
        ]
        tasks = ecs.describe_tasks(cluster=NAME, tasks=arns)["tasks"] if arns else []
        return [task["taskArn"] for task in tasks if task["lastStatus"] != "STOPPED"]

    def victims(self) -> list[str]:
        """Return the tasks of the last hour that did not end by themselves, with what ECS says of them."""
        ecs = self.client("ecs")
        arns = [
            arn
            for page in ecs.get_paginator("list_tasks").paginate(cluster=NAME, desiredStatus="STOPPED")
            for arn in page["taskArns"]
        ]
        stopped = [
            task
            for first in range(0, len(arns), 100)
            for task in ecs.describe_tasks(cluster=NAME, tasks=arns[first : first + 100])["tasks"]
        ]
        assert stopped, "no task ever stopped: nothing was drained"
        return [f"{task['group']}: {task.get('stoppedReason')}" for task in stopped if _was_killed(task)]

    def remains(self) -> list[str]:
        """Return what is left in the account of fleets and their drain."""
        ec2, table = self.client("ec2"), "opsctl-sandbox-drains"
        running = {"Name": "instance-state-name", "Values": ["pending", "running", "shutting-down", "stopping"]}
        pages = ec2.describe_instances(Filters=[running])["Reservations"]
        return [
            *(one["AutoScalingGroupName"] for one in self._groups()),
            *(one["InstanceId"] for page in pages for one in page["Instances"]),
            *self.client("ecs").list_clusters()["clusterArns"],
            *(name for name in self.client("dynamodb").list_tables()["TableNames"] if name == table),
            *(one["Name"] for one in self.client("events").list_rules()["Rules"]),
        ]

    def sweep(self) -> None:
        """Do at once what the schedule does every minute."""
        rule = f"{PLATFORM}-ecs-drain-sweep"
        (target,) = self.client("events").list_targets_by_rule(Rule=rule)["Targets"]
        answer = self.client("lambda").invoke(FunctionName=target["Arn"], Payload=target["Input"].encode())
        assert "FunctionError" not in answer, answer["Payload"].read()

    def listen(self) -> str:
        """Subscribe a queue to the alerts topic; return its URL."""
        sqs, sns = self.client("sqs"), self.client("sns")
        url = str(sqs.create_queue(QueueName="hears-alerts")["QueueUrl"])
        arn = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
        (topic,) = [one["TopicArn"] for one in sns.list_topics()["Topics"] if one["TopicArn"].endswith("-alerts")]
        statement = {
            "Effect": "Allow",
            "Principal": {"Service": "sns.amazonaws.com"},
            "Action": "sqs:SendMessage",
            "Resource": arn,
            "Condition": {"ArnEquals": {"aws:SourceArn": topic}},
        }
        policy = json.dumps({"Version": "2012-10-17", "Statement": [statement]})
        sqs.set_queue_attributes(QueueUrl=url, Attributes={"Policy": policy})
        sns.subscribe(TopicArn=topic, Protocol="sqs", Endpoint=arn)
        return url

    def heard(self, url: str, alarm: str) -> dict[str, Any] | None:
        """Return the message of an alarm that began to ring, if it is among the next ones."""
        answer = self.client("sqs").receive_message(QueueUrl=url, MaxNumberOfMessages=10, VisibilityTimeout=0)
        bodies = [json.loads(json.loads(one["Body"])["Message"]) for one in answer.get("Messages", [])]
        fits = (body for body in bodies if (body["AlarmName"], body["NewStateValue"]) == (alarm, "ALARM"))
        return next(fits, None)


def _was_killed(task: dict[str, Any]) -> bool:
    by_host = str(task.get("stoppedReason", "")).startswith("Host EC2")
    return by_host or any(container.get("exitCode") == KILLED for container in task["containers"])
