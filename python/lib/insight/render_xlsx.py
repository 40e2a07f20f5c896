"""The report as a workbook: a sheet per section, written row by row, so that its size does not matter."""

import tempfile
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from pathlib import Path
from typing import Any

from insight.analysis import Value
from insight.metrics import Unit
from insight.report import Report

# The creation date is part of the file; only a fixed one keeps equal reports equal byte by byte.
_CREATED = datetime(2000, 1, 1)  # noqa: DTZ001  The format has no zone.
_FORMATS = {Unit.DAY: "yyyy-mm-dd", Unit.COUNT: "#,##0", Unit.SHARE: "0.0%", Unit.POINTS: "+0.0;-0.0;0.0"}
_LONGEST_TEXT = 32_767
_MOST_ROWS = 1_048_576
_LONGEST_NAME = 31


@dataclass(frozen=True)
class Sheet:
    """A sheet: its header with the unit of each column, and its rows, which are asked for once and not kept."""

    name: str
    columns: Sequence[tuple[str, Unit]]
    rows: Iterable[Sequence[Value]]


def render(report: Report) -> bytes:
    """Return the report as XLSX."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "report.xlsx"
        write(path, _sheets(report))
        return path.read_bytes()


def write(path: Path, sheets: Iterable[Sheet]) -> None:
    """Write the sheets into a workbook; a row is on disk before the next one is made."""
    import xlsxwriter

    options = {
        "constant_memory": True,
        "tmpdir": str(path.parent),
        "strings_to_formulas": False,
        "strings_to_numbers": False,
        "strings_to_urls": False,
        "nan_inf_to_errors": True,
    }
    with xlsxwriter.Workbook(str(path), options) as book:
        book.set_properties({"created": _CREATED})
        formats = {unit: book.add_format({"num_format": pattern}) for unit, pattern in _FORMATS.items()}
        header = book.add_format({"bold": True})
        for sheet in sheets:
            _write(book.add_worksheet(sheet.name[:_LONGEST_NAME]), sheet, formats, header)


def _write(page: Any, sheet: Sheet, formats: dict[Unit, Any], header: Any) -> None:
    page.freeze_panes(1, 0)
    for index, (label, unit) in enumerate(sheet.columns):
        page.set_column(index, index, 40 if unit is Unit.TEXT else 16)
        page.write_string(0, index, label, header)
    for number, row in enumerate(sheet.rows, start=1):
        if number >= _MOST_ROWS:
            raise ValueError(f"A sheet holds {_MOST_ROWS - 1} rows at most; {sheet.name} has more.")
        for index, (value, (_, unit)) in enumerate(zip(row, sheet.columns, strict=True)):
            _write_cell(page, number, index, value, formats.get(unit))


def _write_cell(page: Any, row: int, column: int, value: Value, style: Any) -> None:
    if isinstance(value, str):
        # Never `write`, which would take a text that begins with = for a formula.
        page.write_string(row, column, value[:_LONGEST_TEXT])
    elif isinstance(value, date):
        page.write_datetime(row, column, value, style)
    elif value is not None:
        page.write_number(row, column, value, style)


def _sheets(report: Report) -> Iterator[Sheet]:
    text, count = Unit.TEXT, Unit.COUNT
    yield Sheet("Report", (("What", text), ("Value", text)), _cover(report))
    for unit, name in ((Unit.COUNT, "Counts"), (Unit.SHARE, "Shares"), (Unit.POINTS, "Scores")):
        rows = [(figure.label, figure.value, figure.definition) for figure in report.figures if figure.unit is unit]
        yield Sheet(name, (("Number", text), ("Value", unit), ("What is counted", text)), rows)
    for table in report.tables:
        columns = [(column.label, column.unit) for column in table.columns]
        yield Sheet(table.label, columns, table.rows)
    yield Sheet("Sources", (("Source", text), ("Rows", count)), _sources(report))


def _cover(report: Report) -> Iterator[Sequence[Value]]:
    account, period = report.account, report.period
    yield "Account", account.account
    yield "Name", account.name
    yield "Segment", account.segment
    yield "First day", period.start.isoformat()
    yield "Last day", period.last.isoformat()
    yield "Time zone", period.time_zone
    yield "As of", report.as_of
    yield "Complete", "no" if report.gaps else "yes"
    for gap in report.gaps:
        yield "Gap", gap
    yield "Report", report.report_id
    yield "Specification", str(report.spec_version)


def _sources(report: Report) -> Iterator[Sequence[Value]]:
    for source in report.sources:
        yield f"{source.name}: rows read", source.read
        yield f"{source.name}: rows counted", source.counted
        for reason, rows in source.dropped:
            yield f"{source.name}: not counted, {reason}", rows
        for note in source.notes:
            yield f"{source.name}: {note}", None
