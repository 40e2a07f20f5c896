"""Sending many messages: SQS answers each entry of a batch by itself, and an entry it did not take is lost if unread.

Facts: SendMessageBatch takes ten entries and answers `Successful` and `Failed` with status 200
(https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/API_SendMessageBatch.html).
"""

import time
from collections.abc import Callable, Iterator, Sequence
from typing import TYPE_CHECKING

from opscore.errors import OpsError
from opscore.words import counted

if TYPE_CHECKING:
    from mypy_boto3_sqs import SQSClient

ENTRIES_PER_BATCH = 10
ATTEMPTS = 5


class Unsent(OpsError):
    """Messages that the queue did not take, however often they were offered."""


def send_all(
    sqs: "SQSClient", queue_url: str, bodies: Sequence[str], *, sleep: Callable[[float], object] = time.sleep
) -> None:
    """Send every body; entries that SQS refuses are offered again, at last once more after 1.6 s. Raises Unsent."""
    unsent, reasons = list(bodies), {""}
    for attempt in range(ATTEMPTS):
        if attempt:
            sleep(0.1 * 2**attempt)
        refused = [
            entry for at in range(0, len(unsent), ENTRIES_PER_BATCH) for entry in _send(sqs, queue_url, unsent, at)
        ]
        if not refused:
            return
        unsent, reasons = [unsent[position] for position, _ in refused], {reason for _, reason in refused}
    raise Unsent(
        f"The queue did not take {len(unsent):,} of {counted(len(bodies), 'message')}: {', '.join(sorted(reasons))}.",
        hint="Run it again: what was taken is on record and is not sent twice.",
    )


def _send(sqs: "SQSClient", queue_url: str, bodies: Sequence[str], at: int) -> Iterator[tuple[int, str]]:
    """Send one batch; yield position and reason of each entry that was not taken."""
    batch = bodies[at : at + ENTRIES_PER_BATCH]
    answer = sqs.send_message_batch(
        QueueUrl=queue_url,
        Entries=[{"Id": str(at + offset), "MessageBody": body} for offset, body in enumerate(batch)],
    )
    taken = {entry["Id"] for entry in answer.get("Successful", [])}
    refused = {entry["Id"]: entry.get("Code", "refused") for entry in answer.get("Failed", [])}
    for position in range(at, at + len(batch)):
        if str(position) not in taken:
            yield position, refused.get(str(position), "no answer for the entry")
