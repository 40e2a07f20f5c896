"""Look at messages and put them back: a bounded number, visible again as soon as the look is over."""

from collections.abc import Iterable, Iterator, Sequence
from typing import TYPE_CHECKING, Any, TypeVar

from opscore.dead_letters.message import EVERY_ATTRIBUTE, DeadLetter
from opscore.dead_letters.queues import QueueFacts

if TYPE_CHECKING:
    from mypy_boto3_sqs import SQSClient

HIDDEN_SECONDS = 60
"""How long a peeked message stays hidden should the release not happen: the process was killed, the network is gone."""

PER_CALL = 10
_EMPTY_ANSWERS = 2
"""Empty long polls in a row that end a look. One is not enough: SQS may answer before every server was asked."""

T = TypeVar("T")


def peek(sqs: "SQSClient", queue: QueueFacts, *, limit: int, wait_seconds: int = 1) -> list[DeadLetter]:
    """Return up to `limit` messages and make them visible again, also when interrupted.

    A look is not free: SQS counts it as a receive. In a queue that has a dead-letter queue of its own, that may push
    a message on; see `warning`.
    """
    seen: dict[str, DeadLetter] = {}
    empty = 0
    try:
        while len(seen) < limit and empty < _EMPTY_ANSWERS:
            wanted = min(PER_CALL, limit - len(seen))
            answer = _receive(sqs, queue, wanted, wait_seconds)
            seen |= {message.message_id: message for message in answer}
            empty = 0 if answer else empty + 1
            if len(answer) < wanted and len(seen) >= queue.visible:
                break
        return list(seen.values())
    finally:
        release(sqs, queue, (message.receipt_handle for message in seen.values()))


def warning(queue: QueueFacts) -> str | None:
    """Return what an operator must know before a look at `queue`, None when it is harmless."""
    if not queue.dead_letter_arn:
        return None
    onward = queue.dead_letter_arn.rsplit(":", 1)[-1]
    return (
        f"{queue.name} has a dead-letter queue of its own: each look counts as a receive, and after "
        f"{queue.maximum_receives} of them SQS moves the message on to {onward}."
    )


def release(sqs: "SQSClient", queue: QueueFacts, receipt_handles: Iterable[str]) -> None:
    """Make received messages visible again, now. A handle that is stale already needs no release."""
    for part in parts(list(receipt_handles), PER_CALL):
        entries: Any = [
            {"Id": str(index), "ReceiptHandle": handle, "VisibilityTimeout": 0} for index, handle in enumerate(part)
        ]
        sqs.change_message_visibility_batch(QueueUrl=queue.url, Entries=entries)


def parts(items: Sequence[T], size: int) -> Iterator[Sequence[T]]:
    """Yield `items` in pieces of at most `size`."""
    for first in range(0, len(items), size):
        yield items[first : first + size]


def _receive(sqs: "SQSClient", queue: QueueFacts, count: int, wait_seconds: int) -> list[DeadLetter]:
    answer = sqs.receive_message(
        QueueUrl=queue.url,
        MaxNumberOfMessages=count,
        VisibilityTimeout=HIDDEN_SECONDS,
        WaitTimeSeconds=wait_seconds,
        **EVERY_ATTRIBUTE,
    )
    return [DeadLetter.from_sqs(message) for message in answer.get("Messages", [])]
