"""The columns of a relation of raw events, and how names and texts are written in SQL that DuckDB and Athena read."""

Columns = tuple[tuple[str, str], ...]
"""Names and types of a relation's columns."""

RAW_COLUMNS = (
    ("event_id", "VARCHAR"),
    ("account", "VARCHAR"),
    ("user", "VARCHAR"),
    ("kind", "VARCHAR"),
    ("at", "TIMESTAMP"),
    ("document", "VARCHAR"),
    ("document_kind", "VARCHAR"),
    ("score", "DOUBLE"),
    ("first_score", "DOUBLE"),
    ("received_at", "TIMESTAMP"),
)
"""Names and types of the raw events' columns; timestamps are UTC."""


def text_sql(text: str) -> str:
    """Return a text as an SQL literal."""
    return "'" + text.replace("'", "''") + "'"


def names_sql(columns: Columns) -> str:
    """Return the columns' names, quoted, for a SELECT."""
    return ", ".join(f'"{name}"' for name, _ in columns)


def stored_sql() -> str:
    """Return the raw events' columns as Parquet files hold them: instants are cut to the millisecond."""
    return ", ".join(
        f'date_trunc(\'millisecond\', "{name}") AS "{name}"' if kind == "TIMESTAMP" else f'"{name}"'
        for name, kind in RAW_COLUMNS
    )
