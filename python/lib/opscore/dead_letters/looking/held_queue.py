"""The calls a reader makes on a queue: receive, delete, hide for longer, show again, count."""

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any, TypeVar

from opscore.dead_letters.looking.queues import QueueFacts, describe
from opscore.dead_letters.message import DeadLetter

if TYPE_CHECKING:
    from mypy_boto3_sqs import SQSClient

BATCH = 10
"""The most messages one call takes:
https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/quotas-messages.html"""

_EVERYTHING: Any = {"MessageAttributeNames": ["All"], "MessageSystemAttributeNames": ["All"]}
# SQS hands out no attribute that was not asked for; what is not received cannot be sent again.

T = TypeVar("T")


class HeldQueue:
    """One queue and a client for it. Every call that takes a batch returns the positions in it that SQS refused."""

    def __init__(self, sqs: "SQSClient", queue: QueueFacts, *, wait_seconds: int = 1) -> None:
        self._sqs, self._url, self._wait_seconds = sqs, queue.url, wait_seconds

    def receive(self, count: int, hidden_seconds: int) -> list[DeadLetter]:
        """Return up to `count` messages, hidden from others. A long poll: a short one may miss what is there."""
        answer = self._sqs.receive_message(
            QueueUrl=self._url,
            MaxNumberOfMessages=count,
            VisibilityTimeout=hidden_seconds,
            WaitTimeSeconds=self._wait_seconds,
            **_EVERYTHING,
        )
        return [DeadLetter.from_sqs(message) for message in answer.get("Messages", [])]

    def delete(self, handles: Sequence[str]) -> set[int]:
        """Delete up to ten messages."""
        entries: Any = [{"Id": str(position), "ReceiptHandle": handle} for position, handle in enumerate(handles)]
        return _refused(self._sqs.delete_message_batch(QueueUrl=self._url, Entries=entries), len(handles))

    def hide(self, leases: Sequence[tuple[str, int]]) -> set[int]:
        """Hide up to ten messages, each for so many seconds from now; 0 shows it at once."""
        entries: Any = [
            {"Id": str(position), "ReceiptHandle": handle, "VisibilityTimeout": seconds}
            for position, (handle, seconds) in enumerate(leases)
        ]
        return _refused(self._sqs.change_message_visibility_batch(QueueUrl=self._url, Entries=entries), len(leases))

    def release(self, handles: Sequence[str]) -> None:
        """Show any number of messages to everybody, now. A handle that is stale needs no release."""
        for part in parts(handles, BATCH):
            self.hide([(handle, 0) for handle in part])

    def facts(self) -> QueueFacts:
        """Return what SQS says about the queue now."""
        return describe(self._sqs, self._url)


def parts(items: Sequence[T], size: int) -> Iterator[Sequence[T]]:
    """Yield `items` in pieces of at most `size`."""
    for first in range(0, len(items), size):
        yield items[first : first + size]


def _refused(answer: Any, count: int) -> set[int]:
    # What is named on neither side counts as refused: only a clear yes is one.
    return set(range(count)) - {int(entry["Id"]) for entry in answer.get("Successful", [])}
