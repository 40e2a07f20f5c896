"""`opsctl dlq export|import|purge`: dead letters to a file and back."""

import contextlib
import dataclasses
import datetime as dt
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import click

from ops_cli.frame.completion import complete_queue
from ops_cli.frame.confirm import confirm, confirm_by_name
from ops_cli.frame.context import Ops
from ops_cli.frame.options import OpsCommand, yes_option
from ops_cli.frame.output import Stream, emit, note
from ops_cli.frame.progress import Ticker
from opscore.errors import ExitCode, OpsError, PartlyDone, UsageProblem
from opscore.words import counted

if TYPE_CHECKING:
    from opscore.dead_letters.files import Imported
    from opscore.dead_letters.looking.queue import QueueFacts

_NEW_FILE = click.Path(dir_okay=False)
_OLD_FILE = click.Path(exists=True, dir_okay=False, allow_dash=True)
_DASH = "-"
_MOST_NAMED = 100


@click.command("export", cls=OpsCommand)
@click.argument("queue", shell_complete=complete_queue)
@click.argument("file", type=_NEW_FILE)
@click.pass_obj
def export_command(ops: Ops, queue: str, file: str) -> None:
    """Copy the dead letters of QUEUE to FILE (- for stdout), one JSON object a line, and leave them there.

    Every attribute is kept exactly, binary ones in base64. Only you can read the file.
    """
    from ops_cli.commands.dlq.stack_queues import StackQueues
    from opscore.dead_letters.files import export_lines, export_to
    from opscore.dead_letters.looking.peek import warning

    queues = StackQueues(ops)
    facts = queues.dead_letters(queue)
    if said := warning(facts):
        note(f"Warning: {said}")
    with _progress(facts) as report:
        if file == _DASH:
            out = Stream(dataclasses.replace(ops.choices, output="ndjson", query=None))
            count = export_lines(queues.sqs, facts, lambda record: out.row(record, ""), report)
        else:
            count = export_to(queues.sqs, facts, Path(file), report)
    if file == _DASH:
        note(f"{counted(count, 'message')} exported.")
    else:
        emit({"exported": count, "file": file}, ops.choices)
    if count < facts.depth:
        raise PartlyDone(
            f"{count:,} of about {counted(facts.depth, 'message')} could be read: the rest is behind or in flight.",
            hint="SQS lets a reader hold 120,000 messages, and of a FIFO group only the first ones.",
        )


@contextlib.contextmanager
def _progress(facts: "QueueFacts") -> Iterator[Callable[[int], None]]:
    """Say on stderr how many messages are exported so far."""
    ticker = Ticker()
    try:
        yield lambda count: ticker.show(lambda: f"{count:,} of about {counted(facts.visible, 'message')} exported")
    finally:
        ticker.close()


@click.command("import", cls=OpsCommand)
@click.argument("queue", shell_complete=complete_queue)
@click.argument("file", type=_OLD_FILE)
@click.option("--dead-letters", is_flag=True, help="Into QUEUE's dead-letter queue, not into QUEUE itself.")
@yes_option
@click.pass_obj
def import_command(ops: Ops, queue: str, file: str, dead_letters: bool, yes: bool) -> None:
    """Send the messages of FILE (- for stdin), as `dlq export` writes them, to QUEUE.

    A line that is no message is named and left out. What could not be sent is written beside FILE, to FILE.rest, or to
    stdin.rest in this folder: correct and import it. No file is overwritten.
    """
    from ops_cli.commands.dlq.stack_queues import StackQueues
    from opscore.dead_letters.files import Import, reserve_rest, write_rest
    from opscore.dead_letters.sending.destinations import SqsDestination

    if file == _DASH and not yes:
        raise UsageProblem("stdin holds the messages, so nobody can be asked.", hint="Say --yes if you are sure.")
    queues = StackQueues(ops)
    target = queues.dead_letters(queue) if dead_letters else queues.find(queue)
    with click.open_file(file, "rb") as stream:
        lines = [*stream]
    name = "stdin" if file == _DASH else file
    count = sum(bool(line.strip()) for line in lines)
    if not count:
        note(f"{name} holds no messages: nothing is imported.")
        emit({"sent": 0, "failed": 0, "possibly_twice": 0}, ops.choices)
        return
    note(f"{counted(count, 'message')} from {name} to {target.name} in {target.account_id} ({queues.environment})")
    confirm(f"Send {counted(count, 'message')}?", yes=yes)
    # What is no file of its own (a pipe, /dev/stdin) has no place beside it.
    rest: Path | None = reserve_rest(Path(name) if Path(name).is_file() else Path(Path(name).name))
    work = Import(SqsDestination(queues.sqs, target))
    interrupted = False
    try:
        work.run(lines)
    except KeyboardInterrupt:
        interrupted = True
    except BaseException:
        note(f"What was not sent is in {rest}.")
        raise
    finally:
        rest = write_rest(rest, lines, work.result.done) if rest else None
    _show_imported(ops, work.result, lines, rest, interrupted=interrupted)


def _show_imported(ops: Ops, result: "Imported", lines: list[bytes], rest: Path | None, *, interrupted: bool) -> None:
    """Print what became of the lines of a file; raise when some of them were not sent."""
    problems = sorted(result.failed.items())
    for number, why in problems[:_MOST_NAMED]:
        note(f"line {number:,}: {why}")
    if len(problems) > _MOST_NAMED:
        note(f"… and {len(problems) - _MOST_NAMED:,} more lines; --output json names all.")
    sent = sum(bool(line.strip()) for number, line in enumerate(lines, start=1) if number in result.done)
    answer = {"sent": sent, "failed": len(problems), "possibly_twice": len(result.doubtful)}
    if result.doubtful:
        note(f"{counted(len(result.doubtful), 'message')} may be there twice: a send of them got no answer.")
    if ops.choices.output != "table" or ops.choices.query is not None:
        named = [{"line": number, "why": why} for number, why in problems]
        emit(answer | {"rest": rest and str(rest), "problems": named}, ops.choices)
    else:
        emit(answer, ops.choices)
    hint = f"What was not sent is in {rest}: correct and import it."
    if interrupted:
        raise OpsError(f"Interrupted: {counted(sent, 'message')} sent.", hint=hint, exit_code=ExitCode.INTERRUPTED)
    if problems:
        number, why = problems[0]
        total = counted(sent + len(problems), "message")
        raise PartlyDone(f"Not sent: {len(problems):,} of {total}; line {number:,}: {why}.", hint=hint)


@click.command(cls=OpsCommand)
@click.argument("queue", shell_complete=complete_queue)
@click.option(
    "--export", "file", type=_NEW_FILE, help="Where the deleted messages go.  [default: a name with the time]"
)
@yes_option
@click.pass_obj
def purge(ops: Ops, queue: str, file: str | None, yes: bool) -> None:
    """Delete the dead letters of QUEUE, each only after it is safe in a file.

    `opsctl dlq import QUEUE FILE --dead-letters` brings them back.
    """
    from ops_cli.commands.dlq.stack_queues import StackQueues
    from opscore.dead_letters.files import purge_into

    if file == _DASH:
        raise UsageProblem("What is deleted must be safe in a file, and stdout is none.", hint="Name a file.")
    queues = StackQueues(ops)
    facts = queues.dead_letters(queue)
    if not facts.depth:
        note(f"{facts.name} is empty.")
        return
    path = Path(file or f"{facts.name}-{dt.datetime.now(dt.UTC):%Y%m%d-%H%M%S}.ndjson")
    where = f"{facts.account_id} ({queues.environment})"
    note(f"Into {path}, then deleted: {counted(facts.depth, 'message')} of {facts.name} in {where}")
    confirm_by_name("This empties the queue.", facts.name, yes=yes)
    try:
        tally = purge_into(queues.sqs, facts, path)
    except Exception:
        if path.exists():
            note(f"What is deleted is safe in {path}, the rest is still in {facts.name}.")
        raise
    deleted = tally.moved - tally.undeleted
    emit({"deleted": deleted, "file": str(path)}, ops.choices)
    if tally.is_whole:
        return
    # What a run did not come to is in none of its counts, and some is hidden still: only the queue knows.
    left = f"about {counted(queues.dead_letters(queue).depth, 'message')} left in {facts.name}"
    if tally.interrupted:
        raise OpsError(
            f"Interrupted: {deleted:,} deleted and safe in {path}, {left}.",
            hint="Run the command again, with another file.",
            exit_code=ExitCode.INTERRUPTED,
        )
    why = f"; {next(iter(tally.reasons))}" if tally.reasons else ""
    raise PartlyDone(f"{deleted:,} deleted, {left}{why}.", hint="Run the command again, with another file.")
