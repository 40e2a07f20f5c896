"""Compacted event files: a month's rows as one Parquet file, which both engines read many times faster than lines."""

import json
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from insight.sources.raw_columns import RAW_COLUMNS, stored_sql, text_sql

if TYPE_CHECKING:
    import duckdb

    Connection = duckdb.DuckDBPyConnection


def compact(connection: "Connection", rows: Iterable[Mapping[str, Any]], folder: Path) -> bytes:
    """Return the Parquet file of events given as their lines spell them, by time; copies stay, for readers count them.

    `connection` may read and write in `folder`. Equal rows give equal bytes, with one version of DuckDB.
    """
    lines, path = folder / "rows.jsonl", folder / "rows.parquet"
    with lines.open("w", encoding="ascii") as out:
        out.writelines(json.dumps(row, separators=(",", ":")) + "\n" for row in rows)
    types = ", ".join(f"{text_sql(name)}: {text_sql(kind)}" for name, kind in RAW_COLUMNS)
    # One thread writes the rows in their order, and always into the same row groups.
    connection.execute("SET threads = 1")
    connection.execute(
        f"COPY (SELECT {stored_sql()} FROM read_json({text_sql(str(lines))}, format = 'newline_delimited', "
        f'columns = {{{types}}}) ORDER BY "at", event_id) TO {text_sql(str(path))} (FORMAT parquet, COMPRESSION zstd)'
    )
    content = path.read_bytes()
    for file in (lines, path):
        file.unlink()
    return content
