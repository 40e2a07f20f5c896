"""The report as one long table: a number a row, so that a spreadsheet or a program can pick what it wants."""

import csv
import io
import unicodedata
from collections.abc import Iterator
from datetime import date

from insight.numbers.analysis import Value
from insight.numbers.report import Report, Table

HEADER = ("section", "name", "value")

# What makes a spreadsheet evaluate a cell (OWASP, "CSV Injection").
_FORMULA_STARTS = ("=", "+", "-", "@")


def render(report: Report) -> bytes:
    """Return the report as UTF-8 CSV (RFC 4180, lines end in CRLF)."""
    out = io.StringIO()
    writer = csv.writer(out)
    writer.writerow(HEADER)
    for row in _rows(report):
        writer.writerow([_cell(value) for value in row])
    return out.getvalue().encode("utf-8", "replace")


def safe_text(text: str) -> str:
    """Return `text` so that no spreadsheet takes it for a formula: an apostrophe goes before what looks like one.

    Blanks before the first character do not help a formula past this, nor does its full-width spelling; tabs and
    line breaks count as its start.
    """
    bare = unicodedata.normalize("NFKC", text.lstrip()[:1])
    if bare.startswith(_FORMULA_STARTS) or text[:1] in {"\t", "\r", "\n"}:
        return "'" + text
    return text


def _cell(value: Value) -> str | float | int:
    """Return a cell; numbers stay numbers, negative ones too, and nothing to compute from is an empty cell."""
    if value is None:
        return ""
    if isinstance(value, date):
        return value.isoformat()
    return safe_text(value) if isinstance(value, str) else value


def _rows(report: Report) -> Iterator[tuple[str, str, Value]]:
    account, period = report.account, report.period
    yield "report", "report_id", report.report_id
    yield "report", "spec_version", report.spec_version
    yield "report", "account", account.account
    yield "report", "account_name", account.name
    yield "report", "segment", account.segment
    yield "report", "first_day", period.start
    yield "report", "last_day", period.last
    yield "report", "time_zone", period.time_zone
    yield "report", "as_of", report.as_of
    yield "report", "complete", "no" if report.gaps else "yes"
    for gap in report.gaps:
        yield "report", "gap", gap
    for figure in report.figures:
        yield "usage", figure.key, figure.value
    for table in report.tables:
        yield from _table(table)
    for source in report.sources:
        yield "rows_read", source.name, source.read
        yield "rows_counted", source.name, source.counted
        for reason, rows in source.dropped:
            yield "rows_not_counted", f"{source.name}: {reason}", rows
        for note in source.notes:
            yield "source_note", source.name, note


def _table(table: Table) -> Iterator[tuple[str, str, Value]]:
    """Yield a row for each value; its section names the table and, where there are several, the column."""
    several = len(table.columns) > 2  # noqa: PLR2004  A name and one value.
    for row in table.rows:
        for column, value in zip(table.columns[1:], row[1:], strict=True):
            yield f"{table.key}.{column.key}" if several else table.key, str(row[0]), value
