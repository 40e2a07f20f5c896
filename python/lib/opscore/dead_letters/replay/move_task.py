"""SQS's own move task: it needs no bandwidth here, and continues when this machine is switched off."""

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from opscore import aws_faults
from opscore.dead_letters.looking.queue import QueueFacts
from opscore.dead_letters.tally import Tally
from opscore.errors import OpsError, RefusedByAws
from opscore.words import counted

if TYPE_CHECKING:
    from mypy_boto3_sqs import SQSClient

MAXIMUM_RATE = 500
"""https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/API_StartMessageMoveTask.html"""

_ACTIVE = ("RUNNING", "CANCELLING")
_REASONS = {
    "CouldNotDetermineMessageSource": "the next message was put there by a consumer, and SQS knows no way back for it",
    "AWS.SimpleQueueService.NonExistentQueue": "a queue that it moves to does not exist any more",
}


@dataclass(frozen=True)
class Support:
    """Whether the endpoint has move tasks at all, and the one that is at work on the queue, if any."""

    known: bool
    active: Mapping[str, Any] | None = None


def support(sqs: "SQSClient", source: QueueFacts) -> Support:
    """Ask for the queue's move tasks. Only one may be active, and one that is being cancelled still moves messages."""
    try:
        tasks = sqs.list_message_move_tasks(SourceArn=source.arn, MaxResults=10)["Results"]
    except Exception as error:
        if aws_faults.is_unknown_operation(error):
            return Support(known=False)
        raise
    return Support(known=True, active=next((task for task in tasks if task["Status"] in _ACTIVE), None))


def refuse_while_active(found: Support, source: QueueFacts) -> None:
    """Raise when somebody else is moving the queue's messages: two movers could send each message twice."""
    if not found.active:
        return
    task = found.active
    moved, total = task.get("ApproximateNumberOfMessagesMoved", 0), task.get("ApproximateNumberOfMessagesToMove", "?")
    raise OpsError(
        f"A move task is {task['Status'].lower()} on {source.name}: {moved} of {total} moved.",
        hint="Wait for it, or cancel it in the SQS console, then run the command again.",
    )


class MoveTask:
    """One move task, watched until it ends. Without `destination_arn` each message goes back to where it came from."""

    def __init__(
        self,
        sqs: "SQSClient",
        source: QueueFacts,
        *,
        destination_arn: str | None,
        rate: float | None,
        report: Callable[[Tally], None] = lambda _tally: None,
        sleep: Callable[[float], None] = time.sleep,
        interval: float = 1.0,
    ) -> None:
        self._sqs, self._source = sqs, source
        self._destination_arn, self._rate = destination_arn, rate
        self._report, self._sleep, self._interval = report, sleep, interval
        self._handle = ""
        self.tally = Tally()

    def run(self) -> Tally:
        """Start the task and watch it. Ctrl-C cancels it; what was moved stays moved."""
        self._start()
        try:
            while (task := self._task())["Status"] in _ACTIVE:
                self._count(task)
                self._report(self.tally)
                self._sleep(self._interval)
        except KeyboardInterrupt:
            task = self._cancel()
        self._count(task)
        if task["Status"] == "FAILED":
            reason = task.get("FailureReason", "no reason given")
            raise RefusedByAws(
                f"SQS's move task failed after {counted(self.tally.moved, 'message')}: {_REASONS.get(reason, reason)}.",
                hint="The others are where they were: without --engine native they are replayed message by message.",
            )
        self.tally.interrupted = task["Status"] in ("CANCELLED", "CANCELLING")
        return self.tally

    def _start(self) -> None:
        request: dict[str, Any] = {"SourceArn": self._source.arn}
        if self._destination_arn:
            request["DestinationArn"] = self._destination_arn
        if self._rate:
            request["MaxNumberOfMessagesPerSecond"] = max(1, min(MAXIMUM_RATE, int(self._rate)))
        # SQS lists the handle only while the task runs, so it is kept from the start.
        self._handle = self._sqs.start_message_move_task(**request)["TaskHandle"]

    def _task(self) -> Mapping[str, Any]:
        return self._sqs.list_message_move_tasks(SourceArn=self._source.arn, MaxResults=1)["Results"][0]

    def _cancel(self) -> Mapping[str, Any]:
        try:
            self._sqs.cancel_message_move_task(TaskHandle=self._handle)
        except Exception as error:
            if aws_faults.code(error) != "ResourceNotFoundException":  # it ended by itself meanwhile
                raise
        while (task := self._task())["Status"] == "CANCELLING":
            self._sleep(self._interval)
        return task

    def _count(self, task: Mapping[str, Any]) -> None:
        self.tally.moved = task.get("ApproximateNumberOfMessagesMoved", 0)
