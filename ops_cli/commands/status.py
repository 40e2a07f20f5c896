"""`opsctl status`: one screen that says what is wrong, worst first."""

import datetime as dt
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import click

from ops_cli.frame.context import Ops
from ops_cli.frame.options import OpsCommand
from ops_cli.frame.output import Section, emit_screen, note
from opscore import health


@dataclass(frozen=True)
class Status:
    """What `opsctl status` shows."""

    environment: str
    services: list[health.ServiceHealth]
    queues: list[health.QueueHealth]
    alarms: list[health.AlarmState]
    executions: list[health.Execution]


SECTIONS = (
    Section("services", ("service", "level", "why"), empty="no services"),
    Section(
        "queues",
        ("queue", "waiting", "in_flight", "oldest_seconds", "dead_letters", "consumer"),
        empty="no queues",
    ),
    Section("alarms", ("alarm", "state", "since", "reason"), only_levels=("red", "yellow"), empty="none rings"),
    Section("executions", ("state_machine", "execution", "started"), empty="none running"),
)


@click.command(cls=OpsCommand)
@click.option("--fail", is_flag=True, help="Exit with 1 when anything is red, for scripts.")
@click.pass_obj
def status(ops: Ops, fail: bool) -> int:
    """Show on one screen what is wrong, worst first."""
    found = collect(ops)
    emit_screen(found, SECTIONS, ops.choices)
    for row in found.queues:
        if row.dead_letters:
            note(f"Next: opsctl dlq show {row.queue}")
    levels = [row.level for row in found.services] + [row.level for row in found.queues]
    return 1 if fail and "red" in levels + [row.level for row in found.alarms] else 0


def collect(ops: Ops) -> Status:
    """Ask AWS for everything the screen shows, several calls at a time."""
    stack = ops.stack
    names = [name for queue in stack.queues.values() for name in (queue.name, queue.dead_letter)]
    machines = [machine.name for machine in stack.state_machines.values()]
    functions = [function.name for function in stack.functions.values()]
    sqs, cloudwatch, sfn = ops.client("sqs"), ops.client("cloudwatch"), ops.client("stepfunctions")
    with ThreadPoolExecutor(max_workers=4) as pool:
        depths = pool.submit(health.queue_depths, sqs, names)
        ages = pool.submit(health.oldest_ages, cloudwatch, names, dt.datetime.now(dt.UTC))
        alarms = pool.submit(health.alarms, cloudwatch, f"{stack.project}-{stack.environment}-", [*functions, *names])
        executions = pool.submit(health.running_executions, sfn, machines)
    queues = [
        health.judge_queue(
            queue.role,
            queue.consumer,
            depths.result()[queue.name],
            depths.result()[queue.dead_letter],
            ages.result().get(queue.name),
        )
        for queue in stack.queues.values()
    ]
    ringing = [alarm for alarm in alarms.result() if alarm.level == "red"]
    services = [
        health.judge_service(function.role, stack.names_of(function), ringing, queues)
        for function in stack.functions.values()
    ]
    return Status(
        stack.environment,
        health.worst_first(services, name=lambda row: row.service),
        health.worst_first(queues, name=lambda row: row.queue),
        alarms.result(),
        executions.result(),
    )
