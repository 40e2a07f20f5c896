"""A queue: what SQS says about it, which queues have it for their dead letters, and the calls of a reader."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from email.utils import parsedate_to_datetime
from typing import TYPE_CHECKING, Any

from opscore import aws_faults
from opscore.batches import batches
from opscore.dead_letters.message import DeadLetter
from opscore.errors import NotFound

if TYPE_CHECKING:
    from mypy_boto3_sqs import SQSClient

MAXIMUM_BYTES = 1_048_576
"""The most one message, and one batch, may carry:
https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/quotas-messages.html"""

EMPTY_ANSWERS = 3
"""Empty long polls in a row before a reader doubts that there is more. SQS may answer before it asked every server."""

WAIT_SECONDS = 1
"""How long a receive waits for a first message. Without a wait SQS asks some of its servers only, and may miss some."""

MAXIMUM_HELD = 100_000
"""How many messages a reader may hold. SQS lets 120,000 be in flight and after that answers nothing (FIFO) or an error:
https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/quotas-messages.html"""

BATCH = 10
"""The most messages one call takes; also in that list of quotas."""

_EVERYTHING: Any = {"MessageAttributeNames": ["All"], "MessageSystemAttributeNames": ["All"]}
# SQS returns only the attributes that were asked for; what is not received cannot be sent again.
_ATTRIBUTES: Sequence[Any] = ("All",)


@dataclass(frozen=True)
class QueueFacts:
    """A queue at one moment; `asked_ms` is that moment by SQS's own clock, in milliseconds since the epoch.

    `dead_letter_arn` is the queue's own dead-letter queue: a queue with one moves messages on when they are received
    too often, even when they are only looked at.
    """

    name: str
    url: str
    arn: str
    fifo: bool
    visible: int
    in_flight: int
    delayed: int
    retention_seconds: int
    maximum_bytes: int
    dead_letter_arn: str | None
    maximum_receives: int | None
    asked_ms: int

    @property
    def depth(self) -> int:
        """All messages the queue holds, in flight and delayed ones too."""
        return self.visible + self.in_flight + self.delayed

    @property
    def end_of_second_ms(self) -> int:
        """The end of the second in which SQS was asked: its answers have the time in whole seconds."""
        return self.asked_ms + 1000

    @property
    def account_id(self) -> str:
        """The account that owns the queue."""
        return self.arn.split(":")[4]

    @property
    def region(self) -> str:
        """The region the queue is in."""
        return self.arn.split(":")[3]


def describe(sqs: "SQSClient", name: str) -> QueueFacts:
    """Return the facts of the queue with that name, URL or ARN; raises `NotFound` when there is none."""
    try:
        url = name if "://" in name else sqs.get_queue_url(**_address(name))["QueueUrl"]
        answer = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=_ATTRIBUTES)
    except Exception as error:
        if aws_faults.is_absent(error):
            raise NotFound(f"There is no queue {name} in this account and region.") from None
        raise
    return _facts(url, answer.get("Attributes", {}), _service_ms(answer))


def _address(name: str) -> Any:
    if name.startswith("arn:"):
        *_, account, queue = name.split(":")
        return {"QueueName": queue, "QueueOwnerAWSAccountId": account}
    return {"QueueName": name}


def _facts(url: str, attributes: Any, asked_ms: int) -> QueueFacts:
    redrive = json.loads(attributes.get("RedrivePolicy") or "{}")
    arn = str(attributes["QueueArn"])
    return QueueFacts(
        name=arn.rsplit(":", 1)[-1],
        url=url,
        arn=arn,
        fifo=attributes.get("FifoQueue") == "true",
        visible=int(attributes.get("ApproximateNumberOfMessages", 0)),
        in_flight=int(attributes.get("ApproximateNumberOfMessagesNotVisible", 0)),
        delayed=int(attributes.get("ApproximateNumberOfMessagesDelayed", 0)),
        retention_seconds=int(attributes.get("MessageRetentionPeriod", 345_600)),
        maximum_bytes=int(attributes.get("MaximumMessageSize", MAXIMUM_BYTES)),
        dead_letter_arn=redrive.get("deadLetterTargetArn"),
        maximum_receives=int(redrive["maxReceiveCount"]) if "maxReceiveCount" in redrive else None,
        asked_ms=asked_ms,
    )


def _service_ms(answer: Any) -> int:
    # The clock of this machine may be wrong; SQS stamps messages with its own.
    return int(parsedate_to_datetime(answer["ResponseMetadata"]["HTTPHeaders"]["date"]).timestamp() * 1000)


def source_queues(sqs: "SQSClient", dead_letters: QueueFacts) -> list[str]:
    """Return the URLs of every queue whose redrive policy names `dead_letters`."""
    urls: list[str] = []
    request: dict[str, Any] = {"QueueUrl": dead_letters.url, "MaxResults": 1000}
    while True:
        page = sqs.list_dead_letter_source_queues(**request)
        urls += page.get("queueUrls", [])
        if not page.get("NextToken"):
            return urls
        request["NextToken"] = page["NextToken"]


class QueueReader:
    """One queue and a client for it. Every call that takes a batch returns the positions in it that SQS refused."""

    def __init__(self, sqs: "SQSClient", queue: QueueFacts) -> None:
        self._sqs, self._url = sqs, queue.url

    def receive(self, count: int, hidden_seconds: int) -> list[DeadLetter]:
        """Return up to `count` messages, hidden from others. A long poll: a short one may miss what is there."""
        answer = self._sqs.receive_message(
            QueueUrl=self._url,
            MaxNumberOfMessages=count,
            VisibilityTimeout=hidden_seconds,
            WaitTimeSeconds=WAIT_SECONDS,
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
        for some in batches(handles, BATCH):
            self.hide([(handle, 0) for handle in some])

    def facts(self) -> QueueFacts:
        """Return what SQS says about the queue now."""
        return describe(self._sqs, self._url)


def _refused(answer: Any, count: int) -> set[int]:
    # What is named on neither side counts as refused: only a clear yes is one.
    return set(range(count)) - {int(entry["Id"]) for entry in answer.get("Successful", [])}
