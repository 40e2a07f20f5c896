"""Where replayed messages go, and the proof that they arrived."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Protocol

from opscore.dead_letters.looking.queues import MAXIMUM_BYTES, QueueFacts
from opscore.dead_letters.sending.outgoing import Outgoing
from opscore.id_set import IdSet

if TYPE_CHECKING:
    from mypy_boto3_sqs import SQSClient


@dataclass(frozen=True, slots=True)
class Confirmation:
    """The proof that a destination took a message: nothing is deleted without one.

    Made here, from what a destination confirmed, and from a journal, of what an earlier process wrote down of that.
    `new_id` is the message's id at its destination, where that is still known.
    """

    message_id: str
    new_id: str = ""


class Arrived:
    """Every dead letter that a destination took, and so may be deleted."""

    def __init__(self) -> None:
        self._ids = IdSet()

    def __len__(self) -> int:
        return len(self._ids)

    def add(self, confirmation: Confirmation) -> None:
        """Keep a proof."""
        self._ids.add(confirmation.message_id)

    def proof(self, message_id: str) -> Confirmation | None:
        """Return the proof that this message arrived, None when there is none."""
        return Confirmation(message_id) if message_id in self._ids else None


@dataclass(frozen=True, slots=True)
class Refusal:
    """Why a destination did not take a message; `final` when trying again cannot help."""

    code: str
    message: str
    final: bool

    def __str__(self) -> str:
        return f"{self.code}: {self.message}"


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
        refused = {
            ids[failed["Id"]]: Refusal(failed["Code"], failed.get("Message", ""), failed["SenderFault"])
            for failed in answer.get("Failed", [])
        }
        unanswered = Refusal("NoAnswer", "SQS said nothing about this message", final=False)
        silent = {name: unanswered for name in ids.values() if name not in confirmed and name not in refused}
        return Outcome(confirmed, refused | silent)
