"""From the stack to the dead-letter library's arguments: which queue is meant, who consumes it, where the state is."""

import os
from collections.abc import Sequence
from pathlib import Path

from ops_cli.frame.context import Ops
from ops_cli.frame.stack import Queue
from opscore import aws_faults
from opscore.dead_letters.causes.consumer_log import EARLIER_MS, Cause, CauseIndex, find
from opscore.dead_letters.engine.journal import Runs
from opscore.dead_letters.looking.peek import peek
from opscore.dead_letters.looking.queue import QueueFacts, describe, source_queues
from opscore.dead_letters.message import DeadLetter
from opscore.errors import NotFound


def dead_letter_facts(ops: Ops, queue: Queue) -> QueueFacts:
    """Return what SQS says about the dead-letter queue of `queue`."""
    return describe(ops.client("sqs"), queue.dead_letter)


def any_queue(ops: Ops, name: str) -> QueueFacts:
    """Return the facts of a work queue of the stack, by role or name, or of any other queue by its exact name."""
    queues = ops.stack.queues
    named = next((queue for queue in queues.values() if name in (queue.role, queue.name)), None)
    try:
        return describe(ops.client("sqs"), named.name if named else name)
    except NotFound:
        known = [known for queue in queues.values() for known in (queue.role, queue.name, queue.dead_letter)]
        raise NotFound.among("queue", name, known, listing="opsctl dlq list") from None


def sources_of(ops: Ops, queue: Queue, dead_letters: QueueFacts) -> list[QueueFacts]:
    """Return every queue that sends its dead letters to `dead_letters`."""
    sqs = ops.client("sqs")
    try:
        urls = source_queues(sqs, dead_letters)
    except Exception as error:
        if not aws_faults.is_unknown_operation(error):
            raise
        urls = [queue.name]  # an emulator without the operation: the stack's word has to do
    return [describe(sqs, url) for url in urls]


def log_groups(ops: Ops, dead_letters: str) -> list[str]:
    """Return the log groups of all consumers whose messages end in that dead-letter queue."""
    consumers = {queue.consumer for queue in ops.stack.queues.values() if queue.dead_letter == dead_letters}
    return [ops.stack.function(consumer).log_group for consumer in sorted(consumers)]


def cause(ops: Ops, queue: Queue, letter: DeadLetter) -> Cause | None:
    """Return why `letter` died, from the log of the queue's consumer."""
    return find(ops.client("logs"), ops.stack.function(queue.consumer).log_group, letter)


def causes(ops: Ops, dead_letters: QueueFacts) -> CauseIndex:
    """Return the consumers' errors since about the time the oldest dead letter was sent."""
    first = peek(ops.client("sqs"), dead_letters, limit=10) if dead_letters.visible else []
    start = min((letter.sent_ms for letter in first), default=dead_letters.asked_ms) - EARLIER_MS
    return CauseIndex.read(ops.client("logs"), log_groups(ops, dead_letters.name), max(0, start))


def function_names(ops: Ops) -> Sequence[str]:
    """Return the names of the stack's functions."""
    return [function.name for function in ops.stack.functions.values()]


def runs() -> Runs:
    """Return the journals of this user's replays."""
    return Runs(state_folder() / "replays")


def state_folder() -> Path:
    """Return where opsctl keeps what it must remember (XDG Base Directory specification)."""
    home = os.environ.get("XDG_STATE_HOME") or Path.home() / ".local" / "state"
    return Path(home) / "opsctl"
