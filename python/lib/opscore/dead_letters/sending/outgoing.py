"""A dead letter as it is sent again: everything it had, within the limits of where it goes."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from hashlib import sha256
from typing import Any

from opscore.dead_letters.message import REPLAY_ATTRIBUTE, DeadLetter

MAXIMUM_ATTRIBUTES = 10
"""https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/sqs-message-metadata.html"""

_DEDUPLICATION_ID = re.compile("[!-~]{1,121}", re.ASCII)
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
    name = letter.message_id
    if not _DEDUPLICATION_ID.fullmatch(name):  # an imported one may be anything
        name = sha256(name.encode("utf-8", "surrogatepass")).hexdigest()
    return f"opsctl:{name}"


def unchanged(letter: DeadLetter) -> Outgoing:
    """Return `letter` as it is, without a mark; raises `Unsendable` for what SQS does not take."""
    _check(letter.body)
    attributes = _checked(letter.attributes)
    return Outgoing(letter, letter.body, attributes, size(letter.body, attributes))


def prepare(letter: DeadLetter, *, run: str, replays: int, body: str | None = None) -> Outgoing:
    """Return `letter` as `run` sends it, for the `replays`th time, with `body` in place of its own if given.

    Raises `Unsendable` for what SQS does not take.
    """
    text = letter.body if body is None else body
    _check(text)
    attributes = _checked(letter.attributes)
    counted = REPLAY_ATTRIBUTE in attributes or len(attributes) < MAXIMUM_ATTRIBUTES
    if counted:
        attributes[REPLAY_ATTRIBUTE] = {"DataType": "String", "StringValue": f"{run}:{replays}"}
    return Outgoing(letter, text, attributes, size(text, attributes), replays, counted)


def unmarked(message: Outgoing) -> Outgoing:
    """Return `message` without the attribute that counts its replays: one of the maximum size has no room for it."""
    attributes = {name: attribute for name, attribute in message.attributes.items() if name != REPLAY_ATTRIBUTE}
    return replace(message, attributes=attributes, size=size(message.body, attributes), counted=False)


def _check(body: str) -> None:
    if not body:
        raise Unsendable("the body is empty, which SQS does not take")
    _check_characters("the body", body)


def _checked(attributes: Mapping[str, Mapping[str, Any]]) -> dict[str, dict[str, Any]]:
    if len(attributes) > MAXIMUM_ATTRIBUTES:
        raise Unsendable(f"it has {len(attributes)} attributes, and SQS takes {MAXIMUM_ATTRIBUTES}")
    for name, attribute in attributes.items():
        shown = f"the attribute {name!r}"
        if not attribute.get("DataType"):
            raise Unsendable(f"{shown} has no DataType, which SQS does not take")
        if bool(attribute.get("StringValue")) == bool(attribute.get("BinaryValue")):
            raise Unsendable(f"{shown} needs one value, a StringValue or a BinaryValue")
        _check_characters(shown, name + attribute["DataType"] + attribute.get("StringValue", ""))
    return {name: _copied(attribute) for name, attribute in attributes.items()}


def _check_characters(what: str, text: str) -> None:
    if bad := _FORBIDDEN.search(text):
        raise Unsendable(f"{what} holds U+{ord(bad[0]):04X}, which SQS does not take")


def size(body: str, attributes: Mapping[str, Mapping[str, Any]]) -> int:
    """Return how many bytes SQS counts for a message."""
    return len(body.encode()) + sum(_attribute_size(name, attribute) for name, attribute in attributes.items())


def _attribute_size(name: str, attribute: Mapping[str, Any]) -> int:
    text, binary = attribute.get("StringValue") or "", attribute.get("BinaryValue") or b""
    return len(name.encode()) + len(str(attribute["DataType"]).encode()) + len(str(text).encode()) + len(binary)


def _copied(attribute: Mapping[str, Any]) -> dict[str, Any]:
    # Never the list values: SQS returns them empty and refuses them ("not implemented").
    return {key: attribute[key] for key in ("DataType", "StringValue", "BinaryValue") if key in attribute}
