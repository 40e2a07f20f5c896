"""Lines of many streams in one order: printed tracebacks whole again, and each line with the request it belongs to.

A stream belongs to one execution environment, and that works on one request at a time:
https://docs.aws.amazon.com/lambda/latest/dg/lambda-runtime-environment.html
"""

import dataclasses
import re
from collections.abc import Iterable

from opscore.logs.line import LogLine

_OPENS = "Traceback (most recent call last):"
_LINKS = ("During handling of the above exception", "The above exception was the direct cause")
_EXCEPTION = re.compile(r"(?:[\w.]+\.)?[A-Z]\w*(?:: .*)?", re.DOTALL)
_MAXIMUM_CHARACTERS = 20_000
"""A joined text does not grow further: joining a log of nothing but indented lines would take for ever."""


def together(lines: Iterable[LogLine]) -> list[LogLine]:
    """Join what was one text when it was printed: indented lines to the one before them, tracebacks to their end.

    A printed text becomes one event a line, and those of other streams come between. Raw texts are joined as well,
    so nothing is lost.
    """
    found: list[LogLine] = []
    last: dict[str, int] = {}
    for line in lines:
        before = last.get(line.stream)
        if before is not None and _continues(found[before], line):
            found[before] = _joined(found[before], line)
        else:
            last[line.stream] = len(found)
            found.append(_opened(line))
    return found


def _continues(before: LogLine, line: LogLine) -> bool:
    if before.kind != "message" or line.kind != "message" or line.level or line.fields or before.fields:
        return False
    text = line.message
    if len(before.message) + len(text) > _MAXIMUM_CHARACTERS:
        return False
    if _OPENS not in before.message:
        return text.startswith((" ", "\t")) or (text.startswith(_OPENS) and before.level == "ERROR")
    if text.startswith(_OPENS):
        return before.message.rstrip("\n").rpartition("\n")[2].startswith(_LINKS)
    return text.startswith((" ", "\t", *_LINKS)) or not text or (_lacks_exception(before) and _is_exception(text))


def _lacks_exception(traceback: LogLine) -> bool:
    """Say whether the last line of a printed traceback, its exception, is still to come.

    Of an exception that left the handler, the runtime writes it first ("[ERROR] KeyError: 'x'") and with no request id.
    """
    is_printed = traceback.message.startswith(_OPENS) or traceback.request_id is not None
    return is_printed and traceback.message.rpartition("\n")[2].startswith((" ", "\t", _OPENS))


def _is_exception(text: str) -> bool:
    return _EXCEPTION.fullmatch(text) is not None


def _opened(line: LogLine) -> LogLine:
    is_bare = line.level is None and line.message.startswith(_OPENS)
    return dataclasses.replace(line, level="ERROR") if is_bare else line


def _joined(before: LogLine, line: LogLine) -> LogLine:
    return dataclasses.replace(before, message=f"{before.message}\n{line.message}", raw=f"{before.raw}\n{line.raw}")


class Requests:
    """Says which request each line belongs to, from Lambda's START and END lines; remembers between rounds."""

    def __init__(self) -> None:
        self._current: dict[str, str] = {}

    def attribute(self, lines: Iterable[LogLine]) -> list[LogLine]:
        """Return the lines, in their order, with a request id where the lines of their stream tell it."""
        return _backwards([self._forwards(line) for line in lines])

    def _forwards(self, line: LogLine) -> LogLine:
        if line.kind == "start" and line.request_id:
            self._current[line.stream] = line.request_id
        if line.kind == "end":
            self._current.pop(line.stream, None)
        return _named(line, self._current.get(line.stream))


def _backwards(lines: list[LogLine]) -> list[LogLine]:
    """Name the lines before an END whose START lies before the first line that was read."""
    ending: dict[str, str] = {}
    found: list[LogLine] = []
    for line in reversed(lines):
        if line.kind in ("end", "report") and line.request_id:
            ending[line.stream] = line.request_id
        found.append(_named(line, ending.get(line.stream)))
        if line.kind == "start":
            ending.pop(line.stream, None)
    return found[::-1]


def _named(line: LogLine, request_id: str | None) -> LogLine:
    return dataclasses.replace(line, request_id=request_id) if request_id and not line.request_id else line
