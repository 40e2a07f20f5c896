"""An emulated account with a fleet, in the words of the tests."""

import base64
import http.client
import json
import uuid
from dataclasses import dataclass
from typing import Any

from emulated_aws.fleet.ec2.images import IMAGES
from tests.emulator.emulated_account import Account, eventually

OLD_AMI, NEW_AMI = IMAGES[1].image_id, IMAGES[2].image_id
TERMINATING = "autoscaling:EC2_INSTANCE_TERMINATING"
LAUNCHING = "autoscaling:EC2_INSTANCE_LAUNCHING"
QUICK = {"boot_seconds": 0.2, "pending_seconds": 0.0, "task_start_seconds": 0.1, "shutdown_seconds": 0.2}


def unique(prefix: str) -> str:
    return f"{prefix}-{uuid.uuid4().hex[:8]}"


@dataclass
class Group:
    """An Auto Scaling group of the account."""

    fleet: "Fleet"
    name: str
    template: str

    def facts(self) -> dict[str, Any]:
        groups = self.fleet.autoscaling.describe_auto_scaling_groups(AutoScalingGroupNames=[self.name])
        found: dict[str, Any] = groups["AutoScalingGroups"][0]
        return found

    def instances(self, state: str = "") -> list[dict[str, Any]]:
        return [one for one in self.facts()["Instances"] if state in ("", one["LifecycleState"])]

    def ids(self, state: str = "InService") -> list[str]:
        return sorted(one["InstanceId"] for one in self.instances(state))

    def await_in_service(self, count: int) -> list[str]:
        def settled() -> list[str] | None:
            present = self.instances()
            ready = all(one["LifecycleState"] == "InService" for one in present)
            return self.ids() if ready and len(present) == count else None

        if count == 0:
            eventually(lambda: not self.instances(), "an empty group")
            return []
        return list(eventually(settled, f"{count} instances in service"))

    def state_of(self, instance_id: str) -> str:
        found = [one["LifecycleState"] for one in self.instances() if one["InstanceId"] == instance_id]
        return str(found[0]) if found else "gone"

    def hook(self, transition: str = TERMINATING, timeout: int = 300, default: str = "ABANDON", **more: Any) -> str:
        name = unique("hook")
        self.fleet.autoscaling.put_lifecycle_hook(
            AutoScalingGroupName=self.name,
            LifecycleHookName=name,
            LifecycleTransition=transition,
            HeartbeatTimeout=timeout,
            DefaultResult=default,
            **more,
        )
        return name

    def complete(self, hook: str, instance_id: str, result: str = "CONTINUE") -> None:
        self.fleet.autoscaling.complete_lifecycle_action(
            AutoScalingGroupName=self.name,
            LifecycleHookName=hook,
            InstanceId=instance_id,
            LifecycleActionResult=result,
        )

    def terminate(self, instance_id: str, decrement: bool = False) -> dict[str, Any]:
        answer = self.fleet.autoscaling.terminate_instance_in_auto_scaling_group(
            InstanceId=instance_id, ShouldDecrementDesiredCapacity=decrement
        )
        activity: dict[str, Any] = answer["Activity"]
        return activity

    def new_version(self, **data: Any) -> str:
        answer = self.fleet.ec2.create_launch_template_version(
            LaunchTemplateId=self.template, SourceVersion="1", LaunchTemplateData=data
        )
        return str(answer["LaunchTemplateVersion"]["VersionNumber"])

    def activities(self) -> list[dict[str, Any]]:
        answer = self.fleet.autoscaling.describe_scaling_activities(AutoScalingGroupName=self.name)
        return list(answer["Activities"])


class Fleet:
    """The account's clients, and the sandbox's own routes."""

    def __init__(self, account: Account) -> None:
        self.account = account
        self.ec2 = account.client("ec2")
        self.autoscaling = account.client("autoscaling")
        self.ecs = account.client("ecs")
        self.events = account.client("events")
        self.sqs = account.client("sqs")

    def ask(self, method: str, path: str, body: Any = None) -> tuple[int, Any]:
        connection = http.client.HTTPConnection("127.0.0.1", self.account.emulator.port, timeout=10)
        connection.request(method, f"/_sandbox/fleet{path}", json.dumps(body) if body is not None else None)
        answer = connection.getresponse()
        content = json.loads(answer.read())
        connection.close()
        return answer.status, content

    def settings(self, **given: Any) -> None:
        status, answer = self.ask("POST", "/settings", given)
        assert status == 200, answer

    def fault(self, kind: str, times: int | None = None, match: Any = None, **details: Any) -> str:
        body = {"kind": kind, "match": match or {}, **details, **({"times": times} if times else {})}
        status, answer = self.ask("POST", "/faults", body)
        assert status == 201, answer
        return str(answer["id"])

    def group(self, size: int, cluster: str = "", instance_type: str = "m5.large", **more: Any) -> Group:
        user_data = base64.b64encode(f"echo ECS_CLUSTER={cluster} >> /etc/ecs/ecs.config".encode()).decode()
        data = {"ImageId": OLD_AMI, "InstanceType": instance_type, **({"UserData": user_data} if cluster else {})}
        name = unique("group")
        template = self.ec2.create_launch_template(LaunchTemplateName=name, LaunchTemplateData=data)["LaunchTemplate"]
        settings = {
            "MinSize": 0,
            "MaxSize": max(20, size * 3),
            "DesiredCapacity": size,
            "VPCZoneIdentifier": "subnet-00000001,subnet-00000002,subnet-00000003",
            "LaunchTemplate": {"LaunchTemplateId": template["LaunchTemplateId"], "Version": "1"},
        }
        self.autoscaling.create_auto_scaling_group(AutoScalingGroupName=name, **{**settings, **more})
        return Group(self, name, template["LaunchTemplateId"])

    def cluster(self) -> str:
        return str(self.ecs.create_cluster(clusterName=unique("cluster"))["cluster"]["clusterName"])

    def definition(self, cpu: int = 256, memory: int = 256, **more: Any) -> str:
        container = {"name": "main", "image": "nginx", "cpu": cpu, "memory": memory, "essential": True}
        container.update({name: more.pop(name) for name in ("portMappings", "stopTimeout") if name in more})
        answer = self.ecs.register_task_definition(family=unique("task"), containerDefinitions=[container], **more)
        return str(answer["taskDefinition"]["taskDefinitionArn"])

    def service(self, cluster: str, definition: str, count: int, **more: Any) -> str:
        name = unique("service")
        settings = {"desiredCount": count, "launchType": "EC2", **more}
        self.ecs.create_service(cluster=cluster, serviceName=name, taskDefinition=definition, **settings)
        return name

    def describe_service(self, cluster: str, name: str) -> dict[str, Any]:
        found: dict[str, Any] = self.ecs.describe_services(cluster=cluster, services=[name])["services"][0]
        return found

    def await_running(self, cluster: str, name: str, count: int) -> None:
        eventually(lambda: self.describe_service(cluster, name)["runningCount"] == count, f"{count} running tasks")

    def container_instances(self, cluster: str, **more: Any) -> list[str]:
        return list(self.ecs.list_container_instances(cluster=cluster, **more)["containerInstanceArns"])

    def await_registered(self, cluster: str, count: int) -> list[str]:
        eventually(lambda: len(self.container_instances(cluster)) == count, f"{count} container instances")
        return self.container_instances(cluster)

    def describe_instance(self, cluster: str, arn: str) -> dict[str, Any]:
        answer = self.ecs.describe_container_instances(cluster=cluster, containerInstances=[arn])
        found: dict[str, Any] = answer["containerInstances"][0]
        return found

    def container_instance_of(self, cluster: str, instance_id: str) -> str:
        found = self.container_instances(cluster, filter=f"ec2InstanceId == {instance_id}")
        assert len(found) == 1
        return found[0]

    def tasks_on(self, cluster: str, arn: str) -> list[dict[str, Any]]:
        """Return the tasks of a container instance, in any desired status."""
        arns = [
            task
            for wanted in ("RUNNING", "STOPPED")
            for task in self.ecs.list_tasks(cluster=cluster, containerInstance=arn, desiredStatus=wanted)["taskArns"]
        ]
        return list(self.ecs.describe_tasks(cluster=cluster, tasks=arns)["tasks"]) if arns else []

    def drain(self, cluster: str, arn: str, status: str = "DRAINING") -> dict[str, Any]:
        answer = self.ecs.update_container_instances_state(cluster=cluster, containerInstances=[arn], status=status)
        return dict(answer)

    def is_drained(self, cluster: str, arn: str) -> bool:
        return all(task["lastStatus"] == "STOPPED" for task in self.tasks_on(cluster, arn))

    def listen(self, **pattern: Any) -> "Listener":
        url, arn = self.account.queue()
        name = unique("rule")
        self.events.put_rule(Name=name, EventPattern=json.dumps({k.replace("_", "-"): v for k, v in pattern.items()}))
        self.events.put_targets(Rule=name, Targets=[{"Id": "1", "Arn": arn}])
        return Listener(self, url)


class Listener:
    """A queue behind an EventBridge rule."""

    def __init__(self, fleet: Fleet, url: str) -> None:
        self.fleet = fleet
        self.url = url
        self.seen: list[dict[str, Any]] = []

    def poll(self) -> list[dict[str, Any]]:
        while True:
            answer = self.fleet.sqs.receive_message(QueueUrl=self.url, MaxNumberOfMessages=10)
            messages = answer.get("Messages", [])
            self.seen += [json.loads(message["Body"]) for message in messages]
            for message in messages:
                self.fleet.sqs.delete_message(QueueUrl=self.url, ReceiptHandle=message["ReceiptHandle"])
            if not messages:
                return self.seen

    def awaited(self, **detail: Any) -> dict[str, Any]:
        """Wait for the first event whose detail has these members."""

        def found() -> dict[str, Any] | None:
            fits = (one for one in self.poll() if all(one["detail"].get(k) == v for k, v in detail.items()))
            return next(fits, None)

        event: dict[str, Any] = eventually(found, f"an event with {detail}")
        return event
