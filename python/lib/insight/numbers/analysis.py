"""From facts to numbers: the metrics of one account and period, computed where the facts are."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import TYPE_CHECKING, Any

from insight.manifest import InputFile
from insight.numbers.metrics import FIGURES, TABLES, USERS_SQL
from insight.periods import Period
from insight.sources.events import Dropped
from insight.sources.members import Member

if TYPE_CHECKING:
    import duckdb

    Connection = duckdb.DuckDBPyConnection

Value = str | int | float | date | None
Row = tuple[Value, ...]
Figures = dict[str, int | float | None]
"""The single numbers, by key; None where there is nothing to compute one from."""

_SATURDAY = 5


@dataclass(frozen=True)
class RowCounts:
    """What became of the rows that were read.

    `dropped` counts the rows that are not counted, by reason. The rest is about the counted, with their copies: rows
    without a known user, rows that arrived late, the latest event and the latest arrival (UTC, naive).
    """

    read: int
    counted: int
    dropped: Mapping[Dropped, int]
    without_user: int = 0
    late: int = 0
    newest: datetime | None = None
    watermark: datetime | None = None


@dataclass(frozen=True)
class PeriodNumbers:
    """One period's numbers, the engine that read its events, and the event files that were read or are missing."""

    engine: str
    counts: RowCounts
    inputs: tuple[InputFile, ...]
    missing: tuple[date, ...]
    figures: Figures
    tables: dict[str, tuple[Row, ...]]


@dataclass(frozen=True)
class Earlier:
    """An earlier period's numbers; `fingerprint` names the files they were made of, `figures` is None without any."""

    period: Period
    fingerprint: str
    figures: Figures | None


def describe_account(connection: "Connection", period: Period, seats: int, members: Sequence[Member]) -> None:
    """Make the tables that the metrics use beside the facts."""
    weekdays = sum(day.weekday() < _SATURDAY for day in period.days)
    connection.execute("CREATE OR REPLACE TEMP TABLE account (seats BIGINT, days INTEGER, weekdays INTEGER)")
    connection.execute("INSERT INTO account VALUES (?, ?, ?)", [seats, len(period.days), weekdays])
    connection.execute("CREATE OR REPLACE TEMP TABLE days (day INTEGER, date DATE, week DATE, month DATE)")
    connection.execute(
        "INSERT INTO days SELECT unnest(?::INTEGER[]), unnest(?::DATE[]), unnest(?::DATE[]), unnest(?::DATE[])",
        [
            list(range(len(period.days))),
            list(period.days),
            [day - timedelta(days=day.weekday()) for day in period.days],
            [day.replace(day=1) for day in period.days],
        ],
    )
    connection.execute(
        'CREATE OR REPLACE TEMP TABLE members ("user" VARCHAR, name VARCHAR, team VARCHAR, has_left BOOLEAN)'
    )
    connection.execute(
        "INSERT INTO members SELECT unnest(?::VARCHAR[]), unnest(?::VARCHAR[]), unnest(?::VARCHAR[]), "
        "unnest(?::BOOLEAN[])",
        [
            [member.user for member in members],
            [member.name for member in members],
            [member.team for member in members],
            [member.has_left for member in members],
        ],
    )


def figures(connection: "Connection") -> Figures:
    """Return every single number, by key."""
    connection.execute(f"CREATE OR REPLACE TEMP TABLE users AS {USERS_SQL}")
    return {key: _number(connection.execute(metric.sql).fetchall()[0][0]) for key, metric in FIGURES.items()}


def tables(connection: "Connection") -> dict[str, tuple[Row, ...]]:
    """Return the rows of every table, by key; `figures` comes first."""
    return {key: tuple(connection.execute(metric.sql).fetchall()) for key, metric in TABLES.items()}


def row_counts(connection: "Connection", torn: int) -> RowCounts:
    """Return what became of the rows; `torn` ends never became rows and are read all the same."""
    found = {row[0]: row[1:] for row in connection.execute("SELECT * FROM row_counts").fetchall()}
    counted, without_user, late, newest, watermark = found.pop(None, (0, 0, 0, None, None))
    dropped = {reason: int(found[reason.name.lower()][0]) for reason in Dropped if reason.name.lower() in found}
    if torn:
        dropped[Dropped.TORN] = torn
    if not counted:
        newest = watermark = None
    return RowCounts(counted + sum(dropped.values()), counted, dropped, int(without_user), int(late), newest, watermark)


def is_damaged(connection: "Connection") -> bool:
    """Say whether there are rows that lack what every row must have."""
    return bool(connection.execute("SELECT 1 FROM row_counts WHERE reason = 'damaged'").fetchall())


def _number(value: Any) -> int | float | None:
    if value is None or isinstance(value, float):
        return value
    return int(value)
