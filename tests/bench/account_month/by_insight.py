"""The month's figures and tables as a report has them: `python -m tests.bench.account_month.by_insight FILE`."""

import json
import sys
import tempfile
from datetime import date
from pathlib import Path

from insight import duck
from insight.numbers import analysis
from insight.numbers.facts.local import compute_facts
from insight.numbers.facts.sql import Selection
from insight.periods import Period
from insight.sources import event_tables
from insight.sources.event_files import EventFile, LocalFile
from tests.bench.account_month.events import USERS

PERIOD = Period(date(2026, 10, 1), date(2026, 11, 1), "Europe/Berlin")


def main(path: Path) -> None:
    """Print the figures and what became of the rows."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name).resolve()
        file = folder / "events.parquet"
        file.hardlink_to(path)
        with duck.connect(folder) as connection:
            listed = EventFile("compacted/events.parquet", PERIOD.start, "", path.stat().st_size)
            event_tables.load(connection, [LocalFile(file, listed, "", 0)])
            compute_facts(connection, Selection("acme", PERIOD))
            analysis.describe_account(connection, PERIOD, USERS, ())
            figures = analysis.figures(connection)
            analysis.tables(connection)
            counts = analysis.row_counts(connection, 0)
    dropped = {f"dropped_{reason.name.lower()}": rows for reason, rows in counts.dropped.items()}
    rows = {"read": counts.read, "counted": counts.counted, "without_user": counts.without_user, "late": counts.late}
    print(json.dumps(figures | dropped | rows))


if __name__ == "__main__":
    main(Path(sys.argv[1]).resolve())
