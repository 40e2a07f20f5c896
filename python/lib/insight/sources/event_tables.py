"""Event files as one relation of typed rows, `raw_events`: JSON Lines and Parquet side by side.

DuckDB reads the files. It is trusted with a file of JSON Lines only when every line in it is in the plain form:
ASCII without escapes; any other file is read line by line by `events`, which defines what is right, names the line
that is not, and knows a torn end. Both ways give the same rows.
"""

import json
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from insight.manifest import InputFile
from insight.sources.event_files import LocalFile
from insight.sources.events import HIGHEST_SCORE, DamagedEvents, UsageEvent, read_lines
from insight.sources.raw_columns import RAW_COLUMNS, names_sql, text_sql

if TYPE_CHECKING:
    import duckdb

    Connection = duckdb.DuckDBPyConnection

_REQUIRED = frozenset({"event_id", "account", "user", "kind", "at"})
_TIMES = ("at", "received_at")
_SCORES = ("score", "first_score")
_PLAIN_TEXT = r'"[ !#-\[\]-~]+"'
_PLAIN_TIME = r'"(19|20)[0-9]{2}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}([.][0-9]{1,6})?Z"'
_PLAIN_SCORE = r"[0-9]{1,3}([.][0-9]{1,9})?"


class Loaded:
    """What was read: the files as the manifest names them, and how many torn ends there were."""

    def __init__(self, inputs: Sequence[InputFile], torn: int) -> None:
        self.inputs = tuple(inputs)
        self.torn = torn


def load(connection: "Connection", files: Sequence[LocalFile]) -> Loaded:
    """Make the view `raw_events` over the files. Raises DamagedEvents."""
    lines = [file for file in files if not file.file.is_parquet]
    parquet = [file for file in files if file.file.is_parquet]
    rows, torn = _load_lines(connection, lines)
    rows |= {file.path: _rows(connection, file) for file in parquet}
    parts = [f"SELECT {names_sql(RAW_COLUMNS)} FROM json_events"]
    if parquet:
        parts.append(_parquet_sql(connection, parquet))
    connection.execute(f"CREATE OR REPLACE TEMP VIEW raw_events AS {' UNION ALL '.join(parts)}")
    return Loaded([file.as_input(rows[file.path]) for file in files], torn)


def damaged_file(connection: "Connection", files: Iterable[LocalFile]) -> DamagedEvents:
    """Return which Parquet file holds rows that lack what every row must have, after the facts found such rows."""
    for file in files:
        if file.file.is_parquet:
            query = (
                f"SELECT count(*) FROM ({_parquet_sql(connection, [file])}) "
                'WHERE event_id IS NULL OR account IS NULL OR kind IS NULL OR "at" IS NULL'
            )
            ((rows,),) = connection.execute(query).fetchall()
            if rows:
                return DamagedEvents(file.file.key, 0, f"{rows} rows lack `event_id`, `account`, `kind` or `at`")
    raise AssertionError("No file holds the damaged rows that were found.")


def _load_lines(connection: "Connection", files: Sequence[LocalFile]) -> tuple[dict[Path, int], int]:
    columns = ", ".join(f'"{name}" {kind}' for name, kind in RAW_COLUMNS)
    connection.execute(f"CREATE OR REPLACE TEMP TABLE json_events ({columns})")
    rows = dict.fromkeys((file.path for file in files), 0)
    filled = [file for file in files if file.path.stat().st_size]
    plain = _load_plain(connection, filled)
    rows |= plain
    torn = 0
    for file in filled:
        if file.path not in plain:
            rows[file.path], ends = _load_strictly(connection, file)
            torn += ends
    return rows, torn


def _load_plain(connection: "Connection", files: Sequence[LocalFile]) -> dict[Path, int]:
    """Load the files that are plain throughout; return their numbers of rows."""
    if not files:
        return {}
    paths = ", ".join(text_sql(str(file.path)) for file in files)
    columns = ", ".join(f"{text_sql(name)}: 'JSON'" for name, _ in RAW_COLUMNS)
    connection.execute(
        f"CREATE OR REPLACE TEMP TABLE lines AS SELECT * FROM read_json([{paths}], format = 'newline_delimited', "
        f"columns = {{{columns}}}, ignore_errors = true, filename = true)"
    )
    found = connection.execute(f"SELECT filename, count(*), bool_and({_is_plain()}) FROM lines GROUP BY filename")
    counts = {Path(name): (rows, plain) for name, rows, plain in found.fetchall()}
    good = {
        file.path: counts[file.path][0]
        for file in files
        # Blank lines are rare, and a count that does not agree is one more reason to read the file line by line.
        if not file.torn and file.path in counts and counts[file.path] == (file.lines, True)
    }
    if good:
        names = ", ".join(text_sql(str(path)) for path in good)
        connection.execute(f"INSERT INTO json_events SELECT {_typed()} FROM lines WHERE filename IN ({names})")
    connection.execute("DROP TABLE lines")
    return good


def _is_plain() -> str:
    """Return whether a row of `lines` is what `events.parse_line` reads into the same values; false for no JSON."""
    tests = []
    for name, _ in RAW_COLUMNS:
        pattern = _PLAIN_TIME if name in _TIMES else _PLAIN_SCORE if name in _SCORES else _PLAIN_TEXT
        test = f"regexp_full_match({_text(name)}, {text_sql(pattern)})"
        if name in _TIMES:
            test += f" AND {_time(name)} IS NOT NULL"
        if name in _SCORES:
            test += f" AND TRY_CAST({_text(name)} AS DOUBLE) <= {HIGHEST_SCORE}"
        optional = name == "user" or name not in _REQUIRED
        tests.append(
            f"(\"{name}\" IS NULL OR {_text(name)} = 'null' OR ({test}))" if optional else f"coalesce({test}, false)"
        )
    return " AND ".join(tests)


def _typed() -> str:
    """Return the columns of `lines` as values."""
    parts = []
    for name, _ in RAW_COLUMNS:
        if name in _TIMES:
            parts.append(_time(name))
        elif name in _SCORES:
            parts.append(f"TRY_CAST({_text(name)} AS DOUBLE)")
        else:
            parts.append(f"\"{name}\" ->> '$'")
    return ", ".join(parts)


def _text(name: str) -> str:
    return f'CAST("{name}" AS VARCHAR)'


def _time(name: str) -> str:
    # Without its quotes and its Z, so that no zone data is asked for.
    return f"TRY_CAST(rtrim(\"{name}\" ->> '$', 'Z') AS TIMESTAMP)"


def _load_strictly(connection: "Connection", file: LocalFile) -> tuple[int, int]:
    """Read a file line by line, write it again in the plain form and load that; return its rows and its torn ends."""
    rewritten = file.path.with_suffix(".plain")
    rows = torn = 0
    with file.path.open("rb") as lines, rewritten.open("w", encoding="ascii") as out:
        for event in read_lines(file.file.key, lines):
            rows += 1
            if event is None:
                torn += 1
            else:
                out.write(_plain_line(event))
    if rewritten.stat().st_size:
        columns = ", ".join(f"{text_sql(name)}: {text_sql(kind)}" for name, kind in RAW_COLUMNS)
        connection.execute(
            f"INSERT INTO json_events SELECT {names_sql(RAW_COLUMNS)} FROM read_json([{text_sql(str(rewritten))}], "
            f"format = 'newline_delimited', columns = {{{columns}}})"
        )
    rewritten.unlink()
    if file.torn and not torn:
        rows, torn = rows + 1, 1
    return rows, torn


def _plain_line(event: UsageEvent) -> str:
    values = {
        name: _utc(value) if isinstance(value, datetime) else value
        for name, _ in RAW_COLUMNS
        if (value := getattr(event, name)) is not None
    }
    return json.dumps(values) + "\n"


def _utc(instant: datetime) -> str:
    return instant.astimezone(UTC).replace(tzinfo=None).isoformat(sep=" ")


def _rows(connection: "Connection", file: LocalFile) -> int:
    import duckdb

    try:
        query = f"SELECT num_rows FROM parquet_file_metadata({text_sql(str(file.path))})"
        ((rows,),) = connection.execute(query).fetchall()
    except duckdb.Error:
        raise DamagedEvents(file.file.key, 0, "not a whole Parquet file") from None
    return int(rows)


def _parquet_sql(connection: "Connection", files: Sequence[LocalFile]) -> str:
    return " UNION ALL ".join(_parquet_select(*group) for group in _by_columns(connection, files))


def _parquet_select(present: dict[str, str], files: list[LocalFile]) -> str:
    paths = ", ".join(text_sql(str(file.path)) for file in files)
    columns = ", ".join(_column(name, kind, present.get(name)) for name, kind in RAW_COLUMNS)
    return f"SELECT {columns} FROM read_parquet([{paths}])"


def _column(name: str, kind: str, present: str | None) -> str:
    if present is None:
        return f'CAST(NULL AS {kind}) AS "{name}"'
    if present == kind:
        return f'"{name}"'
    if present == "TIMESTAMP WITH TIME ZONE":
        return f'"{name}" AT TIME ZONE \'UTC\' AS "{name}"'
    return f'CAST("{name}" AS {kind}) AS "{name}"'


def _by_columns(connection: "Connection", files: Sequence[LocalFile]) -> list[tuple[dict[str, str], list[LocalFile]]]:
    """Group files by the names and types of their columns; one without a column that must be there is damaged."""
    groups: dict[tuple[tuple[str, str], ...], list[LocalFile]] = {}
    for file in files:
        query = f"DESCRIBE SELECT * FROM read_parquet({text_sql(str(file.path))})"
        columns = tuple((row[0], row[1]) for row in connection.execute(query).fetchall())
        if missing := sorted(_REQUIRED - {name for name, _ in columns}):
            raise DamagedEvents(file.file.key, 0, f"has no column {', '.join(missing)}")
        groups.setdefault(columns, []).append(file)
    return [(dict(columns), members) for columns, members in groups.items()]
