"""A dead letter as it is sent again: everything it had, within the limits of where it goes."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from opscore.dead_letters.message import REPLAY_ATTRIBUTE, DeadLetter

MAXIMUM_ATTRIBUTES = 10
"""https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/sqs-message-metadata.html"""

_FORBIDDEN = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


class Unsendable(Exception):
    """This message cannot be sent as it is; the text says why."""


@dataclass(frozen=True, slots=True)
class Outgoing:
    """A message ready to be sent. `size` is what SQS counts: the body and the attributes' names, types and values.

    `replays` says which replay of it this is; `counted` is false when it has no room for the attribute that says so.
    `digest` is that of what its destination gets: see `digests`.
    """

    letter: DeadLetter
    body: str
    attributes: Mapping[str, Mapping[str, Any]]
    size: int
    replays: int = 0
    counted: bool = True
    digest: str = ""

    def entry(self, entry_id: str, *, fifo: bool) -> dict[str, Any]:
        """Return the message as an entry of SendMessageBatch."""
        entry: dict[str, Any] = {"Id": entry_id, "MessageBody": self.body}
        if self.attributes:
            entry["MessageAttributes"] = self.attributes
        if trace := self.letter.system.get("AWSTraceHeader"):
            entry["MessageSystemAttributes"] = {"AWSTraceHeader": {"DataType": "String", "StringValue": trace}}
        if self.letter.group_id:
            entry["MessageGroupId"] = self.letter.group_id
        if fifo:
            entry["MessageDeduplicationId"] = deduplication_id(self.letter)
        return entry


def deduplication_id(letter: DeadLetter) -> str:
    """Return an id that is the same for every try to send this dead letter and new for each of its deaths.

    The original's id would not do: within five minutes SQS accepts and drops what it has seen before
    (https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/using-messagededuplicationid-property.html).
    """
    return f"opsctl:{letter.message_id}"


def unchanged(letter: DeadLetter) -> Outgoing:
    """Return `letter` as it is, without a mark; raises `Unsendable` for a body that SQS does not take."""
    _check(letter.body)
    attributes = {name: _copied(attribute) for name, attribute in letter.attributes.items()}
    return Outgoing(letter, letter.body, attributes, size(letter.body, attributes))


def prepare(letter: DeadLetter, *, run: str, replays: int, body: str | None = None) -> Outgoing:
    """Return `letter` as `run` sends it, for the `replays`th time, with `body` in place of its own if given.

    Raises `Unsendable` for a body with characters that SQS does not take.
    """
    text = letter.body if body is None else body
    _check(text)
    attributes = {name: _copied(attribute) for name, attribute in letter.attributes.items()}
    counted = REPLAY_ATTRIBUTE in attributes or len(attributes) < MAXIMUM_ATTRIBUTES
    if counted:
        attributes[REPLAY_ATTRIBUTE] = {"DataType": "String", "StringValue": f"{run}:{replays}"}
    return Outgoing(letter, text, attributes, size(text, attributes), replays, counted)


def _check(body: str) -> None:
    if bad := _FORBIDDEN.search(body):
        raise Unsendable(f"the body holds U+{ord(bad[0]):04X}, which SQS does not take")
    if not body:
        raise Unsendable("the body is empty, which SQS does not take")


def size(body: str, attributes: Mapping[str, Mapping[str, Any]]) -> int:
    """Return how many bytes SQS counts for a message."""
    return len(body.encode()) + sum(_attribute_size(name, attribute) for name, attribute in attributes.items())


def _attribute_size(name: str, attribute: Mapping[str, Any]) -> int:
    text, binary = attribute.get("StringValue") or "", attribute.get("BinaryValue") or b""
    return len(name.encode()) + len(str(attribute["DataType"]).encode()) + len(str(text).encode()) + len(binary)


def _copied(attribute: Mapping[str, Any]) -> dict[str, Any]:
    # Never the list values: SQS returns them empty and refuses them ("not implemented").
    return {key: attribute[key] for key in ("DataType", "StringValue", "BinaryValue") if key in attribute}
