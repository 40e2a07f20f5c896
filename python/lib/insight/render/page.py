"""The report as one self-contained page: no script, nothing loaded, every text escaped."""

import html
import re
from collections.abc import Iterable, Iterator, Sequence
from datetime import date

from insight.numbers.register import Chart, Unit
from insight.numbers.report import Figure, Report, Source, Table
from insight.numbers.trend import changes, is_month
from insight.render import charts
from insight.render.page_style import CSS

_HEAD = """<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="robots" content="noindex">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'">
"""
_LONG, _CHUNKS = 15, 3
_NUMBERS = frozenset(Unit) - {Unit.TEXT, Unit.DAY}
_CODE = re.compile(r"`([a-z_]+)`")
_DRAWN = {Chart.BARS: (charts.bars, charts.describe), Chart.PARTS: (charts.parts, charts.describe_parts)}


def render(report: Report) -> bytes:
    """Return the page, UTF-8."""
    return "\n".join(_page(report)).encode("utf-8", "replace")


def escape(text: str) -> str:
    """Return `text` for use between tags and in quoted attributes."""
    return html.escape(text, quote=True)


def _page(report: Report) -> Iterator[str]:
    period = report.period
    yield f"{_HEAD}<title>Usage report of {escape(report.account.name)}, {period.start} to {period.last}</title>"
    yield f"<style>{CSS}</style>\n</head>\n<body>"
    yield from _header(report)
    yield "<main>"
    changed = changes(report.tables)
    small_print = "Below each number: its change from the period before." if changed else ""
    yield from _section("Key figures", _figures(report.figures, changed), note=small_print)
    for table in report.tables:
        css = "long" if len(table.shown) > _LONG else ""
        yield from _section(table.label, _table(table), note=table.definition, css=css)
    yield from _section("What is counted", _definitions(report.figures))
    yield from _section("Where the numbers come from", _sources(report.sources))
    yield "</main>"
    yield f"<footer>Report {escape(report.report_id)}, specification {report.spec_version}</footer>"
    yield "</body>\n</html>\n"


def _header(report: Report) -> Iterator[str]:
    yield f'<header>\n<p class="kind">Usage report</p>\n<h1>{escape(report.account.name)}</h1>'
    yield f'<p class="when">{_when(report)}</p>'
    if report.gaps:
        yield f'<p class="status open"><b>Not complete:</b> {escape("; ".join(report.gaps))}</p>'
    else:
        yield '<p class="status complete"><b>Complete</b></p>'
    yield from _cover(report)
    yield "</header>"


def _when(report: Report) -> str:
    period = report.period
    if is_month(period):
        return f"{period.start:%B %Y}"
    return f"{_day(period.start)} to {_day(period.last)}"


def _day(day: date) -> str:
    return f"{day.day} {day:%B %Y}"


def _cover(report: Report) -> Iterator[str]:
    account, period = report.account, report.period
    facts = (
        ("Account", f"{account.name} ({account.account}), segment {account.segment}"),
        ("Period", f"{period.start} to {period.last}, both included ({len(period.days)} days)"),
        ("Time zone", period.time_zone),
        (
            "In UTC",
            f"from {period.starts_at:%Y-%m-%dT%H:%M:%SZ} until before {period.ends_at:%Y-%m-%dT%H:%M:%SZ}",
        ),
        ("As of", report.as_of),
        *((source.name, source.summary) for source in report.sources),
        ("Report", f"{report.report_id} (specification {report.spec_version})"),
    )
    yield '<dl class="cover">'
    for term, fact in facts:
        yield f"<dt>{escape(term)}</dt><dd>{escape(fact)}</dd>"
    yield "</dl>"


def _section(title: str, content: Iterable[str], *, note: str = "", css: str = "") -> Iterator[str]:
    yield f'<section class="{css}">' if css else "<section>"
    yield f"<h2>{escape(title)}</h2>"
    if note:
        yield f'<p class="note">{_with_code(note)}</p>'
    yield from content
    yield "</section>"


def _figures(shown: Sequence[Figure], changed: dict[str, str]) -> Iterator[str]:
    yield '<dl class="figures">'
    for figure in shown:
        css = "none" if figure.value is None else "number"
        text = escape(figure.text).replace(" points", ' <span class="unit">points</span>')
        yield (
            f'<div><dt>{escape(figure.label)}</dt><dd class="{css}">{text}</dd>'
            f'<dd class="change">{escape(changed.get(figure.label, ""))}</dd></div>'
        )
    yield "</dl>"


def _definitions(figures: Sequence[Figure]) -> Iterator[str]:
    yield '<dl class="terms">'
    for figure in figures:
        yield f"<dt>{escape(figure.label)}</dt><dd>{_with_code(figure.definition)}</dd>"
    yield "</dl>"


def _with_code(text: str) -> str:
    return _CODE.sub(r"<code>\1</code>", escape(text))


def _table(table: Table) -> Iterator[str]:
    if table.chart:
        draw, describe = _DRAWN[table.chart]
        yield f'<figure>\n<div class="wide">{draw(table.key, table.label, table.points())}</div>'
        yield f"<figcaption>{escape(describe(table.points()))}</figcaption>\n</figure>"
    if not table.rows:
        yield '<p class="note">Nothing to show in this period.</p>'
        return
    if table.cut:
        yield f'<p class="note">{escape(table.cut)}</p>'
    count, is_pair = len(table.shown), len(table.columns) == 2  # noqa: PLR2004  A name and one value.
    size = -(-count // _CHUNKS) if is_pair and count > _LONG else count
    chunks = [range(start, min(start + size, count)) for start in range(0, count, size)]
    yield f'<div class="{"chunks" if len(chunks) > 1 else "wide"}">'
    for chunk in chunks:
        yield from _grid(table, chunk, "narrow" if is_pair else "")
    yield "</div>"


def _grid(table: Table, rows: range, css: str) -> Iterator[str]:
    head = "".join(f'<th scope="col"{_css(column.unit)}>{escape(column.label)}</th>' for column in table.columns)
    yield f'<table class="{css}">' if css else "<table>"
    yield f"<thead><tr>{head}</tr></thead>\n<tbody>"
    for index in rows:
        first, *cells = (escape(text) for text in table.texts_of(index))
        units = table.units_of(index)
        rest = "".join(f"<td{_css(unit)}>{cell}</td>" for cell, unit in zip(cells, units[1:], strict=True))
        yield f'<tr><th scope="row"{_css(units[0])}>{first}</th>{rest}</tr>'
    yield "</tbody>\n</table>"


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
    if unit is Unit.DAY:
        return ' class="day"'
    return ' class="number"' if unit in _NUMBERS else ""
