"""Dead letters as lines of NDJSON, with every attribute exactly as SQS had it."""

import base64
import json
from collections.abc import Mapping
from typing import Any

from opscore.dead_letters.message import DeadLetter


def to_record(letter: DeadLetter) -> dict[str, Any]:
    """Return a message as JSON can hold it; binary values in base64, no receipt handle."""
    return {
        "message_id": letter.message_id,
        "body": letter.body,
        "attributes": {name: _attribute(attribute) for name, attribute in letter.attributes.items()},
        "system": dict(letter.system),
    }


def from_record(record: Mapping[str, Any]) -> DeadLetter:
    """Return the message behind `to_record`'s answer; raises `ValueError` when it is not one."""
    try:
        attributes = {name: _decoded(attribute) for name, attribute in record.get("attributes", {}).items()}
        system = {str(key): str(value) for key, value in record.get("system", {}).items()}
        return DeadLetter(str(record["message_id"]), "", _text(record["body"]), attributes, system)
    except (KeyError, TypeError, AttributeError) as error:
        raise ValueError(f"not an exported message ({type(error).__name__}: {error})") from None


def from_line(line: bytes) -> DeadLetter:
    """Return the message of one line of NDJSON; raises `ValueError` when it is not one."""
    try:
        record = json.loads(line)
    except RecursionError:
        raise ValueError("not an exported message (nested too deeply)") from None
    if not isinstance(record, Mapping):
        raise ValueError("not an exported message (not a JSON object)")
    return from_record(record)


def to_line(fields: Mapping[str, Any]) -> bytes:
    """Return one line of NDJSON."""
    return json.dumps(fields, ensure_ascii=False, separators=(",", ":")).encode() + b"\n"


def _attribute(attribute: Mapping[str, Any]) -> dict[str, str]:
    kept = {key: attribute[key] for key in ("DataType", "StringValue") if key in attribute}
    if "BinaryValue" in attribute:
        kept["BinaryValue"] = base64.b64encode(attribute["BinaryValue"]).decode("ascii")
    return kept


def _decoded(attribute: Mapping[str, Any]) -> dict[str, Any]:
    decoded: dict[str, Any] = dict(attribute)
    if "BinaryValue" in decoded:
        decoded["BinaryValue"] = base64.b64decode(decoded["BinaryValue"], validate=True)
    return decoded


def _text(body: Any) -> str:
    if not isinstance(body, str):
        raise TypeError("the body is not a text")
    return body
