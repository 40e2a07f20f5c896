"""The report as PDF, when the `pdf` extra is installed; without it, PDF is refused with the reason.

Browsers print the page well; this is for those who must attach a file.
"""

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from insight.numbers.register import Chart, Unit
from insight.numbers.report import Report, Table
from insight.numbers.trend import COMPARISON, changes
from insight.render import charts
from opscore.errors import UsageProblem

if TYPE_CHECKING:
    from fpdf import FPDF

# Part of the file; only a fixed one keeps equal reports equal byte by byte.
_CREATED = datetime(2000, 1, 1, tzinfo=UTC)
_INK, _SOFT, _LINE, _PAPER = (23, 32, 43), (86, 98, 112), (214, 221, 229), (255, 255, 255)
_BAR, _WEEKEND = (31, 99, 198), (168, 197, 238)
_WIDTH, _ROW = 180.0, 5.2
_CARDS, _CARD_HEIGHT, _GAP = 4, 19.0, 3.0
_SCALE = _WIDTH / charts.WIDTH
_WITH_HEADING = 35
_LOST = "Letters that the fonts of this file lack are shown as ?; the other formats have them."


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
        import fpdf
    except ImportError:
        raise PdfUnavailable from None

    class Pages(fpdf.FPDF):
        def footer(self) -> None:
            self.set_y(-12)
            _font(self, 7.5, _SOFT)
            self.cell(0, 4, f"Report {report.report_id}", align="L")
            self.cell(0, 4, f"{self.page_no()} / {{nb}}", align="R")

    pages = Pages()
    pages.set_creation_date(_CREATED)
    pages.set_title(_latin(f"Usage report of {report.account.name}"))
    pages.set_margins(15, 15)
    pages.set_auto_page_break(auto=True, margin=18)
    pages.add_page()
    _cover(pages, report)
    _figures(pages, report)
    for table in report.tables:
        _table(pages, table)
    _definitions(pages, report)
    return bytes(pages.output())


def _cover(pages: "FPDF", report: Report) -> None:
    account, period = report.account, report.period
    _text(pages, "USAGE REPORT", size=8, colour=_BAR, style="B")
    _text(pages, account.name, size=20, style="B")
    _text(pages, f"{period.start} to {period.last}, both included, {period.time_zone}", size=11, colour=_SOFT)
    pages.ln(2)
    _text(pages, f"Not complete: {'; '.join(report.gaps)}." if report.gaps else "Complete.", size=9.5, style="B")
    _text(pages, f"Account {account.account}, segment {account.segment}. As of {report.as_of}.", colour=_SOFT)
    for source in report.sources:
        facts = (f"{source.name}: {source.summary}", *source.notes)
        _text(pages, " ".join(f"{fact}." for fact in facts), colour=_SOFT)
    shown = (account.name, *(text for table in report.tables for row in table.shown for text in row))
    if any(isinstance(text, str) and _loses(text) for text in shown):
        _text(pages, _LOST, colour=_SOFT)


def _figures(pages: "FPDF", report: Report) -> None:
    _heading(pages, "Key figures")
    if any(table.key == COMPARISON for table in report.tables):
        _text(pages, "Below each number: its change from the period before.", size=8, colour=_SOFT)
        pages.ln(1)
    changed, width = changes(report.tables), (_WIDTH - _GAP * (_CARDS - 1)) / _CARDS
    top = pages.get_y()
    for number, figure in enumerate(report.figures):
        x, y = 15 + number % _CARDS * (width + _GAP), top + number // _CARDS * (_CARD_HEIGHT + _GAP)
        pages.set_draw_color(*_LINE)
        pages.rect(x, y, width, _CARD_HEIGHT, style="D", round_corners=True, corner_radius=1.5)
        change = changed.get(figure.label, "")
        lines = ((figure.label, 8, _SOFT, ""), (figure.text, 14, _INK, "B"), (change, 7, _SOFT, ""))
        for (text, size, colour, style), offset in zip(lines, (1.6, 6.4, 13.2), strict=True):
            _font(pages, size if figure.value is not None or size == 7 else 8, colour, style)  # noqa: PLR2004
            pages.set_xy(x + 2, y + offset)
            pages.cell(width - 4, size * 0.45, _latin(text))
    rows = -(-len(report.figures) // _CARDS)
    pages.set_xy(15, top + rows * (_CARD_HEIGHT + _GAP))


def _table(pages: "FPDF", table: Table) -> None:
    _heading(pages, table.label, with_chart=table.chart is Chart.BARS)
    _text(pages, table.definition.replace("`", ""), size=8, colour=_SOFT)
    if table.chart is Chart.BARS:
        _chart(pages, table)
    if not table.rows:
        _text(pages, "Nothing to show in this period.")
        return
    if table.cut:
        _text(pages, table.cut)
    _grid(pages, table)


def _grid(pages: "FPDF", table: Table) -> None:
    try:
        from fpdf.enums import TableBordersLayout
        from fpdf.fonts import FontFace
    except ImportError:
        raise PdfUnavailable from None
    _font(pages, 8, _INK)
    pages.set_draw_color(*_LINE)
    pages.set_fill_color(*_PAPER)
    is_text = [column.unit in (Unit.TEXT, Unit.DAY) for column in table.columns]
    options: dict[str, Any] = {
        "borders_layout": TableBordersLayout.HORIZONTAL_LINES,
        "col_widths": tuple(8 if text else 3 for text in is_text),
        "headings_style": FontFace(emphasis="", color=_SOFT),
        "line_height": _ROW,
        "text_align": tuple("LEFT" if text else "RIGHT" for text in is_text),
        "width": _WIDTH if len(table.columns) > 2 else _WIDTH / 2,  # noqa: PLR2004  A name and one value.
        "align": "LEFT",
    }
    with pages.table(**options) as grid:
        grid.row([_latin(column.label) for column in table.columns])
        for index, _ in enumerate(table.shown):
            grid.row([_latin(text) for text in table.texts_of(index)])


def _chart(pages: "FPDF", table: Table) -> None:
    """Draw the bars of the page's own chart."""
    points, height = table.points(), charts.HEIGHT * _SCALE
    left, top = 15.0, pages.get_y()
    pages.set_draw_color(*_LINE)
    for mark in charts.grid(points):
        pages.line(left + mark.x * _SCALE, top + mark.y * _SCALE, left + _WIDTH, top + mark.y * _SCALE)
        _put(pages, mark.text, left, top + mark.y * _SCALE - 2, mark.x * _SCALE - 2, "R")
    for bar in charts.lay_out(points):
        pages.set_fill_color(*(_WEEKEND if bar.is_weekend else _BAR))
        box = (left + bar.x * _SCALE, top + bar.y * _SCALE, bar.width * _SCALE, bar.height * _SCALE)
        pages.rect(*box, style="F")
        if charts.has_values(points):
            _put(pages, f"{bar.value:,}", left + bar.x * _SCALE - 5, box[1] - 4, box[2] + 10, "C")
    for mark in charts.ticks(points):
        _put(pages, mark.text, left + mark.x * _SCALE - 12, top + mark.y * _SCALE - 3, 24, "C")
    pages.set_xy(15, top + height)
    _text(pages, charts.describe(points), size=8, colour=_SOFT)


def _definitions(pages: "FPDF", report: Report) -> None:
    _heading(pages, "What is counted")
    for figure in report.figures:
        _text(pages, f"{figure.label}: {figure.definition.replace('`', '')}", size=8, colour=_SOFT)


def _heading(pages: "FPDF", text: str, *, with_chart: bool = False) -> None:
    """Begin a section, on a new page when what belongs to its heading would not stand below it."""
    pages.ln(5)
    if pages.will_page_break(_WITH_HEADING + (charts.HEIGHT * _SCALE if with_chart else 0)):
        pages.add_page()
    _text(pages, text, size=13, style="B")


def _put(pages: "FPDF", text: str, x: float, y: float, width: float, align: str) -> None:
    _font(pages, 7, _SOFT)
    pages.set_xy(x, y)
    pages.cell(width, 4, _latin(text), align=align)


def _text(pages: "FPDF", text: str, size: float = 9, colour: tuple[int, int, int] = _INK, style: str = "") -> None:
    _font(pages, size, colour, style)
    pages.multi_cell(0, size * 0.5, _latin(text), align="L", new_x="LMARGIN", new_y="NEXT")


def _font(pages: "FPDF", size: float, colour: tuple[int, int, int], style: str = "") -> None:
    pages.set_font("Helvetica", style, size)
    pages.set_text_color(*colour)


def _loses(text: str) -> bool:
    return _latin(text) != text


def _latin(text: str) -> str:
    # The fonts that every reader has know Latin-1 alone; others would have to be shipped.
    return text.replace("–", "-").encode("latin-1", "replace").decode("latin-1")  # noqa: RUF001
