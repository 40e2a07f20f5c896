"""The report for programs: JSON with a schema of its own version, values as numbers, days as ISO dates."""

from datetime import date
from typing import Any

from insight.canonical_json import canonical_json
from insight.numbers.analysis import Value
from insight.numbers.report import Figure, Report, Source, Table

SCHEMA_VERSION = 1
"""Raised when a field goes or changes its meaning; new fields, figures and tables do not raise it."""


def render(report: Report) -> bytes:
    """Return the report as JSON."""
    return (canonical_json(as_data(report)) + "\n").encode()


def as_data(report: Report) -> dict[str, Any]:
    """Return the report as plain data."""
    account, period = report.account, report.period
    return {
        "schema_version": SCHEMA_VERSION,
        "report_id": report.report_id,
        "spec_version": report.spec_version,
        "account": {
            "account": account.account,
            "name": account.name,
            "segment": account.segment,
            "seats": account.seats,
        },
        "period": {
            "first_day": period.start.isoformat(),
            "last_day": period.last.isoformat(),
            "time_zone": period.time_zone,
            "starts_at": period.starts_at.isoformat(),
            "ends_at": period.ends_at.isoformat(),
        },
        "as_of": report.as_of,
        "gaps": list(report.gaps),
        "sources": [_source(source) for source in report.sources],
        "figures": {figure.key: _figure(figure) for figure in report.figures},
        "tables": {table.key: _table(table) for table in report.tables},
    }


def _source(source: Source) -> dict[str, Any]:
    return {
        "name": source.name,
        "rows_read": source.read,
        "rows_counted": source.counted,
        "rows_not_counted": dict(source.dropped),
        "notes": list(source.notes),
    }


def _figure(figure: Figure) -> dict[str, Any]:
    return {"label": figure.label, "unit": figure.unit, "value": figure.value, "definition": figure.definition}


def _table(table: Table) -> dict[str, Any]:
    data: dict[str, Any] = {
        "label": table.label,
        "definition": table.definition,
        "columns": [{"key": column.key, "label": column.label, "unit": column.unit} for column in table.columns],
        "rows": [[_value(value) for value in row] for row in table.rows],
    }
    return data | {"row_units": [list(units) for units in table.row_units]} if table.row_units else data


def _value(value: Value) -> str | int | float | None:
    return value.isoformat() if isinstance(value, date) else value
