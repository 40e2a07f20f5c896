"""Dead letters as lines of NDJSON, with every attribute exactly as SQS had it."""

import base64
import json
import re
from collections.abc import Mapping
from typing import Any

from opscore import exact_json
from opscore.dead_letters.message import DeadLetter

_LONE_SURROGATE = re.compile("[\ud800-\udfff]")


def to_record(letter: DeadLetter) -> dict[str, Any]:
    """Return a message as JSON can hold it; binary values in base64, no receipt handle."""
    return {
        "message_id": letter.message_id,
        "body": letter.body,
        "attributes": {name: _attribute(attribute) for name, attribute in letter.attributes.items()},
        "system": dict(letter.system),
    }


def from_record(record: Mapping[str, Any]) -> DeadLetter:
    """Return the message behind `to_record`'s answer; raises `ValueError` with a reason when it is not one."""
    attributes, system = _mapping(record, "attributes"), _mapping(record, "system")
    return DeadLetter(
        message_id=_text(record, "message_id"),
        receipt_handle="",
        body=_text(record, "body"),
        attributes={name: _decoded(name, attribute) for name, attribute in attributes.items()},
        system={str(key): str(value) for key, value in system.items()},
    )


def from_line(line: bytes) -> DeadLetter:
    """Return the message of one line of NDJSON, with or without a byte order mark.

    Raises `ValueError` with a reason when it is not one.
    """
    try:
        record = exact_json.read(line.decode("utf-8-sig"))
    except UnicodeDecodeError as error:
        raise ValueError(f"it is not UTF-8: its byte {error.start + 1} is 0x{error.object[error.start]:02x}") from None
    if not isinstance(record, Mapping):
        raise ValueError("it is no exported message: no JSON object")
    return from_record(record)


def to_line(fields: Mapping[str, Any]) -> bytes:
    """Return one line of NDJSON; half a surrogate pair, which no encoding can write, is an escape."""
    text = json.dumps(fields, ensure_ascii=False, separators=(",", ":"))
    try:
        return text.encode() + b"\n"
    except UnicodeEncodeError:
        return _LONE_SURROGATE.sub(lambda half: f"\\u{ord(half[0]):04x}", text).encode() + b"\n"


def _attribute(attribute: Mapping[str, Any]) -> dict[str, str]:
    kept = {key: attribute[key] for key in ("DataType", "StringValue") if key in attribute}
    if "BinaryValue" in attribute:
        kept["BinaryValue"] = base64.b64encode(attribute["BinaryValue"]).decode("ascii")
    return kept


def _decoded(name: str, attribute: Any) -> dict[str, Any]:
    if not isinstance(attribute, Mapping):
        raise ValueError(f"it is no exported message: the attribute {name!r} is no object")
    decoded = {key: _text(attribute, key) for key in ("DataType", "StringValue") if key in attribute}
    if "DataType" not in decoded:
        raise ValueError(f"the attribute {name!r} has no DataType")
    if "BinaryValue" not in attribute:
        return decoded
    try:
        return decoded | {"BinaryValue": base64.b64decode(_text(attribute, "BinaryValue"), validate=True)}
    except ValueError as error:
        raise ValueError(f"the attribute {name!r} is not base64: {error}") from None


def _mapping(record: Mapping[str, Any], key: str) -> Mapping[str, Any]:
    found = record.get(key, {})
    if not isinstance(found, Mapping):
        raise ValueError(f"it is no exported message: its {key!r} is no object")
    return found


def _text(record: Mapping[str, Any], key: str) -> str:
    if not isinstance(found := record.get(key), str):
        raise ValueError(f"it is no exported message: {key!r} is no text in it")
    return found
