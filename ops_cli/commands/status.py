"""`opsctl status`: one screen that says what is wrong, worst first."""

import datetime as dt
import functools
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace

import click

from ops_cli.commands import stack_health
from ops_cli.commands.fleet import hosts_in_need as needy
from ops_cli.frame.context import Ops
from ops_cli.frame.options import Choices, OpsCommand
from ops_cli.frame.output import Column, Parts, Section, emit_screen, note
from ops_cli.frame.stack import Stack
from opscore import health
from opscore.alarms import AlarmState, StackAlarms
from opscore.dead_letters.looking.queue import QueueFacts
from opscore.unseen import Unseen, fail_if_all_refused, look
from opscore.words import counted


@dataclass(frozen=True)
class NotKnown:
    """Something that AWS did not show: red when it is gone, yellow when it was refused."""

    what: str
    why: str
    level: health.Level


@dataclass(frozen=True)
class Status:
    """What `opsctl status` shows, and when it was asked for."""

    environment: str
    account_id: str
    region: str
    asked_at: dt.datetime
    services: list[health.ServiceHealth]
    queues: list[health.QueueHealth]
    alarms: list[AlarmState]
    executions: list[health.Execution]
    not_known: list[NotKnown]
    hosts: list[needy.HostInNeed] = field(default_factory=list)


QUEUE_COLUMNS = (
    Column("queue", "id", rank=0),
    Column("waiting", "number", rank=3),
    Column("in_flight", "number", rank=5),
    Column("oldest_seconds", "span", rank=4),
    Column("dead_letters", "number", rank=1),
    Column("consumer", "id", rank=6),
)
PROBLEM = Column("problem", "text", rank=2)
_SERVICES = Section(
    "services",
    (Column("service", "id", rank=0), Column("level", "id", rank=2), Column("why", "text", rank=1)),
    only_levels=("red", "yellow"),
    more="opsctl services",
    rank=2,
)
_ALARMS = Section(
    "alarms",
    (Column("alarm", "id", rank=0), Column("since", "moment", rank=1), Column("reason", "text", rank=2)),
    only_levels=("red",),
    empty="none rings",
    more="opsctl status --output json",
    rank=1,
)
_EXECUTIONS = Section(
    "executions",
    (Column("state_machine", "id", rank=1), Column("execution", "id", rank=0), Column("started", "moment", rank=2)),
    empty="none running",
    rank=4,
)
_NOT_KNOWN = Section("not_known", ("what", "why"), rank=0)
_NEXT = re.compile(r"Next: (opsctl (?!status\b)[\w ./=-]+)$")
"""How our alarms' descriptions end: what to run when they ring."""


@click.command(cls=OpsCommand)
@click.option("--fail", is_flag=True, help="Exit with 1 when anything is red or cannot be seen, for scripts.")
@click.pass_obj
def status(ops: Ops, fail: bool) -> int:
    """Show on one screen what is wrong, worst first."""
    found = collect(ops)
    step = next_step(found, ops.stack)
    show(found, step, ops.choices)
    levels = [row.level for row in found.services] + [row.level for row in found.queues]
    is_red = bool(found.hosts) or "red" in levels + [row.level for row in found.alarms]
    return 1 if fail and (is_red or found.not_known or any(row.problem for row in found.queues)) else 0


def show(found: Status, step: str | None, choices: Choices) -> None:
    """Print the screen: where and how it is, what is wrong, the worst first, and what to run next."""
    where = f"{found.environment}, account {found.account_id}, {found.region}, {found.asked_at:%Y-%m-%d %H:%M:%S} UTC"
    said = [f"Next: {step}"] if step else []
    emit_screen(found, _sections(found), choices, head=[where, _verdict(found)], foot=said)
    if said and (choices.output != "table" or choices.query is not None):
        note(said[0])


def _verdict(found: Status) -> Parts:
    """Say in one line how the platform is: its worst level, and how much there is of what."""
    judged = (found.services, found.queues, found.alarms, found.hosts, found.not_known)
    levels = [row.level for rows in judged for row in rows]
    level = min(levels, key=health.LEVELS.index, default="green")
    said = ", ".join(_complaints(found)) or f"nothing known against {counted(len(found.services), 'service')}"
    return [(level.upper(), level), (f": {said}", None)]


def _complaints(found: Status) -> Iterator[str]:
    if ill := sum(row.level != "green" for row in found.services):
        yield f"trouble in {ill} of {counted(len(found.services), 'service')}"
    if dead := sum(row.dead_letters or 0 for row in found.queues):
        yield counted(dead, "dead letter")
    if ringing := sum(row.level == "red" for row in found.alarms):
        yield counted(ringing, "alarm")
    if kept := len(found.hosts):
        yield f"{counted(kept, 'host')} that {'needs' if kept == 1 else 'need'} a person"
    if found.not_known:
        yield f"{counted(len(found.not_known), 'thing')} not known"


def _sections(found: Status) -> list[Section]:
    """Return the parts of the screen; columns and parts that are empty as a rule are there when they say something."""
    services = replace(_SERVICES, empty=f"{len(found.services)}, nothing known against any")
    has_problem = any(row.problem for row in found.queues)
    columns = (*QUEUE_COLUMNS, PROBLEM) if has_problem else QUEUE_COLUMNS
    queues = Section("queues", columns, empty="no queues", more="opsctl dlq list", rank=3)
    hosts = [needy.SECTION] if found.hosts else []
    not_known = [_NOT_KNOWN] if found.not_known else []
    return [services, queues, _ALARMS, *hosts, _EXECUTIONS, *not_known]


def next_step(found: Status, stack: Stack) -> str | None:
    """Return the command to run next, for the worst thing only; None when nothing is wrong."""
    if dead := [row for row in found.queues if row.dead_letters]:
        return f"opsctl dlq analyse {max(dead, key=lambda row: row.dead_letters or 0).queue}"
    if "red" in [row.level for row in found.queues] + [row.level for row in found.not_known]:
        return "opsctl deploy plan"
    if found.hosts:
        return "opsctl drained --stuck"
    for alarm in found.alarms:
        if alarm.level == "red" and (step := _step_for(alarm, stack)):
            return step
    if stuck := [row for row in found.queues if row.level == "yellow" and not row.problem]:
        return f"opsctl logs {stuck[0].consumer} --since 15m"
    return "opsctl doctor" if found.not_known or any(row.problem for row in found.queues) else None


def _step_for(alarm: AlarmState, stack: Stack) -> str | None:
    if said := _NEXT.search(alarm.description):
        return said[1]
    owners = (function.role for function in stack.functions.values() if alarm.owner in stack.names_of(function))
    return next((f"opsctl logs {role} --since 15m" for role in owners), None)


def collect(ops: Ops) -> Status:
    """Ask AWS for everything the screen shows; what AWS does not show is `not_known`.

    When AWS refuses everything, its first refusal is raised.
    """
    stack, asked_at = ops.stack, dt.datetime.now(dt.UTC)
    answers = _ask(ops, asked_at)
    fail_if_all_refused([*answers.queues.values(), answers.ages, answers.alarms.unseen, *answers.executions.values()])
    queues = _queues(stack, answers)
    unseen = {
        "ages of messages": answers.ages,
        "alarms": answers.alarms.unseen,
        "hosts of the fleets": answers.hosts,
        **answers.executions,
    }
    return Status(
        stack.environment,
        stack.account_id,
        stack.region,
        asked_at,
        _services(stack, answers.alarms, queues),
        queues,
        health.worst_first(answers.alarms.own, name=lambda alarm: alarm.alarm),
        _newest_first(answers.executions.values()),
        list(_not_known(unseen)),
        [] if isinstance(answers.hosts, Unseen) else answers.hosts,
    )


@dataclass(frozen=True)
class _Answers:
    """What AWS said: facts by queue name, ages by queue name, alarms, executions by state machine, hosts in need."""

    queues: Mapping[str, QueueFacts | Unseen]
    ages: Mapping[str, int] | Unseen
    alarms: StackAlarms
    executions: Mapping[str, list[health.Execution] | Unseen]
    hosts: list[needy.HostInNeed] | Unseen


def _ask(ops: Ops, now: dt.datetime) -> _Answers:
    """Make the calls, several at a time; the clients are made before, in one thread."""
    stack = ops.stack
    work = [queue.name for queue in stack.queues.values()]
    names = [*work, *(queue.dead_letter for queue in stack.queues.values())]
    urls = [stack_health.queue_url(ops, name) for name in names]
    machines = [machine.name for machine in stack.state_machines.values()]
    sqs, cloudwatch, sfn = ops.client("sqs"), ops.client("cloudwatch"), ops.client("stepfunctions")
    drains = needy.make_clients(ops)
    with ThreadPoolExecutor(max_workers=4) as pool:
        facts = pool.submit(health.queue_facts, sqs, urls)
        ages = pool.submit(look, lambda: health.oldest_ages(cloudwatch, work, now))
        alarms = pool.submit(stack_health.alarms, ops)
        hosts = pool.submit(look, lambda: needy.hosts_in_need(ops)) if drains else None
        runs = [pool.submit(look, functools.partial(health.running_executions, sfn, arn)) for arn in machines]
    return _Answers(
        dict(zip(names, facts.result(), strict=True)),
        ages.result(),
        alarms.result(),
        {f"state machine {arn.rsplit(':', 1)[-1]}": run.result() for arn, run in zip(machines, runs, strict=True)},
        hosts.result() if hosts else [],
    )


def _queues(stack: Stack, answers: _Answers) -> list[health.QueueHealth]:
    facts = answers.queues
    ages = {} if isinstance(answers.ages, Unseen) else answers.ages
    found = [
        health.judge_queue(
            queue.role, queue.consumer, facts[queue.name], facts[queue.dead_letter], ages.get(queue.name)
        )
        for queue in stack.queues.values()
    ]
    return health.worst_first(found, name=lambda row: row.queue)


def _services(stack: Stack, alarms: StackAlarms, queues: Sequence[health.QueueHealth]) -> list[health.ServiceHealth]:
    ringing = [alarm for alarm in alarms.own if alarm.level == "red"]
    services = [
        health.judge_service(function.role, stack.names_of(function), ringing, queues)
        for function in stack.functions.values()
    ]
    return health.worst_first(services, name=lambda row: row.service)


def _newest_first(found: Iterable[list[health.Execution] | Unseen]) -> list[health.Execution]:
    seen = [execution for executions in found if not isinstance(executions, Unseen) for execution in executions]
    return sorted(seen, key=lambda execution: execution.started, reverse=True)


def _not_known(asked: Mapping[str, object]) -> Iterator[NotKnown]:
    for what, found in asked.items():
        if isinstance(found, Unseen):
            yield NotKnown(what, found.why, "red" if found.is_gone else "yellow")
