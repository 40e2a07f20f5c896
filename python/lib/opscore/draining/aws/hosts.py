"""The calls that change something: container instances' state, tasks, and the lifecycle actions that hold instances."""

from collections.abc import Iterable, Mapping
from typing import Any, NamedTuple

from opscore.batches import batches
from opscore.draining.record import Drain
from opscore.fleets.host import Host

UPDATES_PER_CALL = 10

# Lifecycle states of an instance that a termination hook holds, and of one kept after its hook was abandoned:
# https://docs.aws.amazon.com/autoscaling/ec2/userguide/instance-lifecycle-policy.html
WAITING, RETAINED = "Terminating:Wait", "Terminating:Retained"
RETAIN = "retain"


def retains_abandoned(group: Mapping[str, Any]) -> bool:
    """Say whether a group, as DescribeAutoScalingGroups gives it, keeps what its hook abandons."""
    triggers = group.get("InstanceLifecyclePolicy", {}).get("RetentionTriggers", {})
    return bool(triggers.get("TerminateHookAbandon") == RETAIN)


class HookFacts(NamedTuple):
    """How long a termination hook waits for a heartbeat, in seconds, and how it ends when none comes."""

    heartbeat_timeout: int
    default_result: str


class ActionOver(Exception):
    """The lifecycle action is not waiting any more: it was completed, it timed out, or the instance is gone."""


class Hosts:
    """Changes hosts through an ECS and an Auto Scaling client."""

    def __init__(self, ecs: Any, autoscaling: Any) -> None:
        self._ecs = ecs
        self._autoscaling = autoscaling

    def set_state(self, cluster: str, arns: Iterable[str], status: str) -> tuple[dict[str, Host], dict[str, str]]:
        """Set hosts DRAINING or ACTIVE, ten a call; returns the hosts as they now are and why others were refused.

        ECS answers 200 for the refused ones too, and raises when it likes none of them, such as a REGISTERING one.
        """
        changed: dict[str, Host] = {}
        refused: dict[str, str] = {}
        for some in batches(arns, UPDATES_PER_CALL):
            try:
                answer = self._ecs.update_container_instances_state(
                    cluster=cluster, containerInstances=list(some), status=status
                )
            except (self._ecs.exceptions.ClientException, self._ecs.exceptions.InvalidParameterException) as error:
                refused |= dict.fromkeys(some, str(error))
                continue
            changed |= {entry["containerInstanceArn"]: Host.parse(entry) for entry in answer["containerInstances"]}
            refused |= {entry["arn"]: entry.get("reason", "refused") for entry in answer.get("failures", [])}
        return changed, refused

    def stop_task(self, cluster: str, task_id: str, reason: str) -> None:
        """Ask ECS to stop a task: SIGTERM, then SIGKILL after its stop timeout. One that is gone already is stopped."""
        try:
            self._ecs.stop_task(cluster=cluster, task=task_id, reason=reason)
        except self._ecs.exceptions.InvalidParameterException:
            return

    def heartbeat(self, drain: Drain) -> None:
        """Keep the lifecycle action of a drain alive; raises `ActionOver` when it is not waiting any more."""
        self._action(self._autoscaling.record_lifecycle_action_heartbeat, drain)

    def release(self, drain: Drain) -> None:
        """Let the termination go on; raises `ActionOver` when it is not waiting any more."""
        self._action(self._autoscaling.complete_lifecycle_action, drain, LifecycleActionResult="CONTINUE")

    def retain(self, drain: Drain) -> None:
        """End the lifecycle action without losing the host: its group keeps instances whose hook was abandoned.

        The group's policy comes first, because ABANDON without it terminates as CONTINUE does.
        """
        self.retain_abandoned(drain.group)
        self._action(self._autoscaling.complete_lifecycle_action, drain, LifecycleActionResult="ABANDON")

    def retain_abandoned(self, group: str) -> None:
        """Have a group keep the instances whose termination hook is abandoned, by a call or by its timeout.

        https://docs.aws.amazon.com/autoscaling/ec2/userguide/instance-lifecycle-policy.html
        """
        self._autoscaling.update_auto_scaling_group(
            AutoScalingGroupName=group, InstanceLifecyclePolicy={"RetentionTriggers": {"TerminateHookAbandon": RETAIN}}
        )

    def hook(self, group: str, name: str) -> HookFacts | None:
        """Return what a group's hook is like; None when the group has none of that name."""
        answer = self._autoscaling.describe_lifecycle_hooks(AutoScalingGroupName=group, LifecycleHookNames=[name])
        found = [HookFacts(int(hook["HeartbeatTimeout"]), hook["DefaultResult"]) for hook in answer["LifecycleHooks"]]
        return found[0] if found else None

    def change_hook(self, group: str, name: str, wanted: HookFacts) -> None:
        """Change a termination hook. What waits in it already waits for the new time only after its next heartbeat.

        https://docs.aws.amazon.com/autoscaling/ec2/APIReference/API_RecordLifecycleActionHeartbeat.html
        """
        self._autoscaling.put_lifecycle_hook(
            AutoScalingGroupName=group,
            LifecycleHookName=name,
            HeartbeatTimeout=wanted.heartbeat_timeout,
            DefaultResult=wanted.default_result,
        )

    def is_retained(self, instance_id: str) -> bool:
        """Say whether Auto Scaling keeps an instance after its hook was abandoned."""
        answer = self._autoscaling.describe_auto_scaling_instances(InstanceIds=[instance_id])
        return any(entry["LifecycleState"] == RETAINED for entry in answer["AutoScalingInstances"])

    def _action(self, call: Any, drain: Drain, **more: str) -> None:
        # By instance, not by token: the sweep knows no token, and an instance has one waiting action of a hook at most.
        try:
            call(
                AutoScalingGroupName=drain.group,
                LifecycleHookName=drain.hook,
                InstanceId=drain.instance_id,
                **more,
            )
        except self._autoscaling.exceptions.ClientError as error:
            if error.response["Error"]["Code"] != "ValidationError":
                raise
            raise ActionOver(error.response["Error"].get("Message", "")) from error
