"""One look at a cluster: heartbeats first, then what its draining hosts need next. Every 15 seconds while any drain."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any, NamedTuple

from opscore.draining.aws.hosts import ActionOver
from opscore.draining.aws.instances import look_up
from opscore.draining.aws.task_survey import look
from opscore.draining.function.finishing import finish
from opscore.draining.function.wiring import Wiring
from opscore.draining.judging.blockers import Blocker, blocker
from opscore.draining.judging.decision import FEW_DRAINS, Action, Decision, decide, heartbeat_due, survey_due
from opscore.draining.policy import POLL_SECONDS
from opscore.draining.record import Drain, Outcome
from opscore.fleets.cluster_reader import REFILL_PER_SECOND, ClusterReader
from opscore.fleets.host import Host, Instance, TaskSurvey
from opscore.logs import structured_log
from opscore.watchers import Changed

READS_PER_TICK = REFILL_PER_SECOND * POLL_SECONDS * 2 // 5
"""Two fifths of what the read bucket gains between two ticks. Describing what was listed comes on top, and all of it
stays below a half: the rest belongs to everybody else."""

STOPS_PER_TICK = 10


class Ticked(NamedTuple):
    """What a tick found and did."""

    open: int
    ended: int = 0
    failed: int = 0
    reads: int = 0


def tick(cluster: str, wiring: Wiring) -> Ticked:
    """Bring every open drain of `cluster` one step on."""
    found = wiring.drains.open_in(cluster)
    alive = [_kept_alive(drain, wiring) for drain in found]
    undecided = _resumed([drain for drain in alive if drain.is_open], wiring)
    return advance(cluster, undecided, wiring, few=len(found) <= FEW_DRAINS)._replace(open=len(found))


def advance(cluster: str, drains: Sequence[Drain], wiring: Wiring, *, few: bool = False) -> Ticked:
    """Set hosts DRAINING, look at their tasks, decide, and do what was decided.

    `few` says that `drains` are all of the cluster, and not many.
    """
    if not drains:
        return Ticked(0)
    reader = ClusterReader(wiring.ecs, cluster, READS_PER_TICK)
    hosts = _cordoned(cluster, drains, _hosts(reader, drains), wiring)
    due = [
        (drain, host)
        for drain in drains
        if (host := hosts.get(drain.instance_id)) and host.status == "DRAINING"
        if survey_due(drain, host, wiring.policy(drain), wiring.now(), few=few)
    ]
    surveys = look(reader, due, wiring.now())
    services = _services(reader, due, surveys)
    instances = look_up(drains, hosts, reader, wiring.ec2)
    ended = failed = 0
    for drain in drains:
        host, survey = hosts.get(drain.instance_id), surveys.get(drain.instance_id)
        if survey:
            survey = survey._replace(daemons=_daemons(drain, survey, services))
        try:
            after = _step(drain, host, survey, services, instances.get(drain.instance_id), wiring)
        except Exception as error:  # noqa: BLE001  One host's failure must not leave the others without heartbeats.
            failed += _failed(drain, error)
        else:
            ended += not after.is_open
    return Ticked(len(drains), ended, failed, reader.spent)


def _resumed(drains: Sequence[Drain], wiring: Wiring) -> list[Drain]:
    """Carry out verdicts that a crash left behind; returns the drains that are still to be decided."""
    undecided = []
    for drain in drains:
        if drain.verdict is None:
            undecided.append(drain)
            continue
        try:
            _finish(drain, wiring)
        except Exception as error:  # noqa: BLE001  The next tick tries again.
            _failed(drain, error)
    return undecided


def _kept_alive(drain: Drain, wiring: Wiring) -> Drain:
    """Send the heartbeat that is due; a lifecycle action that is over leaves nothing to wait for.

    The index may still show a drain that was closed meanwhile: writes about it are refused, which is no failure.
    """
    now = wiring.now()
    if not heartbeat_due(drain, wiring.policy(drain), now):
        return drain
    try:
        wiring.hosts.heartbeat(drain)
        after = replace(drain, heartbeat_at=now)
        wiring.drains.update(drain, after)
    except ActionOver as over:
        return drain if drain.verdict else _action_over(drain, over, wiring)
    except Exception as error:  # noqa: BLE001  Two more heartbeats fit into the timeout, and the others want theirs.
        _failed(drain, error)
        return drain
    return after


def _action_over(drain: Drain, over: ActionOver, wiring: Wiring) -> Drain:
    """Decide what became of a host whose lifecycle action ended without us: kept by its group, or gone."""
    killed = (drain.tasks_left if drain.left is not None else drain.tasks_at_start) or 0
    why = f"the lifecycle action ended without us, by a timeout or by hand: {over}"
    try:
        if wiring.hosts.is_retained(drain.instance_id):
            decided = drain.decided(Outcome.KEPT, f"{why}; Auto Scaling keeps the instance")
        else:
            decided = drain.decided(Outcome.LOST if killed else Outcome.LEFT, why, killed)
        wiring.drains.update(drain, decided)
    except Exception as error:  # noqa: BLE001  The others want their heartbeats.
        _failed(drain, error)
        return drain  # A verdict that is not written down is none: a verdict of before may stand in the record.
    return decided


def _finish(drain: Drain, wiring: Wiring) -> Drain:
    return finish(drain, wiring.hosts, wiring.drains, wiring.count, wiring.now())


def _hosts(reader: ClusterReader, drains: Sequence[Drain]) -> dict[str, Host]:
    """Return the hosts by instance id: by ARN where the record has it, else by asking the cluster for the instance."""
    known = [drain.container_instance for drain in drains if drain.container_instance]
    unknown = [drain.instance_id for drain in drains if not drain.container_instance]
    found = {host.instance_id: host for host in reader.hosts(known).values()}
    return found | (reader.locate(unknown) if unknown else {})


def _cordoned(cluster: str, drains: Sequence[Drain], hosts: Mapping[str, Host], wiring: Wiring) -> dict[str, Host]:
    """Set DRAINING what still takes tasks, before any of its tasks is looked at; returns the hosts as they then are."""
    arns = {
        hosts[drain.instance_id].arn: drain
        for drain in drains
        if drain.instance_id in hosts
        and decide(drain, hosts[drain.instance_id], None, wiring.policy(drain), wiring.now()).action is Action.CORDON
    }
    changed, refused = wiring.hosts.set_state(cluster, arns, "DRAINING")
    for arn, reason in refused.items():
        structured_log.write("WARNING", "not set DRAINING", drain_id=arns[arn].drain_id, error=reason)
    return {**hosts, **{host.instance_id: host for host in changed.values()}}


def _services(
    reader: ClusterReader, due: Sequence[tuple[Drain, Host]], surveys: Mapping[str, TaskSurvey]
) -> dict[str, dict[str, Any]]:
    """Describe the services of the tasks that hold a host: which are daemons, and why the others do not move."""
    names = {task.service for survey in surveys.values() for task in survey.tasks if task.service}
    return reader.services(names) if names and due else {}


def _daemons(drain: Drain, survey: TaskSurvey, services: Mapping[str, Mapping[str, Any]]) -> frozenset[str]:
    """Return the daemon services among the tasks; a service that is deleted by now is known from the record."""
    named = {task.service for task in survey.tasks if task.service}
    now = {name for name in named if services.get(name, {}).get("schedulingStrategy") == "DAEMON"}
    return frozenset(now | (named & set(drain.daemons)))


def _step(
    drain: Drain,
    host: Host | None,
    survey: TaskSurvey | None,
    services: Mapping[str, Mapping[str, Any]],
    instance: Instance | None,
    wiring: Wiring,
) -> Drain:
    """Decide about one host, write down what was seen and decided, and act."""
    now, policy = wiring.now(), wiring.policy(drain)
    seen = noted(drain, host, survey, now)
    decision = decide(seen, host, survey, policy, now, instance=instance)
    held_by = blocker(host, survey, services, policy) if host and survey else Blocker(drain.blocker, "")
    after = replace(seen, blocker=held_by.name, why=held_by.why or decision.why)
    if decision.action is Action.FINISH and decision.outcome:
        why = f"{decision.why}; {held_by.name}: {held_by.why}" if held_by.why else decision.why
        decided = after.decided(decision.outcome, why, decision.killed)
        wiring.drains.update(drain, decided)
        return _finish(decided, wiring)
    if decision.action is Action.STOP:
        sent = _stop(drain, decision, wiring)
        # A daemon has nothing to lose by it: its work on this host is over.
        after = replace(after, stopped=seen.stopped + (sent if survey and survey.others else 0))
    wiring.drains.update(drain, after)
    return after


def noted(drain: Drain, host: Host | None, survey: TaskSurvey | None, now: int) -> Drain:
    """Return the drain with what was just seen of its host."""
    if host:
        facts = {"container_instance": host.arn, "image_id": host.image_id, "zone": host.zone}
        drain = replace(drain, **facts)  # type: ignore[arg-type]
        if drain.tasks_at_start is None and host.status == "DRAINING":
            drain = replace(drain, tasks_at_start=host.counted)
    if survey is None:
        return drain
    left = {task.task_id: task.group for task in survey.tasks}
    fewer = drain.left is not None and set(left) < set(drain.left)
    alone = bool(survey.tasks) and not survey.others
    return replace(
        drain,
        left=left,
        daemons=tuple(sorted({*drain.daemons, *survey.daemons})),
        looked_at=now,
        progressed_at=now if fewer else drain.progressed_at,
        daemons_alone_since=(drain.daemons_alone_since or now) if alone else 0,
    )


def _stop(drain: Drain, decision: Decision, wiring: Wiring) -> int:
    reason = f"opsctl drain {drain.drain_id}: {decision.why}"
    some = decision.tasks[:STOPS_PER_TICK]
    for task_id in some:
        wiring.hosts.stop_task(drain.cluster, task_id, reason)
    return len(some)


def _failed(drain: Drain, error: Exception) -> bool:
    """Log what went wrong with one host; that somebody else wrote first is no failure."""
    if isinstance(error, Changed):
        return False
    structured_log.write(
        "ERROR",
        "a step of the drain failed; the next look tries again",
        drain_id=drain.drain_id,
        error_type=type(error).__name__,
        error=str(error),
    )
    return True
