"""An account-month of made-up events as one Parquet file: copies, nulls, late rows, a newer kind, a clock change.

The file is as DuckDB and most writers of streams leave it, compressed by Snappy. Zstandard halves it, and costs a
report, which reads it four times, more than it costs one bare query.
"""

from pathlib import Path

import duckdb

ROWS = 5_000_000
USERS = 3_000
ROWS_A_DOCUMENT = 12
# One row in two hundred is a copy of the one before it.
_ROWS_SQL = f"""
WITH numbered AS (SELECT CASE WHEN range % 200 = 199 THEN range - 1 ELSE range END AS i FROM range({{rows}})),
drawn AS (
  SELECT i, hash(i) AS h, hash(i + 7919) AS g, hash(i) // {USERS} % 20 AS d, i // {ROWS_A_DOCUMENT} AS n FROM numbered)
SELECT printf('e%013x', i) AS event_id, 'acme' AS account,
  CASE WHEN h % 250 > 0 THEN printf('acme-user-%05d', h % {USERS}) END AS "user",
  CASE WHEN d < 3 THEN 'session_started' WHEN d < 5 THEN 'document_created' WHEN d < 11 THEN 'document_scored'
    WHEN d < 16 THEN 'phrase_shown' WHEN g % 2000 = 0 THEN 'tour_ended' ELSE 'phrase_accepted' END AS kind,
  TIMESTAMP '2026-09-30 22:00:00' + to_milliseconds(CAST(i * {{pace}} + g % 1000 AS BIGINT)) AS "at",
  CASE WHEN d >= 3 THEN printf('acme-doc-%07d', n) END AS document,
  CASE WHEN d BETWEEN 3 AND 10 THEN CASE WHEN n % 3 = 0 THEN 'job post' ELSE 'recruiting mail' END END AS document_kind,
  CASE WHEN d BETWEEN 5 AND 10 THEN CAST(g % 101 AS DOUBLE) END AS score,
  CASE WHEN d BETWEEN 5 AND 10 AND g % 3 = 0 THEN CAST(40 + n % 30 AS DOUBLE) END AS first_score,
  "at" + to_seconds(CASE WHEN g % 500 = 0 THEN 100000 ELSE 5 END) AS received_at
FROM drawn
"""


def write(path: Path, rows: int = ROWS) -> None:
    """Write the file, the same every time, unless it is there; October 2026 in Berlin has 745 hours."""
    if path.exists():
        return
    draft = path.with_suffix(".draft")
    pace = 745 * 3_600_000 // rows
    duckdb.sql(f"COPY ({_ROWS_SQL.format(rows=rows, pace=pace)}) TO '{draft}' (FORMAT parquet)")
    draft.rename(path)
