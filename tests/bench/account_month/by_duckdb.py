"""The bare query over the same columns, at the grains of a report: events, users by day, documents.

`python -m tests.bench.account_month.by_duckdb FILE`. It tells no row from another, knows no zone, and computes one of
the figures at most; it is written as DuckDB is fastest with it (an average instead of a maximum doubles its time).
"""

import sys
import tempfile
from pathlib import Path

from insight import duck

_QUERY = """
SELECT count(DISTINCT event_id), count(DISTINCT ("user", CAST("at" AS DATE))), count(DISTINCT document), max(account),
  max(kind), max(document_kind), max("at"), max(score), max(first_score), max(received_at)
FROM read_parquet('{}')
"""


def main(path: Path) -> None:
    """Print the answer; the connection is the one that reports have."""
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder).resolve() / "events.parquet"
        file.hardlink_to(path)
        with duck.connect(file.parent) as connection:
            print(connection.execute(_QUERY.format(file)).fetchall())


if __name__ == "__main__":
    main(Path(sys.argv[1]).resolve())
