"""What to do about one draining host: facts in, decision and reason out. No client, no clock."""

from enum import StrEnum
from typing import NamedTuple

from opscore.draining.policy import AtDeadline, Policy, Standalone
from opscore.draining.record import Cause, Drain, Outcome
from opscore.fleets.host import Host, Instance, Task, TaskSurvey
from opscore.words import counted

SPOT_SECONDS = 120
"""AWS interrupts a spot instance two minutes after its notice:
https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/spot-instance-termination-notices.html"""
SPOT_PATIENCE_SECONDS = 600


class Action(StrEnum):
    """What the driver does next for a host."""

    WAIT = "wait"
    CORDON = "cordon"
    STOP = "stop"
    FINISH = "finish"


class Decision(NamedTuple):
    """An action with its reason; `tasks` are those to stop, `outcome` is how the drain ends, `killed` what it costs."""

    action: Action
    why: str
    tasks: tuple[str, ...] = ()
    outcome: Outcome | None = None
    killed: int = 0


def decide(
    drain: Drain,
    host: Host | None,
    survey: TaskSurvey | None,
    policy: Policy,
    now: int,
    *,
    instance: Instance | None = None,
) -> Decision:
    """Say what to do about a draining host.

    `host` is None when the cluster does not know the instance; `survey` is None when its tasks were not looked at now.
    `instance` is what EC2 says, where somebody asked: of a host that is not in the cluster, or whose agent is silent.
    """
    if host is None or host.status == "INACTIVE":
        return _absent(drain, policy, now, instance)
    if instance and instance.ended:
        return _ended(drain, host, survey)
    if host.status in ("REGISTERING", "REGISTRATION_FAILED"):
        return _registering(drain, host, policy, now, instance)
    if host.status == "ACTIVE" and now < drain.deadline:
        return _active(drain)
    if host.status == "DRAINING" and survey and survey.complete and not survey.tasks and not host.counted:
        return _finish(Outcome.DRAINED, "every task on the host has stopped")
    if now >= drain.deadline:
        return _overdue(drain, host, survey, policy, now)
    if survey is None:
        return Decision(Action.WAIT, drain.why or "its tasks are still running")
    return _waiting(drain, host, survey, policy, now)


def _absent(drain: Drain, policy: Policy, now: int, instance: Instance | None) -> Decision:
    if drain.container_instance:
        if left := len(drain.left or {}):
            return _finish(
                Outcome.LOST, f"the host left the cluster with {counted(left, 'task')} that had not stopped", left
            )
        if drain.left is None and drain.tasks_at_start:
            count = drain.tasks_at_start
            tasks = counted(count, "task")
            return _finish(Outcome.LOST, f"the host left the cluster before anyone saw its {tasks} stop", count)
        return _finish(Outcome.LEFT, "the host left the cluster without a task")
    if instance and instance.ended:
        return _ended_unseen(instance)
    return _not_joined(drain, policy, now, instance, "the instance is not in the cluster")


def _ended_unseen(instance: Instance) -> Decision:
    """Judge a host that EC2 ended before anybody looked at it in the cluster."""
    early = "EC2 ended the instance before anyone could drain it"
    if instance.died is None:
        return _finish(Outcome.LOST, f"{early}; how many tasks died with it is not known")
    if instance.died:
        return _finish(Outcome.LOST, f"{early}, and {counted(instance.died, 'task')} died with it", instance.died)
    return _finish(Outcome.LEFT, f"{early}; ECS knows of no task that died with it")


def _ended(drain: Drain, host: Host, survey: TaskSurvey | None) -> Decision:
    """Judge a host that EC2 ended while ECS still has it: one whose agent is silent is not deregistered by itself.

    https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_DeregisterContainerInstance.html
    """
    left = len(survey.tasks) if survey else (drain.tasks_left if drain.left is not None else host.counted) or 0
    if left:
        why = f"EC2 ended the instance with {counted(left, 'task')} that had not stopped; ECS still shows the host"
        return _finish(Outcome.LOST, why, left)
    return _finish(Outcome.LEFT, "EC2 ended the instance without a task; ECS still shows the host")


def _registering(drain: Drain, host: Host, policy: Policy, now: int, instance: Instance | None) -> Decision:
    if host.status == "REGISTRATION_FAILED":
        return _finish(Outcome.NEVER_JOINED, "the instance failed to register with ECS")
    return _not_joined(drain, policy, now, instance, "the instance is still registering, and ECS refuses to drain it")


def _not_joined(drain: Drain, policy: Policy, now: int, instance: Instance | None, what: str) -> Decision:
    patience = (instance.launched if instance else drain.started) + policy.boot_seconds
    if now >= min(patience, drain.deadline):
        return _finish(Outcome.NEVER_JOINED, f"{what}, {policy.boot_seconds} s after its launch")
    return Decision(Action.WAIT, f"{what} yet")


def _active(drain: Drain) -> Decision:
    if drain.cause is Cause.OPERATOR and drain.tasks_at_start is not None:
        return _finish(Outcome.UNDONE, "somebody set the host ACTIVE again")
    return Decision(Action.CORDON, "the host still takes tasks")


def _overdue(drain: Drain, host: Host, survey: TaskSurvey | None, policy: Policy, now: int) -> Decision:
    left = len(survey.tasks) if survey else (drain.tasks_left if drain.left is not None else host.counted) or 0
    late = f"{counted(left, 'task') if left else 'some tasks'} had not stopped at the deadline"
    if drain.cause is Cause.SPOT and not drain.hook:
        if now < drain.deadline + SPOT_PATIENCE_SECONDS:
            return Decision(
                Action.WAIT, "the two minutes of the spot notice are over: AWS takes the host at any moment"
            )
        return _finish(Outcome.KEPT, "the announced spot interruption did not come; the host stays DRAINING")
    if drain.cause is Cause.OPERATOR and not drain.hook:
        return _finish(Outcome.KEPT, f"{late}; they go on running, and the host stays DRAINING")
    standalone = any(not group.startswith("service:") for group in _groups(drain, survey))
    if policy.at_deadline is AtDeadline.KEEP or (standalone and policy.standalone is Standalone.KEEP):
        return _finish(Outcome.KEPT, f"{late}, and the policy keeps such a host")
    return _finish(Outcome.LET_GO, f"{late}, and the policy lets the host go", left)


def _groups(drain: Drain, survey: TaskSurvey | None) -> list[str]:
    return [task.group for task in survey.tasks] if survey else list((drain.left or {}).values())


def _waiting(drain: Drain, host: Host, survey: TaskSurvey, policy: Policy, now: int) -> Decision:
    stoppable = [task for task in _to_stop(drain, survey, policy, now) if task.desired != "STOPPED"]
    if stoppable:
        what = counted(len(stoppable), "standalone task" if survey.others else "daemon")
        why = "" if survey.others else ", now that nothing is left to serve"
        return Decision(Action.STOP, f"stopping {what}{why}", tuple(task.task_id for task in stoppable))
    if not survey.tasks:
        return Decision(Action.WAIT, "no task was seen; the host is listed once more to be sure")
    if not host.agent_connected:
        return Decision(Action.WAIT, "the ECS agent is not connected: nobody on the host hears that tasks shall stop")
    left = len(survey.tasks)
    return Decision(Action.WAIT, f"{counted(left, 'task')} {'has' if left == 1 else 'have'} not stopped")


def _to_stop(drain: Drain, survey: TaskSurvey, policy: Policy, now: int) -> list[Task]:
    """Return the standalone tasks whose time is over; or the daemons, when nothing else has been there for a while."""
    if survey.others:
        due = policy.standalone is Standalone.STOP and now >= drain.started + policy.stop_after_seconds
        return survey.standalone if due else []
    since = drain.daemons_alone_since
    return list(survey.tasks) if since and now >= since + policy.daemon_grace_seconds else []


def _finish(outcome: Outcome, why: str, killed: int = 0) -> Decision:
    return Decision(Action.FINISH, why, outcome=outcome, killed=killed)


def heartbeat_due(drain: Drain, policy: Policy, now: int) -> bool:
    """Say whether the lifecycle action must be kept alive now: at a third of its timeout.

    So two heartbeats may fail before the action times out. A clock that went backwards makes one due at once.
    """
    if not drain.hook:
        return False
    return not 0 <= now - drain.heartbeat_at < policy.heartbeat_timeout_seconds // 3


LOOK_SECONDS = 60
FEW_DRAINS = 20
"""So many drains of a cluster cost less than five reads a second when each is looked at in every tick."""


def survey_due(drain: Drain, host: Host, policy: Policy, now: int, *, few: bool = False) -> bool:
    """Say whether the host's tasks are worth reads now: once a minute, and at every tick once ECS counts none.

    At the deadline they always are, for a verdict shall not rest on what was seen a minute ago; and when `few` hosts
    drain, so that people soon read what blocks.
    """
    if few or not host.counted or now >= drain.deadline:
        return True
    if policy.standalone is Standalone.STOP and not drain.looked_at:
        return True
    return not 0 <= now - max(drain.looked_at, drain.started) < LOOK_SECONDS


STUCK_SECONDS = 900


def stuck(drain: Drain, now: int) -> str:
    """Say in words why a drain needs a person; empty when it does not."""
    if drain.outcome is Outcome.KEPT:
        return "kept at its deadline"
    if not drain.is_open:
        return ""
    if now >= drain.started + 0.8 * (drain.deadline - drain.started) and drain.cause is not Cause.SPOT:
        return "four fifths of its time are over"
    if now >= max(drain.progressed_at, drain.started) + STUCK_SECONDS:
        return f"no task has stopped for {STUCK_SECONDS // 60} minutes"
    return ""
