"""Look at messages and put them back: a bounded number, visible again as soon as the look is over."""

from typing import TYPE_CHECKING

from opscore.dead_letters.looking.queue import BATCH, QueueFacts, QueueReader
from opscore.dead_letters.message import DeadLetter

if TYPE_CHECKING:
    from mypy_boto3_sqs import SQSClient

HIDDEN_SECONDS = 60
"""How long a peeked message stays hidden should the release not happen: the process was killed, the network is gone."""

_EMPTY_ANSWERS = 2
"""Empty long polls in a row that end a look. One is not enough: SQS may answer before every server was asked."""


def peek(sqs: "SQSClient", queue: QueueFacts, *, limit: int) -> list[DeadLetter]:
    """Return up to `limit` messages and make them visible again, also when interrupted.

    A look is not free: SQS counts it as a receive. In a queue that has a dead-letter queue of its own, that may push
    a message on; see `warning`.
    """
    reader = QueueReader(sqs, queue)
    seen: dict[str, DeadLetter] = {}
    empty = 0
    try:
        while len(seen) < limit and empty < _EMPTY_ANSWERS:
            wanted = min(BATCH, limit - len(seen))
            answer = reader.receive(wanted, HIDDEN_SECONDS)
            seen |= {message.message_id: message for message in answer}
            empty = 0 if answer else empty + 1
            if len(answer) < wanted and len(seen) >= queue.visible:
                break
        return list(seen.values())
    finally:
        reader.release([message.receipt_handle for message in seen.values()])


def warning(queue: QueueFacts) -> str | None:
    """Return what an operator must know before a look at `queue`, None when it is harmless."""
    if not queue.dead_letter_arn:
        return None
    onward = queue.dead_letter_arn.rsplit(":", 1)[-1]
    return (
        f"{queue.name} has a dead-letter queue of its own: each look counts as a receive, and after "
        f"{queue.maximum_receives} of them SQS moves the message on to {onward}."
    )
