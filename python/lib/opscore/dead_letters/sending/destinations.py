"""Where replayed messages go, a queue or a function, and the proof that they arrived."""

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Protocol

from opscore import aws_faults, exact_json
from opscore.dead_letters.envelopes import Kind, recognise
from opscore.dead_letters.looking.queue import MAXIMUM_BYTES, QueueFacts
from opscore.dead_letters.sending.events import event_of
from opscore.dead_letters.sending.outgoing import Outgoing
from opscore.id_set import IdMap

if TYPE_CHECKING:
    from mypy_boto3_lambda import LambdaClient
    from mypy_boto3_sqs import SQSClient
    from mypy_boto3_sqs.type_defs import BatchResultErrorEntryTypeDef


@dataclass(frozen=True, slots=True)
class Confirmation:
    """The proof that a destination took a message: nothing is deleted without one.

    Made here, from what a destination confirmed, and from a journal, of what an earlier process wrote down of that.
    `new_id` is the message's id at its destination, where that is still known.
    """

    message_id: str
    new_id: str = ""


OnArrival = Callable[[Outgoing, Confirmation], None]
"""Called for a message that arrived, with the proof."""


_THERE, _GONE = 0, 1


class Arrived:
    """Every dead letter that a destination took, and so may be deleted; and which of them are deleted."""

    def __init__(self) -> None:
        self._ids = IdMap()
        self.deleted = 0

    def __len__(self) -> int:
        return len(self._ids)

    def add(self, confirmation: Confirmation) -> None:
        """Keep a proof."""
        if confirmation.message_id not in self._ids:
            self._ids.put(confirmation.message_id, _THERE)

    def delete(self, message_id: str) -> None:
        """Note that a message is gone from the dead-letter queue. One that did not arrive is none of these."""
        if self._ids.get(message_id) == _THERE:
            self._ids.put(message_id, _GONE)
            self.deleted += 1

    def proof(self, message_id: str) -> Confirmation | None:
        """Return the proof that this message arrived, None when there is none."""
        return Confirmation(message_id) if message_id in self._ids else None


@dataclass(frozen=True, slots=True)
class Refusal:
    """Why a destination did not take a message; `final` when trying again cannot help.

    `doubtful` when it may have taken it all the same: the answer was lost, or AWS failed in the middle.
    """

    code: str
    message: str
    final: bool
    doubtful: bool = False

    def __str__(self) -> str:
        return f"{self.code}: {self.message}"

    @property
    def is_throttling(self) -> bool:
        """Whether AWS asked for fewer requests."""
        return aws_faults.is_throttling_code(self.code)

    @property
    def is_of_credentials(self) -> bool:
        """Whether the credentials are not valid (any more)."""
        return aws_faults.is_credentials_code(self.code)

    @classmethod
    def of(cls, error: Exception, *, final: bool) -> "Refusal":
        """Return what a failed call means for each message that it carried."""
        doubtful = aws_faults.may_have_worked(error)
        return cls(aws_faults.name(error), aws_faults.message(error), final, doubtful)


@dataclass(frozen=True)
class Outcome:
    """What became of a batch, by the dead letter's message id; each message is in exactly one of the two."""

    confirmed: Mapping[str, Confirmation] = field(default_factory=dict)
    refused: Mapping[str, Refusal] = field(default_factory=dict)


class Destination(Protocol):
    """A place that takes messages, in batches of at most `batch_entries` messages and `batch_bytes` bytes."""

    label: str
    fifo: bool
    batch_entries: int
    batch_bytes: int

    def objection(self, message: Outgoing) -> Refusal | None:
        """Return why `message` can never be sent here, None when it can."""

    def send(self, messages: Sequence[Outgoing]) -> Outcome:
        """Send a batch. An exception means that nothing is known about any of its messages."""


class SqsDestination:
    """A queue."""

    batch_entries = 10
    batch_bytes = MAXIMUM_BYTES

    def __init__(self, sqs: "SQSClient", queue: QueueFacts) -> None:
        self._sqs = sqs
        self.queue = queue
        self.label = queue.name
        self.fifo = queue.fifo

    def objection(self, message: Outgoing) -> Refusal | None:
        """Return why the queue cannot take `message`: larger than its own limit, or without a group in a FIFO queue."""
        if message.size > self.queue.maximum_bytes:
            text = f"{message.size} bytes, and {self.label} takes {self.queue.maximum_bytes}"
            return Refusal("TooLarge", text, final=True)
        if self.fifo and not message.letter.group_id:
            return Refusal("NoMessageGroup", f"{self.label} is FIFO and the message has no group", final=True)
        return None

    def send(self, messages: Sequence[Outgoing]) -> Outcome:
        """Send a batch. The answer is 200 even when SQS took only some of it."""
        entries: Any = [message.entry(str(index), fifo=self.fifo) for index, message in enumerate(messages)]
        answer = self._sqs.send_message_batch(QueueUrl=self.queue.url, Entries=entries)
        ids = {str(index): message.letter.message_id for index, message in enumerate(messages)}
        confirmed = {
            ids[done["Id"]]: Confirmation(ids[done["Id"]], done["MessageId"]) for done in answer.get("Successful", [])
        }
        refused = {ids[failed["Id"]]: _refusal(failed) for failed in answer.get("Failed", [])}
        unanswered = Refusal("NoAnswer", "the answer does not name this message", final=False, doubtful=True)
        silent = {name: unanswered for name in ids.values() if name not in confirmed and name not in refused}
        return Outcome(confirmed, refused | silent)


def _refusal(failed: "BatchResultErrorEntryTypeDef") -> Refusal:
    code = failed["Code"]
    final = failed["SenderFault"] and not (aws_faults.is_throttling_code(code) or aws_faults.is_credentials_code(code))
    return Refusal(code, failed.get("Message", ""), final, doubtful=aws_faults.is_fault_code(code))


_ACCEPTED = 202


class LambdaDestination:
    """A function, invoked asynchronously with what it was invoked with before. It confirms with status 202.

    The client must try each invocation once: a try that it made again by itself could be a second event.

    `subscription_of` gives the function's subscription to a topic, for notifications that do not name it themselves.
    """

    fifo = False
    batch_entries = 1
    batch_bytes = MAXIMUM_BYTES

    def __init__(
        self, client: "LambdaClient", function: str, subscription_of: Callable[[str], str] = lambda _topic: ""
    ) -> None:
        self._client = client
        self._function = function
        self._subscription_of = subscription_of
        self.label = f"lambda:{function.rsplit(':function:', 1)[-1]}"

    def objection(self, message: Outgoing) -> Refusal | None:
        """Return why the function cannot be invoked with `message`: an event is JSON."""
        try:
            if exact_json.is_too_deep(message.body):
                return Refusal("NotAnEvent", "the body is nested too deeply for an event", final=True)
            json.loads(message.body, parse_int=float)  # of any number of digits
        except ValueError:
            return Refusal("NotAnEvent", "the body is not JSON, so it is no event for a function", final=True)
        return None

    def send(self, messages: Sequence[Outgoing]) -> Outcome:
        """Invoke the function once for each message."""
        confirmed: dict[str, Confirmation] = {}
        refused: dict[str, Refusal] = {}
        for message in messages:
            answer = self._invoke(message)
            if isinstance(answer, Refusal):
                refused[message.letter.message_id] = answer
            else:
                confirmed[message.letter.message_id] = answer
        return Outcome(confirmed, refused)

    def _invoke(self, message: Outgoing) -> Confirmation | Refusal:
        try:
            answer = self._client.invoke(
                FunctionName=self._function, InvocationType="Event", Payload=self.event(message).encode()
            )
        except Exception as error:
            if aws_faults.is_transient(error) or aws_faults.is_of_credentials(error):
                raise
            return Refusal.of(error, final=True)
        if answer["StatusCode"] != _ACCEPTED:
            return Refusal("NotAccepted", f"status {answer['StatusCode']}", final=False, doubtful=True)
        return Confirmation(message.letter.message_id, answer["ResponseMetadata"].get("RequestId", ""))

    def event(self, message: Outgoing) -> str:
        """Return what the function is invoked with, as JSON."""
        envelope = recognise(message.letter)
        return event_of(message, self._subscription_of(envelope.source) if envelope.kind is Kind.SNS else "")
