"""Clients of the model AWS with the methods and shapes of botocore's."""

# ruff: noqa: N803 - arguments are named as AWS names them

import datetime as dt
import re
from collections.abc import Iterable
from typing import Any

import botocore.exceptions

from tests.lib.opscore.draining.model_aws import ModelAws, ModelHost, ModelTask


class Exceptions:
    """The exception classes that a botocore client offers."""

    ClientError = botocore.exceptions.ClientError
    ClientException = type("ClientException", (botocore.exceptions.ClientError,), {})
    InvalidParameterException = type("InvalidParameterException", (botocore.exceptions.ClientError,), {})


def error(kind: Any, code: str, message: str) -> Exception:
    """Return an exception as a client raises it."""
    made: Exception = kind({"Error": {"Code": code, "Message": message}}, "call")
    return made


class ModelClient:
    """A client whose methods are `_name` methods of a subclass, each one counted call."""

    exceptions = Exceptions

    def __init__(self, aws: ModelAws) -> None:
        self.aws = aws

    def __getattr__(self, name: str) -> Any:
        run = object.__getattribute__(self, f"do_{name}")
        return lambda **request: self.aws.call(name, lambda: run(**request))


class ModelEcs(ModelClient):
    def _host(self, cluster: str, arn: str) -> ModelHost | None:
        host = self.aws.hosts.get(arn.rsplit("/ci-", 1)[-1])
        joined = (
            host is not None and host.cluster == cluster and host.is_in_cluster and self.aws.now >= host.registers_at
        )
        return host if joined else None

    def do_list_container_instances(self, cluster: str, **request: Any) -> dict[str, Any]:
        wanted = re.findall(r"i-[\w-]+", request.get("filter", ""))
        if cluster in self.aws.not_made:
            raise error(Exceptions.ClientError, "ClusterNotFoundException", "Cluster not found.")
        status = request.get("status", "")
        found = [
            host.arn
            for host in self.aws.in_cluster(cluster)
            if (not wanted or host.instance_id in wanted) and status in ("", host.status)
        ]
        first = int(request.get("nextToken", 0))
        more = {"nextToken": str(first + 100)} if len(found) > first + 100 else {}
        return {"containerInstanceArns": found[first : first + 100], **more}

    def do_describe_container_instances(self, cluster: str, containerInstances: list[str]) -> dict[str, Any]:
        assert 0 < len(containerInstances) <= 100
        known = {arn: host for arn in containerInstances if (host := self._host(cluster, arn))}
        failures = [{"arn": arn, "reason": "MISSING"} for arn in containerInstances if arn not in known]
        return {"containerInstances": [self._described(host) for host in known.values()], "failures": failures}

    def _described(self, host: ModelHost) -> dict[str, Any]:
        asked = (self.aws.now, host.status, host.agent_connected)
        if host.described is None or host.described[0] != asked:
            host.described = (asked, self._describe(host))
        return host.described[1]

    def _describe(self, host: ModelHost) -> dict[str, Any]:
        running = sum(task.desired(self.aws.now) == "RUNNING" for task in host.tasks)
        return {
            "containerInstanceArn": host.arn,
            "ec2InstanceId": host.instance_id,
            "status": host.status,
            "agentConnected": host.agent_connected,
            "runningTasksCount": running,
            "pendingTasksCount": 0,
            "attributes": [{"name": "ecs.ami-id", "value": "ami-1"}],
        }

    def do_update_container_instances_state(
        self,
        cluster: str,
        containerInstances: list[str],
        status: str,
    ) -> dict[str, Any]:
        assert 0 < len(containerInstances) <= 10
        known = [host for arn in containerInstances if (host := self._host(cluster, arn))]
        if any(host.status == "REGISTERING" for host in known):
            raise error(Exceptions.ClientException, "ClientException", "The container instance is REGISTERING.")
        for host in known:
            if status == "DRAINING":
                self.aws.drain(host)
            else:
                host.status = status
        return {"containerInstances": [self._described(host) for host in known], "failures": []}

    def do_list_tasks(self, cluster: str, desiredStatus: str, containerInstance: str = "") -> dict[str, Any]:
        now = self.aws.now
        if containerInstance:
            host = self._host(cluster, containerInstance)
            tasks = [task for task in host.tasks if task.desired(now) == desiredStatus] if host else []
        else:
            self.aws.called("list_tasks of a cluster")
            hosts = [host for host in self.aws.hosts.values() if host.cluster == cluster]
            tasks = [
                task for host in hosts for task in host.tasks if self._dead(host) or task.desired(now) == "STOPPED"
            ]
        return {"taskArns": [f"arn:aws:ecs:eu-west-1:1:task/{cluster}/{task.task_id}" for task in tasks]}

    def do_describe_tasks(self, cluster: str, tasks: list[str]) -> dict[str, Any]:
        assert 0 < len(tasks) <= 100
        now = self.aws.now
        found = [self.aws.tasks[task_id] for task_id in tasks if task_id in self.aws.tasks]
        rows = [
            {
                "taskArn": f"arn:aws:ecs:eu-west-1:1:task/{cluster}/{task.task_id}",
                "group": task.group,
                "desiredStatus": task.desired(now),
                "lastStatus": task.last(now),
                **self._death(task),
            }
            for task in found
        ]
        return {"tasks": rows, "failures": []}

    @staticmethod
    def _dead(host: ModelHost) -> bool:
        return host.gone and not host.stays_in_cluster

    def _death(self, task: ModelTask) -> dict[str, str]:
        host = next(host for host in self.aws.hosts.values() if task in host.tasks)
        if not self._dead(host):
            return {}
        reason = f"Host EC2 (instance {host.instance_id}) terminated." if task.stopped_at > host.gone_at else "ended"
        return {"desiredStatus": "STOPPED", "lastStatus": "STOPPED", "stoppedReason": reason}

    def do_describe_services(self, cluster: str, services: list[str]) -> dict[str, Any]:
        assert 0 < len(services) <= 10
        strategies = {name: "DAEMON" if name == "daemon" else "REPLICA" for name in services}
        return {"services": [{"serviceName": name, "schedulingStrategy": how} for name, how in strategies.items()]}

    def do_stop_task(self, cluster: str, task: str, reason: str) -> dict[str, Any]:
        found = self.aws.tasks.get(task)
        if found is None:
            raise error(Exceptions.InvalidParameterException, "InvalidParameterException", "The task was not found.")
        found.stop_at = min(found.stop_at, self.aws.now)
        return {}


class ModelAutoScaling(ModelClient):
    def _waiting(self, instance_id: str) -> ModelHost:
        host = self.aws.hosts.get(instance_id)
        if host is None or host.lifecycle != "Terminating:Wait":
            message = f"No active Lifecycle Action found with instance ID {instance_id}"
            raise error(Exceptions.ClientError, "ValidationError", message)
        return host

    def do_record_lifecycle_action_heartbeat(self, InstanceId: str, **_: str) -> dict[str, Any]:
        self._waiting(InstanceId).expires_at = self.aws.now + self.aws.heartbeat_timeout
        return {}

    def do_complete_lifecycle_action(
        self,
        AutoScalingGroupName: str,
        InstanceId: str,
        LifecycleActionResult: str,
        **_: str,
    ) -> dict[str, Any]:
        host = self._waiting(InstanceId)
        assert host.group == AutoScalingGroupName
        self.aws.complete(host, LifecycleActionResult, by=LifecycleActionResult)
        return {}

    def do_update_auto_scaling_group(
        self,
        AutoScalingGroupName: str,
        InstanceLifecyclePolicy: Any,
    ) -> dict[str, Any]:
        assert InstanceLifecyclePolicy == {"RetentionTriggers": {"TerminateHookAbandon": "retain"}}
        self.aws.retains.add(AutoScalingGroupName)
        return {}

    def do_describe_lifecycle_hooks(self, AutoScalingGroupName: str, LifecycleHookNames: list[str]) -> dict[str, Any]:
        hook = {
            "LifecycleHookName": "drain",
            "HeartbeatTimeout": self.aws.heartbeat_timeout,
            "DefaultResult": "ABANDON" if self.aws.abandons else "CONTINUE",
        }
        return {"LifecycleHooks": [hook] if "drain" in LifecycleHookNames else []}

    def do_put_lifecycle_hook(
        self,
        AutoScalingGroupName: str,
        LifecycleHookName: str,
        HeartbeatTimeout: int,
        DefaultResult: str,
    ) -> dict[str, Any]:
        assert LifecycleHookName == "drain"
        self.aws.heartbeat_timeout, self.aws.abandons = HeartbeatTimeout, DefaultResult == "ABANDON"
        return {}

    def do_describe_auto_scaling_groups(self, AutoScalingGroupNames: Iterable[str]) -> dict[str, Any]:
        groups = []
        for name in (name for name in AutoScalingGroupNames if name not in self.aws.not_made):
            hosts = [host for host in self.aws.hosts.values() if host.group == name and not host.gone]
            instances = [{"InstanceId": host.instance_id, "LifecycleState": host.lifecycle} for host in hosts]
            triggers = {"TerminateHookAbandon": "retain" if name in self.aws.retains else "terminate"}
            policy = {"RetentionTriggers": triggers}
            status = {"Status": "Delete in progress"} if name in self.aws.deleting else {}
            found = {"AutoScalingGroupName": name, "Instances": instances, "InstanceLifecyclePolicy": policy}
            groups.append({**found, **status})
        return {"AutoScalingGroups": groups}

    def do_describe_auto_scaling_instances(self, InstanceIds: list[str]) -> dict[str, Any]:
        found = [self.aws.hosts[instance_id] for instance_id in InstanceIds if instance_id in self.aws.hosts]
        rows = [
            {
                "InstanceId": host.instance_id,
                "AutoScalingGroupName": host.group,
                "LifecycleState": host.lifecycle,
            }
            for host in found
            if not host.gone
        ]
        return {"AutoScalingInstances": rows}


class ModelEc2(ModelClient):
    def do_describe_instances(self, Filters: list[dict[str, Any]]) -> dict[str, Any]:
        wanted = Filters[0]["Values"]
        found = [host for host in self.aws.hosts.values() if host.instance_id in wanted]
        rows = [
            {
                "InstanceId": host.instance_id,
                "LaunchTime": dt.datetime.fromtimestamp(host.launched, dt.UTC),
                "State": {"Name": "terminated" if host.gone else "running"},
            }
            for host in found
        ]
        return {"Reservations": [{"Instances": rows}]}
