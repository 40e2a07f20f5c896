"""`opsctl dlq history|resume|undo`: the journals of replays."""

from typing import TYPE_CHECKING, Any

import click
from click.shell_completion import CompletionItem

from ops_cli.commands.dlq.replay import give_up_option
from ops_cli.commands.dlq.tables import RUNS
from ops_cli.frame.confirm import confirm
from ops_cli.frame.context import Ops
from ops_cli.frame.options import OpsCommand, yes_option
from ops_cli.frame.output import emit, emit_screen, note
from opscore.errors import ExitCode, OpsError, PartlyDone
from opscore.words import counted

if TYPE_CHECKING:
    from opscore.dead_letters.engine.run_state import RunState
    from opscore.dead_letters.replay.undo import Undone


def _complete_run(_ctx: click.Context, _param: click.Parameter, incomplete: str) -> list[CompletionItem]:
    from ops_cli.commands.dlq.stack_queues import runs

    return [CompletionItem(run) for run in runs().names() if run.startswith(incomplete)]


@click.command(cls=OpsCommand)
@click.argument("run", required=False, shell_complete=_complete_run)
@click.option("--limit", type=click.IntRange(1), default=20, show_default=True, help="Runs at most.")
@click.pass_obj
def history(ops: Ops, run: str | None, limit: int) -> None:
    """List the replays of the environment, the newest first, and what each left open.

    Those begun on other machines are there too, when the account keeps their journals. With RUN, or the beginning of
    its id, all that is known of that one.
    """
    from ops_cli.commands.dlq.stack_queues import journals

    kept = journals(ops)
    if run is not None:
        name = kept.named(run)
        emit(row_of(name, kept.read(name)), ops.choices, columns=RUNS)
        return
    rows: list[dict[str, Any]] = []
    for name in kept.names()[:limit]:
        try:
            rows.append(row_of(name, kept.summary(name)))
        except (OpsError, OSError):  # one file that is no journal never costs the others
            rows.append({column.key: None for column in RUNS} | {"run": name, "state": "no journal"})
    emit(rows, ops.choices, columns=RUNS, empty="No replay was begun so far.")


def row_of(run: str, state: "RunState") -> dict[str, Any]:
    """Return what a journal says of a run, for `dlq history`."""
    request = state.header["request"]
    return {
        "run": run,
        "state": state.ended or "unfinished",
        "queue": request["queue"],
        "dead_letter_queue": state.header["source"]["name"],
        "moved": state.moved,
        "failed": state.tally.get("failed", 0),
        "bounced": state.tally.get("bounced", 0),
        "in_doubt": state.possibly_twice,
        "undeleted": state.open,
        "undone": len(state.undone),
        "environment": state.header.get("environment"),
        "engine": state.header["engine"],
        "began": state.header.get("began"),
        "request": request,
    }


@click.command(cls=OpsCommand)
@click.argument("run", shell_complete=_complete_run)
@give_up_option
@yes_option
@click.pass_obj
def resume(ops: Ops, run: str, give_up_seconds: float, yes: bool) -> None:
    """Do the rest of RUN, a replay that was interrupted or killed.

    RUN is an id of `opsctl dlq history`, or the beginning of one.
    What arrived is only deleted. What was about to be sent when the process died may have arrived: it is sent again,
    and the answer counts those.
    """
    from ops_cli.commands.dlq.replay import show_result
    from ops_cli.commands.dlq.replay_view import Meter, show_verdict
    from ops_cli.commands.dlq.stack_queues import StackQueues, journals
    from opscore.dead_letters.replay.service import resumable

    queues, kept = StackQueues(ops), journals(ops)
    run = kept.named(run)
    state = kept.read(run)
    request = resumable(run, state, queues.place)
    note(f"{run}: {state.moved:,} moved, {state.open:,} of them to be deleted, {len(state.in_doubt):,} in doubt")
    confirm("Do the rest?", yes=yes)
    meter = Meter(state.header.get("count", 0))
    try:
        replays = queues.replays(request.queue, give_up_seconds=give_up_seconds)
        result = replays.resume(run, meter, show_verdict)
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

    RUN is an id of `opsctl dlq history`, or the beginning of one.
    What still waits in the work queue is moved back. Whether the consumer has processed what it took cannot be
    known: that is counted, and with --copies a copy of it is put back.
    """
    from ops_cli.commands.dlq.replay_view import in_words
    from ops_cli.commands.dlq.stack_queues import StackQueues, journals
    from opscore.dead_letters.replay.undo import plan_undo
    from opscore.dead_letters.replay.undo import undo as take_back

    queues, kept = StackQueues(ops), journals(ops)
    run = kept.named(run)
    plan = plan_undo(queues.sqs, kept, run, queues.place)
    note(f"{run} replayed {counted(plan.count, 'message')} into {', '.join(plan.destinations)}")
    if plan.others:
        others = counted(plan.others, "message")
        note(f"Warning: up to {others} of others may wait there, too; each look counts as a receive.")
    confirm("Take it back?", yes=yes)
    undone = take_back(queues.sqs, kept, plan, copies=copies)
    counts = [
        (undone.moved_back, "moved back"),
        (undone.back_before, "taken back before"),
        (undone.back_already, "came back by themselves"),
        (undone.waiting, "still at their destination"),
        (undone.taken, "taken by the consumer"),
        (undone.not_found, "not found"),
        (undone.copied, "put back as copies"),
        (undone.possibly_twice, "perhaps put back twice"),
        (undone.in_doubt, "in doubt"),
    ]
    emit_screen(undone, (), ops.choices, head=[f"{run}: of {undone.replayed:,} replayed {in_words(counts)}."])
    _raise_unless_whole(run, undone)


def _raise_unless_whole(run: str, undone: "Undone") -> None:
    again = f"`opsctl dlq undo {run}"
    if undone.interrupted:
        raise OpsError(
            "Interrupted: nothing lost, the rest is where it was.",
            hint=f"{again}` does the rest.",
            exit_code=ExitCode.INTERRUPTED,
        )
    if undone.not_found or undone.waiting:
        left = counted(undone.not_found + undone.waiting, "message")
        why = "; ".join(undone.why) or "some could not be sent"
        raise PartlyDone(f"{left} not taken back, and no copies made: {why}.", hint=f"{again}` tries again.")
    if undone.taken > undone.copied:
        taken = counted(undone.taken - undone.copied, "message")
        raise PartlyDone(
            f"The consumer has taken {taken}, and it is not known what it did.",
            hint=f"{again} --copies` puts copies of them back.",
        )
