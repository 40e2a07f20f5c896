"""`opsctl dlq history|resume|undo`: the journals of replays."""

from typing import Any

import click
from click.shell_completion import CompletionItem

from ops_cli.frame.confirm import confirm
from ops_cli.frame.context import Ops
from ops_cli.frame.options import OpsCommand, yes_option
from ops_cli.frame.output import emit, note
from opscore.errors import PartlyDone

COLUMNS = ("run", "environment", "queue", "engine", "state", "moved", "undeleted", "in_doubt")


def _complete_run(_ctx: click.Context, _param: click.Parameter, incomplete: str) -> list[CompletionItem]:
    from ops_cli.commands.dlq.stack_queues import runs

    return [CompletionItem(run) for run in runs().names() if run.startswith(incomplete)]


@click.command(cls=OpsCommand)
@click.option("--limit", type=click.IntRange(1), default=20, show_default=True, help="Runs at most.")
@click.pass_obj
def history(ops: Ops, limit: int) -> None:
    """List the replays begun on this machine, the newest first, and what each left open."""
    from ops_cli.commands.dlq.stack_queues import runs

    kept = runs()
    rows: list[dict[str, Any]] = []
    for run in kept.names()[:limit]:
        state = kept.read(run)
        rows.append(
            {
                "run": run,
                "environment": state.header.get("environment"),
                "queue": state.header["source"]["name"],
                "engine": state.header["engine"],
                "state": state.ended or "killed, or still running",
                "moved": state.moved,
                "undeleted": state.open,
                "in_doubt": len(state.in_doubt),
                "request": state.header["request"],
            }
        )
    emit(rows, ops.choices, columns=COLUMNS, empty="No replay was begun on this machine.")


@click.command(cls=OpsCommand)
@click.argument("run", shell_complete=_complete_run)
@yes_option
@click.pass_obj
def resume(ops: Ops, run: str, yes: bool) -> None:
    """Do the rest of RUN, a replay that was interrupted or killed.

    What arrived is only deleted. What was about to be sent when the process died may have arrived: it is sent again,
    and the answer counts those.
    """
    from ops_cli.commands.dlq.replay import show_result
    from ops_cli.commands.dlq.replay_view import Meter
    from ops_cli.commands.dlq.stack_queues import StackQueues, runs
    from opscore.dead_letters.replay.service import resumable

    queues = StackQueues(ops)
    state = runs().read(run)
    request = resumable(run, state, queues.environment)
    note(f"{run}: {state.moved} moved, {state.open} of them to be deleted, {len(state.in_doubt)} in doubt")
    confirm("Do the rest?", yes=yes)
    meter = Meter(state.header.get("count", 0))
    try:
        result = queues.replays(request.queue).resume(run, meter)
    finally:
        meter.close()
    show_result(ops, result)


@click.command(cls=OpsCommand)
@click.argument("run", shell_complete=_complete_run)
@click.option("--copies", is_flag=True, help="Put copies back of what the consumer has taken.")
@yes_option
@click.pass_obj
def undo(ops: Ops, run: str, copies: bool, yes: bool) -> None:
    """Take RUN back: bring its messages into the dead-letter queue again, as far as that is possible.

    What still waits in the work queue is moved back. Whether the consumer has processed what it took cannot be
    known: that is counted, and with --copies a copy of it is put back.
    """
    from ops_cli.commands.dlq.stack_queues import StackQueues, runs
    from opscore.dead_letters.replay.undo import plan_undo
    from opscore.dead_letters.replay.undo import undo as take_back

    queues = StackQueues(ops)
    plan = plan_undo(queues.sqs, runs(), run, queues.environment)
    note(f"{run} replayed {plan.count} messages into {', '.join(plan.destinations)}")
    if plan.others:
        note(f"Warning: up to {plan.others} other messages wait there, too; each look counts as a receive.")
    confirm("Take it back?", yes=yes)
    undone = take_back(queues.sqs, plan, copies=copies)
    emit(undone, ops.choices)
    if undone.unknown > undone.copied:
        raise PartlyDone(
            f"{undone.unknown - undone.copied} were taken by their consumer: it is not known what it did with them.",
            hint=f"`opsctl dlq undo {run} --copies` puts copies of them back." if not copies else "",
        )
