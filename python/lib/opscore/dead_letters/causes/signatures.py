"""What many messages have in common: an error text without its particulars, a body without its values."""

import re
from collections.abc import Mapping
from typing import Any

UUID = re.compile(r"\b[0-9a-fA-F]{8}(?:-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}\b")
"""An id of a message or of a request."""

_PARTICULARS = tuple(
    (re.compile(pattern), replacement)
    for pattern, replacement in (
        (r"arn:[\w-]+:[\w-]+:\S+", "<arn>"),
        (r"[a-z][a-z0-9+.-]*://[^\s\"'<>]+", "<url>"),
        (r"[\w.+-]+@[\w-]+\.[\w.-]+", "<email>"),
        (UUID.pattern, "<id>"),
        (r"\b\d{4}-\d{2}-\d{2}(?:[T ]\d{2}:\d{2}(?::\d{2}(?:[.,]\d+)?)?(?:Z|[+-]\d{2}:?\d{2})?)?", "<time>"),
        (r"\b(?:[a-zA-Z]+_)?(?=[a-fA-F]*\d)(?=\d*[a-fA-F])[0-9a-fA-F]{12,}\b", "<id>"),
        (r"(?<=\w)=[^\s/,;)&\"']+", "=<value>"),
        (r"\"[^\"\n]{1,200}\"|(?<!\w)'[^'\n]{1,200}'(?!\w)", "<text>"),
        (r"(?<![\w<])[-+]?\d+(?:[.,]\d+)*(?![\w>])|(?<=[a-zA-Z_-])\d+", "<n>"),
    )
)
_ONE_NAME = re.compile(r"(?:[\w.]*KeyError: )?(['\"])[A-Za-z_]+\1")
"""The whole text of a KeyError, with its type or without: the key is what matters."""

_LONGEST = 300
_DEEPEST = 3
_MOST_KEYS = 40


def signature(text: str) -> str:
    """Return an error text with numbers, ids, times, addresses and quoted values replaced by what they are."""
    line = " ".join(text.split())[: 4 * _LONGEST]
    if _ONE_NAME.fullmatch(line):
        return line
    for pattern, replacement in _PARTICULARS:
        line = pattern.sub(replacement, line)
    return line[:_LONGEST]


def shape(content: Any, depth: int = 0) -> str:
    """Return the form of a body: the keys and types of JSON, or the signature of a text."""
    if isinstance(content, Mapping):
        if depth == _DEEPEST:
            return "{…}"
        # Keys made of data (an object used as a table) are one key.
        keys = {signature(str(key)): shape(value, depth + 1) for key, value in content.items()}
        parts = [f"{key}: {keys[key]}" for key in sorted(keys)[:_MOST_KEYS]]
        return "{" + ", ".join(parts + ["…"] * (len(keys) > _MOST_KEYS)) + "}"
    if isinstance(content, list):
        kinds = sorted({shape(item, depth + 1) for item in content[:10]})
        return "[" + " | ".join(kinds) + "]"
    if isinstance(content, str):
        return "text" if depth else f"text {signature(content)[:80]}"
    return "null" if content is None else "boolean" if isinstance(content, bool) else "number"
