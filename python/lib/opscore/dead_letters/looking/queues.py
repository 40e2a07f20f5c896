"""What SQS says about a queue, and which queues send their dead letters to it."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from email.utils import parsedate_to_datetime
from typing import TYPE_CHECKING, Any

from opscore import aws_faults
from opscore.errors import NotFound

if TYPE_CHECKING:
    from mypy_boto3_sqs import SQSClient

MAXIMUM_BYTES = 1_048_576
"""The most one message, and one batch, may carry:
https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/quotas-messages.html"""

_ATTRIBUTES: Sequence[Any] = ("All",)


@dataclass(frozen=True)
class QueueFacts:
    """A queue at one moment; `asked_ms` is that moment by SQS's own clock, in milliseconds since the epoch.

    `dead_letter_arn` is the queue's own dead-letter queue: a queue with one moves messages on when they are received
    too often, even by somebody who only looks.
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
