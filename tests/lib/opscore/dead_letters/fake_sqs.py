"""SQS in memory, with a clock of its own and faults on demand. It keeps to what the API reference says.

Modelled: visibility timeouts and receipt handles (a stale one deletes nothing and still answers yes on a standard
queue), FIFO groups that are blocked by a message in flight, deduplication for five minutes, size limits per message and
per batch, the move into a dead-letter queue with the message's id, its origin, and (standard) its time of sending kept.
"""

# ruff: noqa: N803  The parameters are named as the service names them.

import datetime as dt
import itertools
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from email.utils import format_datetime
from threading import RLock
from typing import Any

from botocore.exceptions import ClientError

EPOCH_MS = 1_800_000_000_000
ACCOUNT, REGION = "111122223333", "eu-west-1"
Hook = Callable[[str, str], None]
"""Called with the operation and "before" or "after" its effect; what it raises, the caller gets."""


class Clock:
    """Seconds that pass only when somebody sleeps or a test says so."""

    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now

    def sleep(self, seconds: float) -> None:
        self.now += max(seconds, 0.001)

    @property
    def ms(self) -> int:
        return EPOCH_MS + int(self.now * 1000)


@dataclass
class Message:
    """A stored message; `handle` is the last receipt handle, the only one that deletes."""

    id: str
    body: str
    attributes: dict[str, Any]
    sent_ms: int
    group: str | None = None
    dedup: str | None = None
    trace: str | None = None
    origin: str | None = None
    receives: int = 0
    visible_at: float = 0.0
    handle: str = ""


@dataclass
class Queue:
    """A queue and everything that was ever sent to it."""

    name: str
    fifo: bool
    maximum_bytes: int = 1_048_576
    dead_letter: str | None = None
    maximum_receives: int = 5
    retention: int = 1_209_600
    messages: list[Message] = field(default_factory=list)
    log: list[Message] = field(default_factory=list)
    dedup: dict[str, tuple[float, str]] = field(default_factory=dict)

    @property
    def url(self) -> str:
        return f"https://sqs.{REGION}.amazonaws.com/{ACCOUNT}/{self.name}"

    @property
    def arn(self) -> str:
        return f"arn:aws:sqs:{REGION}:{ACCOUNT}:{self.name}"

    @property
    def bodies(self) -> list[str]:
        return [message.body for message in self.messages]


def error(operation: str, code: str, message: str = "said no") -> ClientError:
    return ClientError({"Error": {"Code": code, "Message": message}}, operation)


class FakeSqs:
    """The client. `hook` is called around every operation; `refuse_send` names a failure for one message's send."""

    def __init__(self, clock: Clock) -> None:
        self.clock = clock
        self.queues: dict[str, Queue] = {}
        self.calls: list[str] = []
        self.hook: Hook = lambda _operation, _phase: None
        self.refuse_send: Callable[[Mapping[str, Any]], dict[str, Any] | None] = lambda _entry: None
        self.refuse_delete: Callable[[Message], bool] = lambda _message: False
        self.deliver: Callable[[int], int] = lambda available: available
        self.redeliver: Callable[[], bool] = lambda: False
        self.tasks: list[dict[str, Any]] = []
        self.in_flight_limit = 120_000
        self._ids = itertools.count(1)
        self._lock = RLock()

    # What tests set up and look at

    def create(self, name: str, **options: Any) -> Queue:
        queue = Queue(name, fifo=name.endswith(".fifo"), **options)
        self.queues[queue.url] = queue
        return queue

    def put(self, queue: Queue, body: str, *, age: float = 3600, **fields: Any) -> Message:
        """Store a message sent `age` seconds ago."""
        message = Message(f"m{next(self._ids)}", body, fields.pop("attributes", {}), self.clock.ms - int(age * 1000))
        for name, value in fields.items():
            setattr(message, name, value)
        queue.messages.append(message)
        return message

    def move_to_dead_letters(self, work: Queue, message: Message, dead: Queue) -> None:
        """Move a message to the dead-letter queue as SQS does after too many receives."""
        work.messages.remove(message)
        sent = self.clock.ms if dead.fifo else message.sent_ms
        dead.messages.append(
            Message(
                message.id, message.body, message.attributes, sent, message.group, message.id, message.trace, work.arn
            )
        )

    # The API

    def get_queue_url(self, QueueName: str, **_more: Any) -> dict[str, Any]:
        for queue in self.queues.values():
            if queue.name == QueueName:
                return {"QueueUrl": queue.url}
        raise error("GetQueueUrl", "AWS.SimpleQueueService.NonExistentQueue")

    def get_queue_attributes(self, QueueUrl: str, **_more: Any) -> dict[str, Any]:
        with self._call("GetQueueAttributes"):
            queue = self._queue(QueueUrl, "GetQueueAttributes")
            visible = sum(message.visible_at <= self.clock.now for message in queue.messages)
            attributes = {
                "QueueArn": queue.arn,
                "ApproximateNumberOfMessages": str(visible),
                "ApproximateNumberOfMessagesNotVisible": str(len(queue.messages) - visible),
                "MessageRetentionPeriod": str(queue.retention),
                "MaximumMessageSize": str(queue.maximum_bytes),
            }
            if queue.fifo:
                attributes["FifoQueue"] = "true"
            if queue.dead_letter:
                target = {"deadLetterTargetArn": queue.dead_letter, "maxReceiveCount": queue.maximum_receives}
                attributes["RedrivePolicy"] = json.dumps(target)
            date = format_datetime(dt.datetime.fromtimestamp(self.clock.ms // 1000, dt.UTC), usegmt=True)
            return {"Attributes": attributes, "ResponseMetadata": {"HTTPHeaders": {"date": date}}}

    def receive_message(
        self,
        QueueUrl: str,
        MaxNumberOfMessages: int,
        VisibilityTimeout: int,
        WaitTimeSeconds: int = 0,
        **_more: Any,
    ) -> dict[str, Any]:
        with self._call("ReceiveMessage"):
            queue = self._queue(QueueUrl, "ReceiveMessage")
            chosen = self._receivable(queue, MaxNumberOfMessages)
            if not chosen:
                self.clock.sleep(WaitTimeSeconds)
            return {"Messages": [self._hand_out(queue, message, VisibilityTimeout) for message in chosen]}

    def _receivable(self, queue: Queue, limit: int) -> list[Message]:
        now = self.clock.now
        hidden = [message for message in queue.messages if message.visible_at > now]
        if len(hidden) >= self.in_flight_limit:
            raise error("ReceiveMessage", "OverLimit")
        locked = {message.group for message in hidden} if queue.fifo else set()
        free = [message for message in queue.messages if message.visible_at <= now and message.group not in locked]
        if not queue.fifo and self.redeliver():
            free = [*hidden[:1], *free]
        limit = min(limit, len(free))
        return free[: max(min(1, limit), self.deliver(limit))]

    def _hand_out(self, queue: Queue, message: Message, timeout: int) -> dict[str, Any]:
        message.receives += 1
        message.visible_at = self.clock.now + timeout
        message.handle = f"{message.id}/{message.receives}"
        system = {"SentTimestamp": str(message.sent_ms), "ApproximateReceiveCount": str(message.receives)}
        optional = {
            "AWSTraceHeader": message.trace,
            "MessageGroupId": message.group,
            "DeadLetterQueueSourceArn": message.origin,
            "MessageDeduplicationId": message.dedup if queue.fifo else None,
            "SequenceNumber": f"{int(message.id[1:]):020}" if queue.fifo else None,
        }
        system |= {name: value for name, value in optional.items() if value}
        # SQS returns these two lists, always empty, and refuses them in a send.
        attributes = {
            name: {**value, "StringListValues": [], "BinaryListValues": []}
            for name, value in message.attributes.items()
        }
        return {
            "MessageId": message.id,
            "ReceiptHandle": message.handle,
            "Body": message.body,
            "Attributes": system,
            "MessageAttributes": attributes,
        }

    def send_message_batch(self, QueueUrl: str, Entries: list[dict[str, Any]]) -> dict[str, Any]:
        with self._call("SendMessageBatch"):
            queue = self._queue(QueueUrl, "SendMessageBatch")
            if not 1 <= len(Entries) <= 10 or len({entry["Id"] for entry in Entries}) != len(Entries):
                raise error("SendMessageBatch", "AWS.SimpleQueueService.TooManyEntriesInBatchRequest")
            if sum(_size(entry) for entry in Entries) > 1_048_576:
                raise error("SendMessageBatch", "AWS.SimpleQueueService.BatchRequestTooLong")
            answer: dict[str, Any] = {"Successful": [], "Failed": []}
            for entry in Entries:
                failure = self._invalid(queue, entry) or self.refuse_send(entry)
                if failure:
                    answer["Failed"].append({"Id": entry["Id"], "Message": "", **failure})
                else:
                    answer["Successful"].append({"Id": entry["Id"], "MessageId": self._store(queue, entry)})
            return answer

    @staticmethod
    def _invalid(queue: Queue, entry: Mapping[str, Any]) -> dict[str, Any] | None:
        attributes = entry.get("MessageAttributes", {})
        lists = any("StringListValues" in value or "BinaryListValues" in value for value in attributes.values())
        if lists or len(attributes) > 10 or set(entry.get("MessageSystemAttributes", {})) - {"AWSTraceHeader"}:
            return {"Code": "InvalidParameterValue", "SenderFault": True}
        if _size(entry) > queue.maximum_bytes:
            return {"Code": "InvalidParameterValue", "SenderFault": True, "Message": "too long"}
        if queue.fifo and not (entry.get("MessageGroupId") and entry.get("MessageDeduplicationId")):
            return {"Code": "MissingParameter", "SenderFault": True}
        if not queue.fifo and "MessageDeduplicationId" in entry:
            return {"Code": "InvalidParameterValue", "SenderFault": True}
        return None

    def _store(self, queue: Queue, entry: Mapping[str, Any]) -> str:
        now, dedup = self.clock.now, entry.get("MessageDeduplicationId")
        if dedup in queue.dedup and now - queue.dedup[dedup][0] < 300:
            return queue.dedup[dedup][1]
        trace = entry.get("MessageSystemAttributes", {}).get("AWSTraceHeader", {}).get("StringValue")
        message = Message(
            id=f"m{next(self._ids)}",
            body=entry["MessageBody"],
            attributes=dict(entry.get("MessageAttributes", {})),
            sent_ms=self.clock.ms,
            group=entry.get("MessageGroupId"),
            dedup=dedup,
            trace=trace,
        )
        if dedup:
            queue.dedup[dedup] = (now, message.id)
        queue.messages.append(message)
        queue.log.append(message)
        return message.id

    def delete_message_batch(self, QueueUrl: str, Entries: list[dict[str, Any]]) -> dict[str, Any]:
        with self._call("DeleteMessageBatch"):
            queue = self._queue(QueueUrl, "DeleteMessageBatch")
            answer: dict[str, Any] = {"Successful": [], "Failed": []}
            for entry in Entries:
                refused = self._delete(queue, entry["ReceiptHandle"])
                side = "Failed" if refused else "Successful"
                answer[side].append({"Id": entry["Id"], **(refused or {})})
            return answer

    def _delete(self, queue: Queue, handle: str) -> dict[str, Any] | None:
        found = next((message for message in queue.messages if message.handle == handle), None)
        if found and self.refuse_delete(found):
            return {"Code": "InternalError", "SenderFault": False}
        if queue.fifo and (not found or found.visible_at <= self.clock.now):
            return {"Code": "ReceiptHandleIsInvalid", "SenderFault": True}
        if found:
            queue.messages.remove(found)
        return None

    def change_message_visibility_batch(self, QueueUrl: str, Entries: list[dict[str, Any]]) -> dict[str, Any]:
        with self._call("ChangeMessageVisibilityBatch"):
            queue = self._queue(QueueUrl, "ChangeMessageVisibilityBatch")
            answer: dict[str, Any] = {"Successful": [], "Failed": []}
            for entry in Entries:
                held = [
                    m for m in queue.messages if m.handle == entry["ReceiptHandle"] and m.visible_at > self.clock.now
                ]
                for message in held:
                    message.visible_at = self.clock.now + entry["VisibilityTimeout"]
                failure = {"Code": "MessageNotInflight", "SenderFault": True}
                answer["Successful" if held else "Failed"].append({"Id": entry["Id"], **({} if held else failure)})
            return answer

    def list_dead_letter_source_queues(self, QueueUrl: str, **_more: Any) -> dict[str, Any]:
        with self._call("ListDeadLetterSourceQueues"):
            arn = self._queue(QueueUrl, "ListDeadLetterSourceQueues").arn
            return {"queueUrls": [queue.url for queue in self.queues.values() if queue.dead_letter == arn]}

    def list_message_move_tasks(self, SourceArn: str, **_more: Any) -> dict[str, Any]:
        with self._call("ListMessageMoveTasks"):
            return {"Results": [dict(task) for task in self.tasks if task["SourceArn"] == SourceArn]}

    def start_message_move_task(self, SourceArn: str, **options: Any) -> dict[str, Any]:
        with self._call("StartMessageMoveTask"):
            source = next(queue for queue in self.queues.values() if queue.arn == SourceArn)
            task = {
                "SourceArn": SourceArn,
                "TaskHandle": "handle",
                "Status": "RUNNING",
                "ApproximateNumberOfMessagesMoved": 0,
                "ApproximateNumberOfMessagesToMove": len(source.messages),
                **options,
            }
            self.tasks.insert(0, task)
            return {"TaskHandle": "handle"}

    def cancel_message_move_task(self, TaskHandle: str) -> dict[str, Any]:
        with self._call("CancelMessageMoveTask"):
            self.tasks[0]["Status"] = "CANCELLED"
            return {"ApproximateNumberOfMessagesMoved": self.tasks[0]["ApproximateNumberOfMessagesMoved"]}

    def _queue(self, url: str, operation: str) -> Queue:
        if url not in self.queues:
            raise error(operation, "AWS.SimpleQueueService.NonExistentQueue")
        return self.queues[url]

    def _call(self, operation: str) -> "_Call":
        return _Call(self, operation, self._lock)


class _Call:
    """Runs one operation alone, with the hook before and after its effect."""

    def __init__(self, fake: FakeSqs, operation: str, lock: Any) -> None:
        self._fake, self._operation, self._lock = fake, operation, lock

    def __enter__(self) -> None:
        self._lock.acquire()
        try:
            self._fake.calls.append(self._operation)
            self._fake.clock.sleep(0.02)
            self._fake.hook(self._operation, "before")
        except BaseException:
            self._lock.release()
            raise

    def __exit__(self, kind: Any, *_more: Any) -> None:
        try:
            if kind is None:
                self._fake.hook(self._operation, "after")
        finally:
            self._lock.release()


def _size(entry: Mapping[str, Any]) -> int:
    total = len(entry["MessageBody"].encode())
    for name, value in entry.get("MessageAttributes", {}).items():
        content = value.get("BinaryValue", b"") or value.get("StringValue", "").encode()
        total += len(name.encode()) + len(value["DataType"].encode()) + len(content)
    return total
