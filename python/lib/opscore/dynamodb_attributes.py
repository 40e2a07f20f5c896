"""DynamoDB's typed attributes for plain values: texts, whole numbers, lists and maps of them."""

from collections.abc import Mapping
from typing import Any


def to_attribute(value: Any) -> dict[str, Any]:
    """Return `value` as DynamoDB's low-level interface takes it."""
    if isinstance(value, str):
        return {"S": str(value)}
    if isinstance(value, int):
        return {"N": str(value)}
    if isinstance(value, Mapping):
        return {"M": {str(key): to_attribute(item) for key, item in value.items()}}
    return {"L": [to_attribute(item) for item in value]}


def from_attribute(attribute: Mapping[str, Any]) -> Any:
    """Return the plain value of an attribute that `to_attribute` made."""
    ((kind, value),) = attribute.items()
    if kind == "N":
        return int(value)
    if kind == "M":
        return {key: from_attribute(item) for key, item in value.items()}
    if kind == "L":
        return [from_attribute(item) for item in value]
    return value
