"""`opsctl replay-dlq`: send dead letters back, and delete only what arrived."""

from typing import Any

import click

from ops_cli.completion import complete_queue
from ops_cli.confirm import confirm
from ops_cli.context import Ops
from ops_cli.options import OpsCommand
from ops_cli.output import emit, note
from opscore.errors import PartlyDone


@click.command(cls=OpsCommand)
@click.argument("queue", shell_complete=complete_queue)
@click.option("--max", "maximum", type=click.IntRange(1), metavar="N", help="Replay at most N messages.")
@click.option("--dry-run", is_flag=True, help="Show the plan and change nothing.")
@click.option("--yes", is_flag=True, help="Do not ask.")
@click.pass_obj
def replay_dlq(ops: Ops, queue: str, maximum: int | None, dry_run: bool, yes: bool) -> None:
    """Send dead letters back to where they failed.

    QUEUE is a work queue or its dead-letter queue, by role or by name. The plan is shown first. A message is deleted
    from the dead-letter queue only after the work queue confirmed it; what comes back is not sent twice in one run.
    """
    from ops_cli import dead_letters

    environment = ops.require_explicit_environment()
    chosen = ops.stack.queue(queue)
    plan = dead_letters.plan(ops, chosen, maximum)
    _show(plan, environment.name)
    if not plan.count or dry_run:
        note("Changes made: none." if dry_run else f"{plan.source.name} is empty: nothing to replay.")
        return
    confirm(f"Replay {plan.count} messages?", yes=yes)
    tally = dead_letters.replay(ops, plan)
    emit(tally, ops.choices)
    if tally.failed or tally.undeleted:
        raise PartlyDone(
            f"{tally.moved} replayed, {tally.failed} could not be sent and stay in {plan.source.name}.",
            hint="; ".join(f"{count} x {reason}" for reason, count in tally.reasons.items()),
        )


def _show(plan: Any, environment: str) -> None:
    source, destination = plan.source, plan.destination
    note(f"account      {source.account_id} ({environment}), {source.region}")
    note(f"from         {source.name}: {source.visible} visible, {source.in_flight} in flight")
    note(f"to           {destination.name}")
    note(f"replay       {plan.count} messages")
    for sample in plan.samples:
        note(f"for example  {sample.message_id}  {sample.body[:100]}")
    for warning in plan.warnings:
        note(f"warning      {warning}")
