"""The report as one self-contained page: no script, nothing loaded, every text escaped."""

import html
from collections.abc import Iterable, Iterator, Sequence

from insight import daily_chart
from insight.page_style import CSS
from insight.report import Figure, Report, Source, figures

_HEAD = """<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="robots" content="noindex">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'">
"""


def render(report: Report) -> bytes:
    """Return the page, UTF-8."""
    return "\n".join(_page(report)).encode("utf-8", "replace")


def _page(report: Report) -> Iterator[str]:
    title = escape(f"Usage report of {report.account.name}")
    yield f"{_HEAD}<title>{title}, {report.period.start} to {report.period.last}</title>"
    yield f"<style>{CSS}</style>\n</head>\n<body>\n<main>"
    yield f"<h1>{title}</h1>"
    yield from _cover(report)
    yield from _section("Usage", _figures(figures(report.metrics)))
    yield from _section("Daily active users", _chart(report))
    yield from _section("Documents created", _documents(report.metrics.documents_by_kind))
    yield from _section("Where the numbers come from", _sources(report.sources))
    yield from _section("Daily active users, day by day", _days(report), css="long")
    yield "</main>\n</body>\n</html>\n"


def escape(text: str) -> str:
    """Return `text` for use between tags and in quoted attributes."""
    return html.escape(text, quote=True)


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


def _section(title: str, content: Iterable[str], css: str = "") -> Iterator[str]:
    yield f'<section class="{css}">' if css else "<section>"
    yield f"<h2>{escape(title)}</h2>"
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


def _chart(report: Report) -> Iterator[str]:
    days = report.metrics.daily_active_users
    yield daily_chart.draw(days)
    yield f'<p class="note">{escape(daily_chart.describe(days))}</p>'


def _documents(kinds: Sequence[tuple[str, int]]) -> Iterator[str]:
    if kinds:
        yield from _table(("Kind", "Documents"), kinds)
    else:
        yield '<p class="note">No document was created in this period.</p>'


def _sources(sources: Sequence[Source]) -> Iterator[str]:
    rows: list[tuple[str, int]] = []
    for source in sources:
        rows.append((f"{source.name}: rows read", source.read))
        rows.append((f"{source.name}: rows counted", source.counted))
        rows.extend((f"{source.name}: not counted, {reason}", count) for reason, count in source.dropped)
    yield from _table(("Source", "Rows"), rows)
    for source in sources:
        for note in source.notes:
            yield f'<p class="note">{escape(f"{source.name}: {note}")}.</p>'


def _days(report: Report) -> Iterator[str]:
    days = [(day.isoformat(), users) for day, users in report.metrics.daily_active_users]
    yield from _table(("Day", "Active users"), days)


def _table(header: tuple[str, str], rows: Sequence[tuple[str, int]]) -> Iterator[str]:
    yield "<table>"
    yield f'<thead><tr><th scope="col">{header[0]}</th><th scope="col" class="number">{header[1]}</th></tr></thead>'
    yield "<tbody>"
    for label, number in rows:
        yield f'<tr><th scope="row">{escape(label)}</th><td class="number">{number:,}</td></tr>'
    yield "</tbody>\n</table>"
