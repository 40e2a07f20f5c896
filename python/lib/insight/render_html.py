"""The report as one self-contained page: no script, nothing loaded, every text escaped."""

import html
from collections.abc import Iterable, Iterator, Sequence

from insight import charts
from insight.metrics import Unit
from insight.page_style import CSS
from insight.report import Figure, Report, Source, Table, text_of

_HEAD = """<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="robots" content="noindex">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'">
"""
_LONG = 15


def render(report: Report) -> bytes:
    """Return the page, UTF-8."""
    return "\n".join(_page(report)).encode("utf-8", "replace")


def escape(text: str) -> str:
    """Return `text` for use between tags and in quoted attributes."""
    return html.escape(text, quote=True)


def _page(report: Report) -> Iterator[str]:
    title = escape(f"Usage report of {report.account.name}")
    yield f"{_HEAD}<title>{title}, {report.period.start} to {report.period.last}</title>"
    yield f"<style>{CSS}</style>\n</head>\n<body>\n<main>"
    yield f"<h1>{title}</h1>"
    yield from _cover(report)
    yield from _section("Usage", "", _figures(report.figures))
    for table in report.tables:
        yield from _section(table.label, table.definition, _table(table), css="long" if _is_long(table) else "")
    yield from _section("Where the numbers come from", "", _sources(report.sources))
    yield "</main>\n</body>\n</html>\n"


def _cover(report: Report) -> Iterator[str]:
    account, period = report.account, report.period
    complete = f"not complete: {'; '.join(report.gaps)}" if report.gaps else "complete"
    facts = (
        ("Account", f"{account.name} ({account.account}), segment {account.segment}"),
        ("Period", f"{period.start} to {period.last}, both included ({len(period.days)} days)"),
        ("Time zone", period.time_zone),
        (
            "In UTC",
            f"from {period.starts_at:%Y-%m-%dT%H:%M:%SZ} until before {period.ends_at:%Y-%m-%dT%H:%M:%SZ}",
        ),
        ("As of", report.as_of),
        ("Completeness", complete),
        *((source.name, _summary(source)) for source in report.sources),
        ("Report", f"{report.report_id} (specification {report.spec_version})"),
    )
    yield '<dl class="cover">'
    for term, fact in facts:
        yield f"<dt>{escape(term)}</dt><dd>{escape(fact)}</dd>"
    yield "</dl>"


def _summary(source: Source) -> str:
    counts = f"{source.read:,} rows read, {source.counted:,} counted"
    return "; ".join((counts, *(f"{rows:,} not counted, {reason}" for reason, rows in source.dropped)))


def _section(title: str, definition: str, content: Iterable[str], css: str = "") -> Iterator[str]:
    yield f'<section class="{css}">' if css else "<section>"
    yield f"<h2>{escape(title)}</h2>"
    if definition:
        yield f'<p class="note">{escape(definition)}</p>'
    yield from content
    yield "</section>"


def _figures(shown: Sequence[Figure]) -> Iterator[str]:
    yield '<dl class="figures">'
    for figure in shown:
        yield (
            f"<div><dt>{escape(figure.label)}</dt><dd>{escape(figure.text)}</dd>"
            f'<dd class="definition">{escape(figure.definition)}</dd></div>'
        )
    yield "</dl>"


def _table(table: Table) -> Iterator[str]:
    if table.charted:
        points = chart_points(table)
        yield charts.bars(table.key, escape(table.label), points)
        yield f'<p class="note">{escape(charts.describe(points))}</p>'
    if not table.rows:
        yield '<p class="note">Nothing to show in this period.</p>'
        return
    shown = table.rows[: table.limit] if table.limit else table.rows
    if len(shown) < len(table.rows):
        yield f'<p class="note">{len(shown)} of {len(table.rows):,} rows; the other formats hold all of them.</p>'
    head = "".join(f'<th scope="col"{_css(column.unit)}>{escape(column.label)}</th>' for column in table.columns)
    yield f"<table>\n<thead><tr>{head}</tr></thead>\n<tbody>"
    for row in shown:
        cells = [escape(text_of(value, column.unit)) for value, column in zip(row, table.columns, strict=True)]
        rest = zip(cells[1:], table.columns[1:], strict=True)
        numbers = "".join(f"<td{_css(column.unit)}>{cell}</td>" for cell, column in rest)
        yield f'<tr><th scope="row">{cells[0]}</th>{numbers}</tr>'
    yield "</tbody>\n</table>"


def chart_points(table: Table) -> list[tuple[str, int | float | None]]:
    """Return the first two columns of a table for a chart."""
    return [(str(row[0]), row[1]) for row in table.rows if row[1] is None or isinstance(row[1], int | float)]


def _sources(sources: Sequence[Source]) -> Iterator[str]:
    yield '<table>\n<thead><tr><th scope="col">Source</th><th scope="col" class="number">Rows</th></tr></thead>'
    yield "<tbody>"
    for source in sources:
        reasons = [(f"not counted, {reason}", count) for reason, count in source.dropped]
        for what, rows in (("rows read", source.read), ("rows counted", source.counted), *reasons):
            yield f'<tr><th scope="row">{escape(f"{source.name}: {what}")}</th><td class="number">{rows:,}</td></tr>'
    yield "</tbody>\n</table>"
    for source in sources:
        for note in source.notes:
            yield f'<p class="note">{escape(f"{source.name}: {note}")}.</p>'


def _css(unit: Unit) -> str:
    return ' class="number"' if unit in (Unit.COUNT, Unit.SHARE, Unit.POINTS) else ""


def _is_long(table: Table) -> bool:
    return len(table.rows) > _LONG
