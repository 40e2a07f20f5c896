"""The report as PDF, when the `pdf` extra is installed; without it, PDF is refused with the reason.

Browsers print the page well; this is for those who must attach a file. It holds the figures and the tables.
"""

from datetime import UTC, datetime
from typing import TYPE_CHECKING

from insight.report import Report, Table, text_of
from opscore.errors import UsageProblem

if TYPE_CHECKING:
    from fpdf import FPDF

# Part of the file; only a fixed one keeps equal reports equal byte by byte.
_CREATED = datetime(2000, 1, 1, tzinfo=UTC)
_LINE = 5


class PdfUnavailable(UsageProblem):
    """A PDF was asked for where nothing can write one."""

    def __init__(self) -> None:
        super().__init__(
            "PDF is not available here: the `pdf` extra is not installed.",
            hint="Ask for html and print it, or install opsctl[pdf] beside the generator.",
        )


def render(report: Report) -> bytes:
    """Return the report as PDF; raises PdfUnavailable when the writer is not installed."""
    try:
        from fpdf import FPDF
    except ImportError:
        raise PdfUnavailable from None
    page = FPDF()
    page.set_creation_date(_CREATED)
    page.set_title(_latin(f"Usage report of {report.account.name}"))
    page.set_auto_page_break(auto=True, margin=15)
    page.add_page()
    _cover(page, report)
    for table in report.tables:
        _table(page, table)
    return bytes(page.output())


def _cover(page: "FPDF", report: Report) -> None:
    period = report.period
    _text(page, f"Usage report of {report.account.name}", size=16)
    _text(page, f"{period.start} to {period.last}, {period.time_zone}. As of {report.as_of}.")
    _text(page, f"Not complete: {'; '.join(report.gaps)}." if report.gaps else "Complete.")
    for source in report.sources:
        _text(page, f"{source.name}: {source.read:,} rows read, {source.counted:,} counted.")
    _text(page, f"Report {report.report_id}")
    with page.table(line_height=_LINE) as grid:
        for figure in report.figures:
            grid.row([_latin(figure.label), _latin(figure.text)])


def _table(page: "FPDF", table: Table) -> None:
    _text(page, table.label, size=12)
    _text(page, table.definition, size=8)
    if not table.rows:
        _text(page, "Nothing to show in this period.")
        return
    shown = table.rows[: table.limit] if table.limit else table.rows
    if len(shown) < len(table.rows):
        _text(page, f"{len(shown)} of {len(table.rows):,} rows; XLSX, CSV and JSON hold all of them.")
    page.set_font("Helvetica", size=8)
    with page.table(line_height=_LINE) as grid:
        grid.row([_latin(column.label) for column in table.columns])
        for row in shown:
            cells = zip(row, table.columns, strict=True)
            grid.row([_latin(text_of(value, column.unit)) for value, column in cells])


def _text(page: "FPDF", text: str, size: int = 10) -> None:
    page.set_font("Helvetica", size=size)
    page.multi_cell(0, size / 2 + 1, _latin(text), new_x="LMARGIN", new_y="NEXT")


def _latin(text: str) -> str:
    # The fonts that every reader has know Latin-1 alone; others would have to be shipped.
    return text.replace("–", "-").encode("latin-1", "replace").decode("latin-1")  # noqa: RUF001
