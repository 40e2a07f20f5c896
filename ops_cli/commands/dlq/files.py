"""`opsctl dlq export|import|purge`: dead letters to a file and back."""

import datetime as dt
from pathlib import Path
from typing import IO

import click

from ops_cli.frame.completion import complete_queue
from ops_cli.frame.confirm import confirm, confirm_by_name
from ops_cli.frame.context import Ops
from ops_cli.frame.options import OpsCommand, yes_option
from ops_cli.frame.output import emit, note
from opscore.errors import PartlyDone
from opscore.words import counted

_NEW_FILE = click.Path(dir_okay=False, path_type=Path)


@click.command("export", cls=OpsCommand)
@click.argument("queue", shell_complete=complete_queue)
@click.argument("file", type=_NEW_FILE)
@click.pass_obj
def export_command(ops: Ops, queue: str, file: Path) -> None:
    """Copy the dead letters of QUEUE to FILE, one JSON object a line, and leave them there.

    Every attribute is kept exactly, binary ones in base64. Only you can read the file.
    """
    from ops_cli.commands.dlq.stack_queues import StackQueues
    from opscore.dead_letters.files import export_to
    from opscore.dead_letters.looking.peek import warning

    queues = StackQueues(ops)
    facts = queues.dead_letters(queue)
    if said := warning(facts):
        note(f"Warning: {said}")
    count = export_to(queues.sqs, facts, file)
    emit({"exported": count, "file": str(file)}, ops.choices)
    if count < facts.depth:
        raise PartlyDone(
            f"{count:,} of about {counted(facts.depth, 'message')} could be read: the rest is behind or in flight.",
            hint="SQS lets a reader hold 120,000 messages, and of a FIFO group only the first ones.",
        )


@click.command("import", cls=OpsCommand)
@click.argument("queue", shell_complete=complete_queue)
@click.argument("file", type=click.File("rb"))
@click.option("--dead-letters", is_flag=True, help="Into QUEUE's dead-letter queue, not into QUEUE itself.")
@yes_option
@click.pass_obj
def import_command(ops: Ops, queue: str, file: IO[bytes], dead_letters: bool, yes: bool) -> None:
    """Send the messages of FILE (- for stdin), as `dlq export` writes them, to QUEUE.

    What could not be sent is written to FILE.rest, to be corrected and imported again.
    """
    from ops_cli.commands.dlq.stack_queues import StackQueues
    from opscore.dead_letters.files import Import, write_rest
    from opscore.dead_letters.sending.destinations import SqsDestination

    queues = StackQueues(ops)
    target = queues.dead_letters(queue) if dead_letters else queues.find(queue)
    lines = [*file]
    count = sum(bool(line.strip()) for line in lines)
    messages = counted(count, "message")
    note(f"{messages} from {file.name} to {target.name} in {target.account_id} ({queues.environment})")
    confirm(f"Send {messages}?", yes=yes)
    work = Import(SqsDestination(queues.sqs, target))
    try:
        work.run(lines)
    finally:
        rest = write_rest(Path(f"{Path(file.name).name}.rest"), lines, work.result.done)
    emit({"sent": count - len(work.result.failed), "failed": len(work.result.failed)}, ops.choices)
    if work.result.failed:
        number, why = next(iter(sorted(work.result.failed.items())))
        raise PartlyDone(
            f"Not sent: {len(work.result.failed):,} of {messages}; line {number}: {why}.",
            hint=f"What was not sent is in {rest}: correct and import it.",
        )


@click.command(cls=OpsCommand)
@click.argument("queue", shell_complete=complete_queue)
@click.option(
    "--export", "file", type=_NEW_FILE, help="Where the deleted messages go.  [default: a name with the time]"
)
@yes_option
@click.pass_obj
def purge(ops: Ops, queue: str, file: Path | None, yes: bool) -> None:
    """Delete the dead letters of QUEUE, each only after it is safe in a file.

    `opsctl dlq import QUEUE FILE --dead-letters` brings them back.
    """
    from ops_cli.commands.dlq.stack_queues import StackQueues
    from opscore.dead_letters.files import purge_into

    queues = StackQueues(ops)
    facts = queues.dead_letters(queue)
    if not facts.depth:
        note(f"{facts.name} is empty.")
        return
    path = file or Path(f"{facts.name}-{dt.datetime.now(dt.UTC):%Y%m%d-%H%M%S}.ndjson")
    where = f"{facts.account_id} ({queues.environment})"
    note(f"Into {path}, then deleted: {counted(facts.depth, 'message')} of {facts.name} in {where}")
    confirm_by_name("This empties the queue.", facts.name, yes=yes)
    tally = purge_into(queues.sqs, facts, path)
    emit({"deleted": tally.moved - tally.undeleted, "file": str(path)}, ops.choices)
    if not tally.is_whole:
        left = tally.undeleted + tally.held_elsewhere
        known = f": {counted(left, 'message')}" if left and not tally.interrupted else ""
        raise PartlyDone(
            f"Not everything is deleted from {facts.name}{known}.", hint="Run the command again, with another file."
        )
