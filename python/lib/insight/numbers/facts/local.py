"""The facts computed by DuckDB from the relation `raw_events` of this connection.

Few rows come twice, if any, so copies are found first, by the hashes of their ids, and only those are sorted. All other
rows are counted without sorting, which is many times faster than numbering every row.
"""

from typing import TYPE_CHECKING

from insight.numbers.facts.sql import (
    COPY_ORDER,
    DOCUMENT_GROUPS,
    ROW_COUNTS,
    USER_DAYS,
    Selection,
    document_groups_sql,
    first_copies_sql,
    numbered_sql,
    ours_sql,
    row_counts_sql,
    user_days_sql,
)
from insight.sources.raw_columns import RAW_COLUMNS, Columns, names_sql

if TYPE_CHECKING:
    import duckdb

    Connection = duckdb.DuckDBPyConnection

_NEEDED = tuple(column for column in RAW_COLUMNS if column[0] not in ("account", "received_at"))
_COLUMNS = names_sql(_NEEDED)


def compute_facts(connection: "Connection", selection: Selection) -> None:
    """Make the tables row_counts, user_days and document_groups, and the view `events` of every event once."""
    _table(connection, "row_counts", ROW_COUNTS, row_counts_sql("raw_events", selection))
    found = connection.execute("SELECT reason FROM row_counts WHERE reason IS NOT NULL").fetchall()
    ours = ours_sql("raw_events", selection, [reason for (reason,) in found])
    connection.execute(f"CREATE OR REPLACE TEMP VIEW ours AS {ours}")
    connection.execute(f"CREATE OR REPLACE TEMP VIEW events AS {first_copies_sql('ours')}")
    _find_copies(connection)
    _table(connection, "user_days", USER_DAYS, _user_days_sql(selection))
    # Copies that are equal change no document, whose first and last are what they are.
    once = (
        f"(SELECT {_COLUMNS} FROM ours ANTI JOIN suspects ON {_digest('ours')} = suspects.digest "
        f"UNION ALL SELECT {_COLUMNS} FROM copies WHERE copy = 1) AS once"
    )
    documents = once if _copies_differ(connection) else "ours"
    _table(connection, "document_groups", DOCUMENT_GROUPS, document_groups_sql(documents, selection))
    move_duplicates(connection)


def move_duplicates(connection: "Connection") -> None:
    """Count the duplicates in row_counts: rows that passed but are not in user_days, which holds every event once."""
    connection.execute(
        "INSERT INTO row_counts SELECT 'duplicate', copies, 0, 0, NULL, NULL FROM (SELECT "
        "coalesce((SELECT sum(row_count) FROM row_counts WHERE reason IS NULL), 0) "
        "- coalesce((SELECT sum(events) FROM user_days), 0) AS copies) WHERE copies > 0"
    )
    connection.execute(
        "UPDATE row_counts SET row_count = row_count - "
        "coalesce((SELECT sum(row_count) FROM row_counts WHERE reason = 'duplicate'), 0) WHERE reason IS NULL"
    )


def _find_copies(connection: "Connection") -> None:
    """Make the tables `suspects`, hashes that come more than once, and `copies`, their rows that count, numbered.

    Sorting short hashes takes less time and room than grouping whole ones; that some ids share one does no harm.
    """
    connection.execute(
        "CREATE OR REPLACE TEMP TABLE suspects AS SELECT DISTINCT digest FROM (SELECT digest, lag(digest) "
        f"OVER (ORDER BY digest) AS previous FROM (SELECT {_digest('raw_events')} AS digest FROM raw_events)) "
        "WHERE digest = previous"
    )
    rows = f"SELECT {_COLUMNS} FROM ours SEMI JOIN suspects ON {_digest('ours')} = suspects.digest"
    none = "" if connection.execute("SELECT 1 FROM suspects LIMIT 1").fetchall() else " LIMIT 0"
    connection.execute(f"CREATE OR REPLACE TEMP TABLE copies AS {numbered_sql(f'({rows})', _NEEDED)}{none}")


def _digest(relation: str) -> str:
    return f"CAST(hash({relation}.event_id) & 4294967295 AS UINTEGER)"


def _user_days_sql(selection: Selection) -> str:
    """Return user_days: what all rows add up to, less what the copies after the first do."""
    names = [name for name, _ in USER_DAYS[2:]]
    less = ", ".join(f"-{name}" for name in names)
    sums = ", ".join(f"sum({name}) AS {name}" for name in names)
    rows = user_days_sql("ours", selection.period)
    more = user_days_sql(f"(SELECT {_COLUMNS} FROM copies WHERE copy > 1)", selection.period)
    return (
        f'SELECT "user", day, {sums} FROM ({rows} UNION ALL SELECT "user", day, {less} FROM ({more})) '
        'GROUP BY "user", day HAVING sum(events) > 0'
    )


def _copies_differ(connection: "Connection") -> bool:
    query = f"SELECT 1 FROM (SELECT DISTINCT event_id, {COPY_ORDER} FROM copies) GROUP BY event_id HAVING count(*) > 1"
    return bool(connection.execute(f"{query} LIMIT 1").fetchall())


def _table(connection: "Connection", name: str, columns: Columns, query: str) -> None:
    definitions = ", ".join(f'"{column}" {kind}' for column, kind in columns)
    connection.execute(f"CREATE OR REPLACE TEMP TABLE {name} ({definitions})")
    connection.execute(f"INSERT INTO {name} {query}")
