"""The facts computed by DuckDB from the relation `raw_events` of this connection."""

from typing import TYPE_CHECKING

from insight.facts import (
    DOCUMENT_GROUPS,
    ROW_COUNTS,
    USER_DAYS,
    Selection,
    document_groups_sql,
    first_copies_sql,
    ours_sql,
    reason_sql,
    row_counts_sql,
    user_days_sql,
)

if TYPE_CHECKING:
    import duckdb

    Connection = duckdb.DuckDBPyConnection


def compute_facts(connection: "Connection", selection: Selection) -> None:
    """Make the tables row_counts, user_days and document_groups; the duplicates are a reason of their own."""
    _table(connection, "row_counts", ROW_COUNTS, row_counts_sql("raw_events", selection))
    connection.execute(f"CREATE OR REPLACE TEMP VIEW events AS {_events_sql(connection, selection)}")
    _table(connection, "user_days", USER_DAYS, user_days_sql("events", selection.period))
    _table(connection, "document_groups", DOCUMENT_GROUPS, document_groups_sql("events", selection))
    move_duplicates(connection)


def move_duplicates(connection: "Connection") -> None:
    """Tell the duplicates apart in row_counts: what passed but was left out of user_days, where every event is once."""
    connection.execute(
        "INSERT INTO row_counts SELECT 'duplicate', copies, 0, 0, NULL, NULL FROM (SELECT "
        "coalesce((SELECT sum(row_count) FROM row_counts WHERE reason IS NULL), 0) "
        "- coalesce((SELECT sum(events) FROM user_days), 0) AS copies) WHERE copies > 0"
    )
    connection.execute(
        "UPDATE row_counts SET row_count = row_count - "
        "coalesce((SELECT sum(row_count) FROM row_counts WHERE reason = 'duplicate'), 0) WHERE reason IS NULL"
    )


def _events_sql(connection: "Connection", selection: Selection) -> str:
    """Return every event once. Few ids come twice, if any: only their rows are sorted to find the first of each."""
    ours = ours_sql("raw_events", selection)
    if not _find_repeated(connection, selection):
        return ours
    repeated = f"({ours} AND event_id IN (SELECT event_id FROM repeated))"
    return f"{ours} AND event_id NOT IN (SELECT event_id FROM repeated) UNION ALL {first_copies_sql(repeated)}"


def _find_repeated(connection: "Connection", selection: Selection) -> bool:
    """Make the table `repeated` of the ids that come more than once; sorting hashes takes less room than grouping."""
    connection.execute(
        "CREATE OR REPLACE TEMP TABLE suspects AS SELECT DISTINCT digest FROM (SELECT digest, "
        "lag(digest) OVER (ORDER BY digest) AS previous FROM (SELECT hash(event_id) AS digest FROM raw_events)) "
        "WHERE digest = previous"
    )
    connection.execute(
        "CREATE OR REPLACE TEMP TABLE repeated AS SELECT event_id FROM raw_events WHERE hash(event_id) IN "
        f"(SELECT digest FROM suspects) AND ({reason_sql(selection)}) IS NULL GROUP BY event_id HAVING count(*) > 1"
        if _count(connection, "suspects")
        else "CREATE OR REPLACE TEMP TABLE repeated AS SELECT NULL::VARCHAR AS event_id WHERE false"
    )
    return bool(_count(connection, "repeated"))


def _count(connection: "Connection", table: str) -> int:
    ((rows,),) = connection.execute(f"SELECT count(*) FROM {table}").fetchall()
    return int(rows)


def _table(connection: "Connection", name: str, columns: tuple[tuple[str, str], ...], query: str) -> None:
    definitions = ", ".join(f'"{column}" {kind}' for column, kind in columns)
    connection.execute(f"CREATE OR REPLACE TEMP TABLE {name} ({definitions})")
    connection.execute(f"INSERT INTO {name} {query}")
