"""The tables of `opsctl dlq`: which columns they have, and which of them a narrow terminal keeps.

Ranks are for somebody who is on call: which queue, how many, how old; which message or group, and why it died.
"""

import shlex
from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from ops_cli.frame.options import Choices
from ops_cli.frame.output import Column, emit, note, screen
from opscore.words import counted

if TYPE_CHECKING:
    from opscore.dead_letters.causes.groups import Group
    from opscore.dead_letters.looking.overview import QueueSummary
    from opscore.dead_letters.looking.queue import QueueFacts

QUEUES = (
    Column("queue", "id", rank=0),
    Column("depth", "number", rank=1),
    Column("in_flight", "number", rank=6),
    Column("oldest_seconds", "span", rank=2),
    Column("expires_seconds", "span", rank=3),
    Column("alarm", "id", rank=5),
    Column("consumer", "id", rank=7),
)
PROBLEM = Column("problem", "text", rank=4)
LETTERS = (
    Column("message_id", "id", rank=0),
    Column("sent", "moment", rank=3),
    Column("receives", "number", rank=4),
    Column("cause", "text", rank=1, least=26),
    Column("body", "text", rank=2, least=24),
)
GROUPS = (
    Column("id", "id", rank=0),
    Column("count", "number", rank=3),
    Column("cause", "text", rank=1, least=30),
    Column("differs_by", "text", rank=2, least=24),
    Column("last", "moment", rank=4),
    Column("origin", "id", rank=5),
    Column("first", "moment", rank=6),
    Column("sample_id", "id", rank=7),
)
_MOST_LINES = 8

RUNS = (
    Column("run", "id", rank=0),
    Column("state", "text", rank=1),
    Column("queue", "text", rank=2),
    Column("moved", "number", rank=3),
    Column("failed", "number", rank=4),
    Column("bounced", "number", rank=5),
    Column("in_doubt", "number", rank=6),
    Column("undeleted", "number", rank=7),
    Column("environment", "text", rank=8),
    Column("engine", "text", rank=9),
)


def emit_queues(rows: "Sequence[QueueSummary]", choices: Choices) -> None:
    """Print dead-letter queues; why one cannot be seen has a column only when there is such a one."""
    columns = (*QUEUES, PROBLEM) if any(row.problem for row in rows) else QUEUES
    emit(rows, choices, columns=columns, paint=lambda row: "red" if row["depth"] or row["problem"] else None)


def emit_letters(rows: Sequence[Mapping[str, Any]], facts: "QueueFacts", choices: Choices) -> None:
    """Print messages of a dead-letter queue."""
    emit(rows, choices, columns=LETTERS, empty=nothing_seen(facts))


def emit_groups(groups: "Sequence[Group]", queue: str, facts: "QueueFacts", choices: Choices) -> None:
    """Print groups of dead letters; what groups of one cause differ by has a column only when there are such.

    Who looks at them on a terminal is told how to replay each, as far as there is room; `queue` is as it was named.
    """
    alike = any(group.differs_by for group in groups)
    columns = [column for column in GROUPS if alike or column.key != "differs_by"]
    emit(groups, choices, columns=columns, empty=nothing_seen(facts))
    if screen().is_terminal and choices.output == "table" and choices.query is None:
        for line in _how_to_replay(groups, queue):
            note(line)


def _how_to_replay(groups: "Sequence[Group]", queue: str) -> Iterator[str]:
    for group in groups[:_MOST_LINES]:
        yield f"opsctl replay-dlq {shlex.quote(queue)} --group {group.id}  # {counted(group.count, 'message')}"
    if len(groups) > _MOST_LINES:
        yield f"{counted(len(groups) - _MOST_LINES, 'more group')}: --group takes the id of each."


def nothing_seen(facts: "QueueFacts") -> str:
    """Say why there is nothing to show: that no message can be seen now does not mean that none is there."""
    if not facts.depth:
        return f"{facts.name} is empty."
    return (
        f"No message of {facts.name} can be seen now, and it is not empty: {facts.in_flight:,} in flight, "
        f"{facts.delayed:,} delayed. A reader or a replay has them (`opsctl dlq history`); look again in a minute."
    )
