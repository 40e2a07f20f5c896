"""The batch loop of a service that processes an SQS queue: every message has its own outcome.

Facts: an SQS event source mapping with `ReportBatchItemFailures` deletes what the answer does not name and returns
what it names to the queue (AWS Lambda guide, "Implementing partial batch responses").
"""

import base64
import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Generic, Protocol, TypedDict, TypeVar

from opscore.logs import structured_log

Item = TypeVar("Item")

LONGEST_WAIT_SECONDS = 900


class PermanentError(Exception):
    """Doing this again cannot help. It is recorded where people look for the result, and the message is done.

    `reason` is for programs (snake_case), the message is a sentence for people.
    """

    def __init__(self, reason: str, message: str) -> None:
        super().__init__(message)
        self.reason = reason


class NotYet(Exception):
    """Another worker has the item, for `seconds` at most; its message comes back, the last time when that is over."""

    def __init__(self, seconds: float, message: str) -> None:
        super().__init__(message)
        self.seconds = seconds


@dataclass(frozen=True)
class Message:
    """One delivered SQS message; `receive_count` is 1 on its first delivery.

    `attributes` are its message attributes and `system` its system attributes, both as SQS itself gives them.
    """

    message_id: str
    receipt_handle: str
    body: str
    receive_count: int
    attributes: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    system: Mapping[str, str] = field(default_factory=dict)

    @classmethod
    def of_event(cls, event: Mapping[str, Any]) -> "Iterator[Message]":
        """Yield the messages of a Lambda event as the event source mapping builds it."""
        for record in event["Records"]:
            system = record["attributes"]
            yield cls(
                record["messageId"],
                record["receiptHandle"],
                record["body"],
                int(system["ApproximateReceiveCount"]),
                {name: _as_sent(value) for name, value in record.get("messageAttributes", {}).items()},
                system,
            )


def _as_sent(attribute: Mapping[str, Any]) -> dict[str, Any]:
    """Return an attribute of a Lambda event in the form in which SQS takes it: the event has binary values in base64.

    https://docs.aws.amazon.com/lambda/latest/dg/with-sqs.html
    """
    sent: dict[str, Any] = {"DataType": attribute["dataType"]}
    if attribute.get("stringValue") is not None:
        sent["StringValue"] = attribute["stringValue"]
    if attribute.get("binaryValue") is not None:
        sent["BinaryValue"] = base64.b64decode(attribute["binaryValue"])
    return sent


@dataclass(frozen=True)
class Work(Generic[Item]):
    """What one service does with a message.

    `parse` turns the body into an item. When it raises, nothing is known about the item, so nothing can be recorded
    under it; reading the same body again cannot help either.
    `run` does the work, and may be called again for the same item. `record` keeps a PermanentError.
    `identify` gives the fields that name the item in the log (`report_id`, ...).
    `move_to_dead_letters` copies a message that has failed for good there, before it is acknowledged; without it, a
    body that cannot be read goes back until SQS moves it there.
    `defer` is called for every item that goes back after its run failed.
    """

    parse: Callable[[str], Item]
    run: Callable[[Item], None]
    record: Callable[[Item, PermanentError], None]
    identify: Callable[[Item], Mapping[str, str]]
    move_to_dead_letters: Callable[[Message, PermanentError], None] | None = None
    defer: Callable[[Item, Message, Exception], None] | None = None


@dataclass(frozen=True)
class Retry:
    """How a message comes back: after base * 2^(receives - 1) seconds, half of it at random, at most 15 minutes.

    Without this a failed message returns only after the whole visibility timeout, six times the function's timeout.
    `shorten` sets the visibility timeout of a receipt handle; `chance` gives a number in [0, 1). A message that is
    received for the `last_receive`-th time goes to the dead letters when it fails.
    """

    base_seconds: int
    shorten: Callable[[str, int], object]
    chance: Callable[[], float]
    last_receive: int = 5

    def seconds(self, receive_count: int, error: Exception | None = None) -> int:
        """Return the wait before the next delivery of a message that was received `receive_count` times."""
        if isinstance(error, NotYet):
            return min(
                LONGEST_WAIT_SECONDS, math.ceil(max(0, error.seconds) / max(1, self.last_receive - receive_count))
            )
        # Beyond 2^10 any base of a second or more is over the cap; the bound keeps the power small.
        doublings = min(max(receive_count - 1, 0), 10)
        longest = min(LONGEST_WAIT_SECONDS, self.base_seconds << doublings)
        return math.ceil(longest * (1 + self.chance()) / 2)


class Invocation(Protocol):
    """What of the runtime's context object a queue worker reads."""

    def get_remaining_time_in_millis(self) -> int:
        """Return the milliseconds until the runtime kills this invocation."""
        ...


class FailedItem(TypedDict):
    """One entry of a partial batch response."""

    itemIdentifier: str


class BatchResponse(TypedDict):
    """The answer that the event source mapping reads."""

    batchItemFailures: list[FailedItem]


def process_batch(
    event: Mapping[str, Any],
    work: Work[Item],
    *,
    retry: Retry,
    remaining_milliseconds: Callable[[], int],
    shortest_run_milliseconds: int = 10_000,
) -> BatchResponse:
    """Process the messages of `event` one by one and name those that must come back.

    No new item is started when less than `shortest_run_milliseconds` remain: it would be killed half-way. The first
    one always is, or a function with a short timeout would never do anything.
    """
    failed: list[str] = []
    for position, message in enumerate(Message.of_event(event)):
        if position and remaining_milliseconds() < shortest_run_milliseconds:
            trouble = _not_started(message)
        else:
            trouble = _process(message, work)
        if trouble is not None:
            _send_back(message, retry, trouble)
            failed.append(message.message_id)
    return _response(failed)


def _not_started(message: Message) -> Exception | None:
    error = TimeoutError("too little time left in this invocation")
    _log("WARNING", "not started", message, {}, error)
    return error


def _process(message: Message, work: Work[Item]) -> Exception | None:
    """Process one message; return why it must come back, None when it is done. No error is passed on."""
    try:
        item = work.parse(message.body)
        names = work.identify(item)
    except Exception as error:  # noqa: BLE001  One message's failure, of any kind, must not touch the others.
        if work.move_to_dead_letters is None:
            _log("ERROR", "goes back to the queue", message, {}, error)
            return error
        return _move_to_dead_letters(message, work, {}, PermanentError("bad_message", str(error)))
    try:
        work.run(item)
    except PermanentError as error:
        return _end(message, work, item, names, error)
    except NotYet as error:
        _log("INFO", "comes back later", message, names, error)
        return error
    except Exception as error:  # noqa: BLE001
        _log("ERROR", "goes back to the queue", message, names, error)
        _defer(message, work, item, names, error)
        return error
    return None


def _end(
    message: Message, work: Work[Item], item: Item, names: Mapping[str, str], error: PermanentError
) -> Exception | None:
    try:
        work.record(item, error)
    except Exception as trouble:  # noqa: BLE001
        _log("ERROR", "goes back to the queue", message, names, trouble)
        return trouble
    return _move_to_dead_letters(message, work, names, error)


def _move_to_dead_letters(
    message: Message, work: Work[Item], names: Mapping[str, str], error: PermanentError
) -> Exception | None:
    try:
        if work.move_to_dead_letters is not None:
            work.move_to_dead_letters(message, error)
    except Exception as trouble:  # noqa: BLE001
        _log("ERROR", "goes back to the queue", message, names, trouble)
        return trouble
    _log("ERROR", "failed for good", message, names, error, reason=error.reason)
    return None


def _defer(message: Message, work: Work[Item], item: Item, names: Mapping[str, str], error: Exception) -> None:
    try:
        if work.defer is not None:
            work.defer(item, message, error)
    except Exception as trouble:  # noqa: BLE001  It goes back all the same.
        _log("WARNING", "its return could not be recorded", message, names, trouble)


def _send_back(message: Message, retry: Retry, trouble: Exception) -> None:
    seconds = retry.seconds(message.receive_count, trouble)
    try:
        retry.shorten(message.receipt_handle, seconds)
    except Exception as error:  # noqa: BLE001  The message comes back anyway, only later; the batch goes on.
        _log("WARNING", "visibility timeout unchanged", message, {}, error)


def _log(level: str, text: str, message: Message, names: Mapping[str, str], error: Exception, **fields: str) -> None:
    structured_log.write(
        level,
        text,
        message_id=message.message_id,
        receive_count=message.receive_count,
        **names,
        error_type=type(error).__name__,
        error=str(error),
        **fields,
    )


def _response(failed: Sequence[str]) -> BatchResponse:
    return {"batchItemFailures": [{"itemIdentifier": message_id} for message_id in failed]}
