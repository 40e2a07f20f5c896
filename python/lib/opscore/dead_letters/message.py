"""A dead letter as SQS delivers it, and as people and filters read it."""

import base64
import datetime as dt
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from opscore import exact_json

REPLAY_ATTRIBUTE = "opsctl.replay"
"""The attribute a replayed message carries, `<run>:<how often it was replayed>`. A message that comes
back is known by it."""

_REPLAY_MARK = re.compile("(.+):([0-9]{1,9})", re.DOTALL)


@dataclass(frozen=True, slots=True)
class DeadLetter:
    """One received message. `attributes` are its message attributes, `system` its system attributes."""

    message_id: str
    receipt_handle: str
    body: str
    attributes: Mapping[str, Mapping[str, Any]]
    system: Mapping[str, str]

    @classmethod
    def from_sqs(cls, message: Mapping[str, Any]) -> "DeadLetter":
        """Return the message behind an entry of ReceiveMessage's answer."""
        return cls(
            message_id=message["MessageId"],
            receipt_handle=message.get("ReceiptHandle", ""),
            body=message["Body"],
            attributes=message.get("MessageAttributes", {}),
            system=message.get("Attributes", {}),
        )

    @property
    def sent_ms(self) -> int:
        """When it was enqueued, in milliseconds; a standard dead-letter queue keeps that time, a FIFO one resets it."""
        return int(self.system.get("SentTimestamp", 0))

    @property
    def receive_count(self) -> int:
        """How often it was received, this time included."""
        return int(self.system.get("ApproximateReceiveCount", 1))

    @property
    def origin_arn(self) -> str | None:
        """The queue that gave it up; None when no queue did, as for Lambda's and SNS's own dead letters."""
        return self.system.get("DeadLetterQueueSourceArn")

    @property
    def group_id(self) -> str | None:
        """The message group: a FIFO queue's order, a standard queue's fairness."""
        return self.system.get("MessageGroupId")

    @property
    def replay(self) -> tuple[str, int]:
        """The run that replayed it last and how often it was replayed; ("", 0) for never."""
        value = str(self.attributes.get(REPLAY_ATTRIBUTE, {}).get("StringValue", ""))
        mark = _REPLAY_MARK.fullmatch(value)
        return (mark[1], int(mark[2])) if mark else ("", 0)

    def content(self, *, escapes: bool = False) -> Any:
        """Return the body decoded when it is a JSON object or array that `exact_json` reads, else the text.

        With `escapes` its texts are written again as they were spelled.
        """
        try:
            return exact_json.read(self.body, escapes=escapes) if self._looks_like_json else self.body
        except ValueError:
            return self.body

    def why_text(self) -> ValueError | None:
        """Return why a body that looks like JSON is taken for text, None for every other body."""
        try:
            if self._looks_like_json:
                exact_json.read(self.body)
        except ValueError as error:
            return error
        return None

    @property
    def _looks_like_json(self) -> bool:
        return self.body.lstrip(" \t\r\n").startswith(("{", "["))

    def document(self) -> dict[str, Any]:
        """Return the form that people see and that filters select from."""
        return {
            "message_id": self.message_id,
            "sent": moment_text(self.sent_ms),
            "receives": self.receive_count,
            "replays": self.replay[1],
            "origin": (self.origin_arn or "").rsplit(":", 1)[-1] or None,
            "group": self.group_id,
            "body": self.content(),
            "attributes": {name: _value(attribute) for name, attribute in self.attributes.items()},
        }


def moment(milliseconds: int) -> dt.datetime:
    """Return a time in milliseconds since the epoch as a moment in UTC, to the second: SQS counts no finer."""
    return dt.datetime.fromtimestamp(milliseconds // 1000, dt.UTC)


def moment_text(milliseconds: int) -> str:
    """Return that moment as filters and logs have it: RFC 3339 in UTC, `2026-11-24T11:31:56Z`."""
    return moment(milliseconds).isoformat().replace("+00:00", "Z")


def _value(attribute: Mapping[str, Any]) -> Any:
    binary = attribute.get("BinaryValue")
    if binary is not None:
        return "base64:" + base64.b64encode(binary).decode("ascii")
    return attribute.get("StringValue")
