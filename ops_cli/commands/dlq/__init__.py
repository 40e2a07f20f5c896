"""`opsctl dlq`: what died, and why."""

from typing import Any

import click

from ops_cli.commands.dlq.files import export_command, import_command, purge
from ops_cli.commands.dlq.runs import history, resume, undo
from ops_cli.commands.dlq.tables import emit_groups, emit_letters, emit_queues
from ops_cli.frame.completion import complete_queue
from ops_cli.frame.context import Ops
from ops_cli.frame.options import OpsGroup
from ops_cli.frame.output import note
from opscore.words import counted


@click.group(cls=OpsGroup)
def dlq() -> None:
    """List dead-letter queues and see why their messages died."""


@dlq.command("list")
@click.pass_obj
def list_command(ops: Ops) -> None:
    """List every dead-letter queue of the stack, the deepest first."""
    from ops_cli.commands import stack_health
    from opscore.dead_letters.looking.overview import list_queues

    alarms = stack_health.alarms(ops)
    emit_queues(list_queues(ops.client("sqs"), alarms.own, stack_health.dead_letter_queues(ops)), ops.choices)
    if alarms.unseen:
        note(f"Not every alarm is known: {alarms.unseen.why}")


@dlq.command()
@click.argument("queue", shell_complete=complete_queue)
@click.option("--limit", type=click.IntRange(1, 1000), default=10, show_default=True, help="Messages at most.")
@click.pass_obj
def show(ops: Ops, queue: str, limit: int) -> None:
    """Show messages of QUEUE's dead-letter queue, each with its cause, and leave them there.

    QUEUE is a work queue or its dead-letter queue, by role or by name. The cause comes from the consumer's log.
    """
    from ops_cli.commands.dlq.stack_queues import StackQueues
    from opscore.dead_letters.causes.cause_index import CauseIndex
    from opscore.dead_letters.envelopes import recognise
    from opscore.dead_letters.looking.peek import warning

    queues = StackQueues(ops)
    facts = queues.dead_letters(queue)
    if said := warning(facts):
        note(f"Warning: {said}")
    letters = queues.peek(facts, limit)
    causes = queues.causes(facts, letters) if letters else CauseIndex()
    rows: list[dict[str, Any]] = []
    for letter in letters:
        cause = causes.explain(letter)
        envelope = recognise(letter).kind.value
        rows.append(letter.document() | {"envelope": envelope, "cause": str(cause) if cause else None})
    emit_letters(rows, facts, ops.choices)
    if facts.depth > len(rows) > 0:
        note(f"{len(rows):,} of about {counted(facts.depth, 'message')}; --limit shows more.")


@dlq.command()
@click.argument("queue", shell_complete=complete_queue)
@click.option("--no-logs", is_flag=True, help="Do not read the consumer's log; group by the form of the body alone.")
@click.pass_obj
def analyse(ops: Ops, queue: str, no_logs: bool) -> None:
    """Group the dead letters of QUEUE by cause, the most frequent first, and leave them there.

    The consumer's errors are read from its log once, the queue is read once, and every message is visible again
    afterwards. `opsctl replay-dlq QUEUE --group ID` replays one group.
    """
    from ops_cli.commands.dlq.stack_queues import StackQueues
    from opscore.dead_letters.causes.cause_index import CauseIndex
    from opscore.dead_letters.causes.groups import Grouping
    from opscore.dead_letters.looking.peek import warning
    from opscore.dead_letters.looking.sweep import Sweep

    queues = StackQueues(ops)
    facts = queues.dead_letters(queue)
    if said := warning(facts):
        note(f"Warning: {said}")
    grouping = Grouping(CauseIndex() if no_logs else queues.causes(facts))
    read = Sweep(queues.sqs, facts, grouping.add).run() if facts.depth else 0
    emit_groups(grouping.result(), queue, facts, ops.choices)
    if 0 < read < facts.visible:
        note(f"{read:,} of about {counted(facts.visible, 'message')} could be looked at.")


dlq.add_command(export_command)
dlq.add_command(import_command)
dlq.add_command(purge)
dlq.add_command(resume)
dlq.add_command(history)
dlq.add_command(undo)
