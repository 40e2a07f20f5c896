"""`opsctl replay-dlq`: send dead letters back, and delete only what arrived."""

import shlex
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from ops_cli.frame.completion import complete_queue
from ops_cli.frame.confirm import confirm
from ops_cli.frame.context import Ops
from ops_cli.frame.options import OpsCommand, yes_option
from ops_cli.frame.output import emit, note
from ops_cli.frame.times import Seconds
from opscore.dead_letters.engine.pace import GIVE_UP_SECONDS
from opscore.errors import ExitCode, OpsError, PartlyDone

if TYPE_CHECKING:
    from opscore.dead_letters.replay.service import ReplayResult
    from opscore.dead_letters.tally import Tally

_COUNT = click.IntRange(1)
_NAMED = 3

give_up_option = click.option(
    "--give-up-after", "give_up_seconds", type=Seconds(), metavar="DURATION",
    default=f"{GIVE_UP_SECONDS:g}s", show_default=True,
    help="End when nothing has succeeded for so long, such as 90s or 1h; `opsctl dlq resume` does the rest.",
)  # fmt: skip
"""Throttling ends no run: it is an answer. What ends one is that AWS cannot be reached, or fails, all the time."""


@click.command(cls=OpsCommand)
@click.argument("queue", shell_complete=complete_queue)
@click.option(
    "--filter", metavar="JMESPATH", help="Only messages for which this is true, such as \"body.account=='acme'\"."
)
@click.option("--group", metavar="ID", help="Only messages of this group of `opsctl dlq analyse`.")
@click.option("--max", "maximum", type=_COUNT, metavar="N", help="Replay at most N messages.")
@click.option("--rate", metavar="N/s", help="At most so many messages a second; also N/m and N/h.")
@click.option("--to", metavar="QUEUE", shell_complete=complete_queue, help="Send there, not to where they came from.")
@click.option(
    "--edit", metavar="JMESPATH", help="Make the new body from the old one, such as \"merge(@, {formats: ['csv']})\"."
)
@click.option("--edit-with", type=click.Path(exists=True, dir_okay=False, path_type=Path), metavar="FILE",
              help="Make the new body by the function edit(body) in this Python file.")  # fmt: skip
@click.option("--keep", is_flag=True, help="Copy: leave the dead letters where they are.")
@click.option("--engine", type=click.Choice(("auto", "native", "client")), default="auto", show_default=True,
              help="SQS's own move task, or message by message from here.")  # fmt: skip
@click.option("--canary", type=_COUNT, metavar="N", help="Replay N first, watch them, then more if few of them fail.")
@click.option("--max-replays", "maximum_replays", type=_COUNT, metavar="N",
              help="Leave a message that was replayed N times already.")  # fmt: skip
@give_up_option
@click.option("--dry-run", is_flag=True, help="Show the plan and change nothing; --output json prints it as data.")
@yes_option
@click.pass_obj
def replay_dlq(
    ops: Ops,
    /,
    dry_run: bool,
    yes: bool,
    rate: str | None,
    edit_with: Path | None,
    give_up_seconds: float,
    **asked: Any,
) -> None:
    """Send dead letters back to where they failed.

    QUEUE is a work queue or its dead-letter queue, by role or by name. The plan is shown first, and it is what then
    runs. A message is deleted from the dead-letter queue only after its destination confirmed it, and what comes back
    while the run is going is not sent again. Every step is written to a journal: `opsctl dlq resume` does the rest of
    an interrupted run, `opsctl dlq undo` takes a run back.
    """
    from ops_cli.commands.dlq.plan_view import how_many, plan_data, show_plan
    from ops_cli.commands.dlq.replay_view import Meter, show_verdict
    from ops_cli.commands.dlq.stack_queues import StackQueues
    from ops_cli.commands.dlq.tables import nothing_seen
    from opscore.dead_letters.replay.request import ReplayRequest, parse_rate

    queues = StackQueues(ops)
    request = ReplayRequest(
        **asked,
        rate=parse_rate(rate) if rate else None,
        edit_with=str(edit_with) if edit_with else None,
        edit_source=edit_with.read_text(encoding="utf-8") if edit_with else None,
    )
    replays = queues.replays(request.queue, give_up_seconds=give_up_seconds)
    plan = replays.plan(request)
    show_plan(plan, queues.environment)
    if dry_run:
        note("Changes made: none.")
        if ops.choices.output != "table" or ops.choices.query is not None:
            emit(plan_data(plan, queues.environment), ops.choices)
        return
    if not plan.source.depth:
        note(f"{plan.source.name} is empty: nothing to replay.")
        return
    if not plan.sample:
        note(nothing_seen(plan.source))
    confirm(f"Replay {how_many(plan)}?", yes=yes)
    meter = Meter(plan.count)
    try:
        result = replays.begin(plan, meter, show_verdict)
    finally:
        meter.close()
    show_result(ops, result)


def show_result(ops: Ops, result: "ReplayResult") -> None:
    """Print what a run came to; raise when it is not all that was asked for."""
    from ops_cli.commands.dlq.replay_view import show_counts

    tally = result.tally
    show_counts(result, ops.choices)
    if tally.interrupted:
        raise OpsError(
            f"Interrupted: {tally.moved} moved, nothing lost, the rest is where it was.",
            hint=f"`opsctl dlq resume {result.run}` does the rest.",
            exit_code=ExitCode.INTERRUPTED,
        )
    if result.verdict and result.verdict.do == "stop":
        raise PartlyDone(f"Stopped after the canaries: {result.verdict.why.rstrip('.')}.", hint=_what_is_mended(result))
    if not tally.is_whole:
        raise PartlyDone(_unfinished(tally), hint="; ".join(f"{n} x {why}" for why, n in tally.reasons.items()))


def _what_is_mended(result: "ReplayResult") -> str:
    """Say what can be replayed of what the canaries stopped: the groups of which every canary was taken."""
    mended = [group for group in result.groups if group.verdict == "mended"]
    said = [f"{group.group} seems mended ({group.replayed} of {group.replayed} taken)" for group in mended[:_NAMED]]
    if not said:
        return "The others were not touched."
    command = f"opsctl replay-dlq {shlex.quote(result.queue)} --group {mended[0].group}"
    return f"The others were not touched; {', '.join(said)}: `{command}` replays the rest of it."


def _unfinished(tally: "Tally") -> str:
    counts = tally.plain()
    words = {
        "failed": "not sent and still in the dead-letter queue",
        "quarantined": "replayed too often and left there",
        "undeleted": "arrived but not yet deleted, which `opsctl dlq resume` does",
        "held_elsewhere": "still hidden by another reader",
    }
    parts = [f"{counts[name]:,} {text}" for name, text in words.items() if counts[name]]
    parts += ["as many came back: what they died of is not mended"] if tally.all_came_back else []
    return f"{counts['moved']:,} replayed, {', '.join(parts)}."
