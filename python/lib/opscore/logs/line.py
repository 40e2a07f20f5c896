"""One line of a function's log, whoever wrote it and in whichever format."""

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

Level = Literal["DEBUG", "INFO", "WARNING", "ERROR", "CRITICAL"]
LEVELS: Sequence[Level] = ("DEBUG", "INFO", "WARNING", "ERROR", "CRITICAL")

Kind = Literal["message", "start", "end", "report", "lifecycle"]
"""Who wrote a line: the function (`message`), or Lambda itself (all others)."""

_LEVEL_OF_NAME: Mapping[str, Level] = {
    **{level: level for level in LEVELS},
    "TRACE": "DEBUG",
    "NOTICE": "INFO",
    "WARN": "WARNING",
    "FATAL": "CRITICAL",
}


@dataclass(frozen=True)
class LogLine:
    """A line as people and programs want it; `raw` is the event's own text.

    `level` and `request_id` are None where the line does not say them. `fields` is what a JSON line has besides
    these: values as JSON has them.
    """

    at: dt.datetime
    level: Level | None
    message: str
    stream: str
    raw: str
    request_id: str | None = None
    fields: Mapping[str, Any] = field(default_factory=dict)
    kind: Kind = "message"

    @property
    def is_noise(self) -> bool:
        """Whether Lambda wrote the line to say that a request began or ended as it should."""
        return self.kind != "message" and not self.reaches("WARNING")

    def reaches(self, lowest: Level) -> bool:
        """Say whether the line is at least that severe; a line without a level counts as INFO."""
        return LEVELS.index(self.level or "INFO") >= LEVELS.index(lowest)


def level_named(name: object) -> Level | None:
    """Return the level that a logging library calls `name`; None for anything else."""
    return _LEVEL_OF_NAME.get(name.upper()) if isinstance(name, str) else None
