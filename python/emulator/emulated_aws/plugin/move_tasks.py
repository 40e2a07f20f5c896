"""SQS: message move tasks, which bring the messages of a dead-letter queue back by themselves.

https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/API_StartMessageMoveTask.html
https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/sqs-configure-dead-letter-queue-redrive.html

A task moves the oldest message first, at the rate that was asked for or at the most there is, 500 a second. Without a
destination each message goes to the queue that it came from; one that no queue gave up ends the task as FAILED with
CouldNotDetermineMessageSource. A moved message gets a new id and a new time. What is hidden when its turn comes
is left; so is, in a FIFO queue, what came there after the task had begun.

Not modelled: the limits of 36 hours and of 100 active tasks in an account; tasks do not survive a restart.
"""

import contextvars
import threading
import time
import uuid
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from ministack.core.responses import get_account_id, get_region
from ministack.services import sqs as service

from emulated_aws.plugin.sqs import dead_letter_target

MAXIMUM_RATE = 500
MAXIMUM_RESULTS = 10
_ACTIVE = ("RUNNING", "CANCELLING")
_STEP_SECONDS = 0.05


@dataclass
class Task:
    """One task of one queue."""

    source_arn: str
    destination_arn: str | None
    rate: int | None
    to_move: int
    handle: str = field(default_factory=lambda: uuid.uuid4().hex)
    status: str = "RUNNING"
    moved: int = 0
    failure: str = ""
    started_ms: int = field(default_factory=lambda: int(time.time() * 1000))

    def listed(self) -> dict[str, Any]:
        """Return the task as ListMessageMoveTasks shows it; the handle only while it runs."""
        shown: dict[str, Any] = {
            "Status": self.status,
            "SourceArn": self.source_arn,
            "ApproximateNumberOfMessagesMoved": self.moved,
            "ApproximateNumberOfMessagesToMove": self.to_move,
            "StartedTimestamp": self.started_ms,
        }
        if self.status == "RUNNING":
            shown["TaskHandle"] = self.handle
        optional = {
            "DestinationArn": self.destination_arn,
            "MaxNumberOfMessagesPerSecond": self.rate,
            "FailureReason": self.failure,
        }
        return shown | {name: value for name, value in optional.items() if value}


_tasks: dict[tuple[str, str], list[Task]] = {}


def install() -> None:
    """Add the three operations."""
    service._HANDLERS["StartMessageMoveTask"] = _start
    service._HANDLERS["ListMessageMoveTasks"] = _list
    service._HANDLERS["CancelMessageMoveTask"] = _cancel


def _mine() -> list[Task]:
    return _tasks.setdefault((get_account_id(), get_region()), [])


def _start(data: Mapping[str, Any], _url: str) -> dict[str, Any]:
    source_arn, destination_arn = str(data.get("SourceArn", "")), data.get("DestinationArn")
    source = _queue(source_arn, "SourceArn")
    if not any(dead_letter_target(queue) == source_arn for queue in service._queues.values()):
        raise service._Err("InvalidParameterValue", "Source queue must be configured as a Dead Letter Queue.")
    if destination_arn and _queue(destination_arn, "DestinationArn")["is_fifo"] != source["is_fifo"]:
        raise service._Err("InvalidParameterValue", "Source and destination queue must be of the same type.")
    rate = data.get("MaxNumberOfMessagesPerSecond")
    if rate is not None and not 1 <= int(rate) <= MAXIMUM_RATE:
        message = f"Value {rate} for parameter MaxNumberOfMessagesPerSecond is invalid: it must be 1 to {MAXIMUM_RATE}."
        raise service._Err("InvalidParameterValue", message)
    if any(task.source_arn == source_arn and task.status in _ACTIVE for task in _mine()):
        message = (
            "There is already a task running. Only one active task is allowed for a source queue arn at a given time."
        )
        raise service._Err("InvalidParameterValue", message)
    task = Task(source_arn, destination_arn, rate and int(rate), len(source["messages"]))
    _mine().insert(0, task)
    here = contextvars.copy_context()
    threading.Thread(target=here.run, args=(_work, task), daemon=True).start()
    return {"TaskHandle": task.handle}


def _list(data: Mapping[str, Any], _url: str) -> dict[str, Any]:
    source_arn = str(data.get("SourceArn", ""))
    _queue(source_arn, "SourceArn")
    found = [task.listed() for task in _mine() if task.source_arn == source_arn]
    return {"Results": found[: min(MAXIMUM_RESULTS, int(data.get("MaxResults") or 1))]}


def _cancel(data: Mapping[str, Any], _url: str) -> dict[str, Any]:
    for task in _mine():
        if task.handle == data.get("TaskHandle") and task.status == "RUNNING":
            task.status = "CANCELLING"
            return {"ApproximateNumberOfMessagesMoved": task.moved}
    raise service._Err("ResourceNotFoundException", "Task does not exist.", 404)


def _queue(arn: str, parameter: str) -> dict[str, Any]:
    queue: dict[str, Any] | None = service._queue_by_arn(arn)
    if queue is None:
        message = f"The resource that you specified for the {parameter} parameter doesn't exist."
        raise service._Err("ResourceNotFoundException", message, 404)
    return queue


def _work(task: Task) -> None:
    """Move until nothing that was there is left, a message has nowhere to go, or somebody cancels."""
    began_s = time.time()
    while task.status == "RUNNING":
        allowed = int((time.time() - began_s) * (task.rate or MAXIMUM_RATE)) + 1
        with service._queues_lock:
            while task.status == "RUNNING" and task.moved < allowed:
                task.status = _move_one(task, began_s)
        time.sleep(_STEP_SECONDS)
    if task.status == "CANCELLING":
        task.status = "CANCELLED"


def _move_one(task: Task, began_s: float) -> str:
    """Move the oldest message that was there when the task began; return the status that the task has then."""
    source = service._queue_by_arn(task.source_arn)
    if source is None:
        return _failed(task, "AWS.SimpleQueueService.NonExistentQueue")
    now = time.time()
    for message in source["messages"]:
        if message["visible_at"] <= now and message.get("enqueued_at", 0.0) <= began_s:
            break
    else:
        return "COMPLETED"
    arn = task.destination_arn or message["sys"].get("DeadLetterQueueSourceArn")
    if not arn:
        return _failed(task, "CouldNotDetermineMessageSource")
    destination = service._queue_by_arn(arn)
    if destination is None:
        return _failed(task, "AWS.SimpleQueueService.NonExistentQueue")
    source["messages"].remove(message)
    destination["messages"].append(_fresh(message, destination, now))
    service.esm_wake.set()
    task.moved += 1
    return task.status


def _fresh(message: Mapping[str, Any], destination: dict[str, Any], now: float) -> dict[str, Any]:
    system = {name: value for name, value in message["sys"].items() if name != "DeadLetterQueueSourceArn"}
    fresh = {
        **message,
        "id": str(uuid.uuid4()),
        "receipt_handle": None,
        "sent_at": now,
        "visible_at": now,
        "receive_count": 0,
        "first_receive_at": None,
        "sys": {**system, "SentTimestamp": str(int(now * 1000))},
    }
    fresh.pop("enqueued_at", None)
    if destination["is_fifo"]:
        destination["fifo_seq"] += 1
        fresh["seq"] = str(destination["fifo_seq"]).zfill(20)
    return fresh


def _failed(task: Task, reason: str) -> str:
    task.failure = reason
    return "FAILED"
