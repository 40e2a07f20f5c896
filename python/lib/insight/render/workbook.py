"""The report as a workbook: a sheet per section, written row by row, so that its size does not matter."""

import tempfile
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from pathlib import Path
from typing import Any

from insight.numbers.analysis import Value
from insight.numbers.register import Chart, Unit
from insight.numbers.report import Report

# The creation date is part of the file; only a fixed one keeps equal reports equal byte by byte.
_CREATED = datetime(2000, 1, 1)  # noqa: DTZ001  The format has no zone.
_FORMATS = {
    Unit.DAY: "yyyy-mm-dd",
    Unit.COUNT: "#,##0.##",
    Unit.SHARE: "0.0%",
    Unit.POINTS: "+0.0;-0.0;0.0",
    Unit.COUNT_CHANGE: "+#,##0.##;-#,##0.##;0",
    Unit.SHARE_CHANGE: "+0.0%;-0.0%;0.0%",
    Unit.GROWTH: "+0.0%;-0.0%;0.0%",
}
_HEADER = {"bold": True, "font_color": "#17202b", "bg_color": "#e8eef6", "bottom": 1, "border_color": "#a8b4c2"}
_LONGEST_TEXT = 32_767
_MOST_ROWS = 1_048_576
_LONGEST_NAME = 31
_WIDTHS = {Unit.TEXT: 30, Unit.DAY: 14}
_WIDTH = 18


@dataclass(frozen=True)
class Sheet:
    """A sheet: its header with the unit of each column, and its rows, which are asked for once and not kept.

    `units_of` tells the units of one row where the columns' do not hold; `chart` draws the second column; `widths` are
    the columns' in letters, by their units when not given.
    """

    name: str
    columns: Sequence[tuple[str, Unit]]
    rows: Iterable[Sequence[Value]]
    units_of: Callable[[int], Sequence[Unit]] | None = None
    chart: bool = False
    widths: Sequence[int] = ()


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
        formats: dict[Unit, Any] = {
            unit: book.add_format({"num_format": pattern}) for unit, pattern in _FORMATS.items()
        }
        formats |= {
            Unit.TEXT: book.add_format({"indent": 1}),
            Unit.DAY: book.add_format({"num_format": _FORMATS[Unit.DAY], "align": "left"}),
        }
        headers = (book.add_format({**_HEADER, "indent": 1}), book.add_format({**_HEADER, "align": "right"}))
        for sheet in sheets:
            page = book.add_worksheet(sheet.name[:_LONGEST_NAME])
            rows = _write(page, sheet, formats, headers)
            if sheet.chart and rows:
                page.insert_chart(1, len(sheet.columns) + 1, _chart(book, sheet, rows))


def _write(page: Any, sheet: Sheet, formats: dict[Unit, Any], headers: tuple[Any, ...]) -> int:
    """Write a sheet; return how many rows it has below its header."""
    page.freeze_panes(1, 0)
    page.set_landscape()
    page.fit_to_pages(1, 0)
    page.repeat_rows(0)
    units = [unit for _, unit in sheet.columns]
    for index, (label, unit) in enumerate(sheet.columns):
        width = sheet.widths[index] if sheet.widths else max(_WIDTHS.get(unit, _WIDTH), len(label) + 2)
        page.set_column(index, index, width)
        page.write_string(0, index, label, headers[unit not in _WIDTHS])
    number = 0
    for number, row in enumerate(sheet.rows, start=1):
        if number >= _MOST_ROWS:
            raise ValueError(f"A sheet holds {_MOST_ROWS - 1} rows at most; {sheet.name} has more.")
        own = sheet.units_of(number - 1) if sheet.units_of else units
        for index, (value, unit) in enumerate(zip(row, own, strict=True)):
            _write_cell(page, number, index, value, formats[unit])
    return number


def _write_cell(page: Any, row: int, column: int, value: Value, style: Any) -> None:
    if isinstance(value, str):
        # Never `write`, which would take a text that begins with = for a formula.
        text = value if len(value) <= _LONGEST_TEXT else value[: _LONGEST_TEXT - 1] + "…"
        page.write_string(row, column, text, style)
    elif isinstance(value, date):
        page.write_datetime(row, column, value, style)
    elif value is not None:
        page.write_number(row, column, value, style)


def _chart(book: Any, sheet: Sheet, rows: int) -> Any:
    chart = book.add_chart({"type": "column"})
    name, label = sheet.name[:_LONGEST_NAME], sheet.columns[1][0]
    chart.add_series(
        {
            "name": label,
            "categories": [name, 1, 0, rows, 0],
            "values": [name, 1, 1, rows, 1],
            "fill": {"color": "#1f63c6"},
            "gap": 40,
        }
    )
    chart.set_title({"name": sheet.name, "name_font": {"size": 12}})
    chart.set_legend({"none": True})
    chart.set_x_axis({"num_format": "d mmm"})
    chart.set_y_axis({"major_gridlines": {"visible": True, "line": {"color": "#dde3ea"}}, "min": 0})
    chart.set_size({"width": 760, "height": 320})
    return chart


def _sheets(report: Report) -> Iterator[Sheet]:
    text, count = Unit.TEXT, Unit.COUNT
    yield Sheet("Report", (("What", text), ("Value", text)), _cover(report), widths=(20, 80))
    figures = [(figure.label, figure.value, figure.definition) for figure in report.figures]
    units = [(text, figure.unit, text) for figure in report.figures]
    columns = (("Number", text), ("Value", Unit.OWN), ("What is counted", text))
    yield Sheet("Key figures", columns, figures, units.__getitem__, widths=(26, 14, 150))
    for table in report.tables:
        heads = [(column.label, column.unit) for column in table.columns]
        yield Sheet(table.label, heads, table.rows, table.units_of, table.chart is Chart.BARS)
    yield Sheet("Sources", (("Source", text), ("Rows", count)), _sources(report), widths=(110, 14))


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
