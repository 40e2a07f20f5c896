"""The report as one long table: a number a row, so that a spreadsheet or a program can pick what it wants."""

import csv
import io
import unicodedata
from collections.abc import Iterator

from insight.report import Report, figures

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


def _cell(value: str | float | int | None) -> str | float | int:
    """Return a cell; numbers stay numbers, negative ones too, and nothing to compute from is an empty cell."""
    if value is None:
        return ""
    return safe_text(value) if isinstance(value, str) else value


def _rows(report: Report) -> Iterator[tuple[str, str, str | float | int | None]]:
    account, period, metrics = report.account, report.period, report.metrics
    yield "report", "report_id", report.report_id
    yield "report", "spec_version", report.spec_version
    yield "report", "account", account.account
    yield "report", "account_name", account.name
    yield "report", "segment", account.segment
    yield "report", "first_day", period.start.isoformat()
    yield "report", "last_day", period.last.isoformat()
    yield "report", "time_zone", period.time_zone
    yield "usage", "seats", metrics.seats
    for figure in figures(metrics):
        yield "usage", figure.key, figure.value
    for kind, documents in metrics.documents_by_kind:
        yield "documents_created", kind, documents
    for day, users in metrics.daily_active_users:
        yield "daily_active_users", day.isoformat(), users
    for source in report.sources:
        yield "rows_read", source.name, source.read
        yield "rows_counted", source.name, source.counted
        for reason, rows in source.dropped:
            yield "rows_not_counted", f"{source.name}: {reason}", rows
        for note in source.notes:
            yield "source_note", source.name, note
