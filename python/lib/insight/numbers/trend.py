"""What came before: the thirteen months up to the period's end, and the comparison with the period before it."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import date, timedelta

from insight.numbers.analysis import Earlier, Figures, Row, Value
from insight.numbers.metrics import FIGURES
from insight.numbers.register import Chart, Column, Unit
from insight.numbers.report import NO_VALUE, Table
from insight.periods import Period

MONTHS = 13
COMPARISON = "comparison"

_TREND_FIGURES = (
    "active_users",
    "seat_utilisation",
    "sessions",
    "documents_created",
    "documents_scored",
    "mean_score_uplift",
    "phrases_accepted",
)
_TREND_DEFINITION = (
    "The thirteen local months up to the one in which the period ends, each counted like the period itself, with the "
    "seats of today. A month that the period ends in the middle of is counted to the period's end. Months without any "
    "file of events have no numbers."
)
_COMPARISON_DEFINITION = (
    "This period beside the one before: the month before when the period is one whole month, else as many days "
    "directly before it. The change of a share is in percentage points (pp), that of a score in points."
)
_CHANGES = {Unit.COUNT: Unit.COUNT_CHANGE, Unit.SHARE: Unit.SHARE_CHANGE, Unit.POINTS: Unit.POINTS}


def months_until(period: Period) -> tuple[Period, ...]:
    """Return the trend's months in order; the last ends where the period does."""
    months = []
    start, end = period.last.replace(day=1), period.end
    for _ in range(MONTHS):
        months.append(Period(start, end, period.time_zone))
        start, end = (start - timedelta(days=1)).replace(day=1), start
    return tuple(reversed(months))


def before(period: Period) -> Period:
    """Return the period to compare with."""
    if is_month(period):
        return Period((period.start - timedelta(days=1)).replace(day=1), period.start, period.time_zone)
    return Period(period.start - (period.end - period.start), period.start, period.time_zone)


def is_month(period: Period) -> bool:
    """Say whether the period is exactly one calendar month."""
    return period.start.day == 1 and period.end == _next_month(period.start)


def trend_table(months: Sequence[tuple[Period, Figures | None]]) -> Table:
    """Return the trend, a row a month."""
    columns = [Column("month", "Month", Unit.DAY)]
    columns += [Column(key, FIGURES[key].label, FIGURES[key].unit) for key in _TREND_FIGURES]
    rows = tuple(_month_row(month, figures) for month, figures in months)
    return Table("trend", "Thirteen months", tuple(columns), rows, _TREND_DEFINITION, Chart.BARS)


def comparison_table(figures: Figures, earlier: Earlier) -> Table:
    """Return the comparison, a row a figure; every row has units of its own."""
    previous = earlier.figures or {}
    columns = (
        Column("figure", "Number", Unit.TEXT),
        Column("this", "This period", Unit.OWN),
        Column("before", f"{earlier.period.start} to {earlier.period.last}", Unit.OWN),
        Column("change", "Change", Unit.OWN),
        Column("growth", "In percent", Unit.GROWTH),
    )
    rows = tuple(_comparison_row(key, figures[key], previous.get(key)) for key in FIGURES)
    units = tuple(
        (Unit.TEXT, metric.unit, metric.unit, _CHANGES[metric.unit], Unit.GROWTH) for metric in FIGURES.values()
    )
    label = "Compared with the period before"
    return Table(COMPARISON, label, columns, rows, _COMPARISON_DEFINITION, row_units=units)


def peers_table(figures: Figures, month: date, accounts: int, quartiles: Mapping[str, Sequence[float]]) -> Table:
    """Return the account beside the quartiles of its segment, without any name."""
    labels = {"this": "This account", "lower": "Lower quartile", "median": "Median", "upper": "Upper quartile"}
    columns = tuple(Column(key, label, Unit.OWN) for key, label in labels.items())
    keys = [key for key in FIGURES if key in quartiles]
    rows: tuple[Row, ...] = tuple((FIGURES[key].label, figures[key], *quartiles[key]) for key in keys)
    units = tuple((Unit.TEXT, *(FIGURES[key].unit for _ in columns)) for key in keys)
    definition = (
        f"The {accounts} accounts of the same segment with a report of {month:%Y-%m}: quartiles of their numbers."
    )
    columns = (Column("figure", "Number", Unit.TEXT), *columns)
    return Table("peers", "Peers in the segment", columns, rows, definition, row_units=units)


def changes(tables: Iterable[Table]) -> dict[str, str]:
    """Return by figure's label how it changed, in words, from the table of the comparison if there is one."""
    found = next((table for table in tables if table.key == COMPARISON), None)
    if found is None:
        return {}
    texts = (found.texts_of(index) for index, row in enumerate(found.rows) if row[3] is not None)
    return {label: _in_words(change, growth) for label, _, _, change, growth in texts}


def _in_words(change: str, growth: str) -> str:
    if not change.strip("+-0. p"):
        return "no change"
    return change if growth == NO_VALUE else f"{change} ({growth})"


def _month_row(month: Period, figures: Figures | None) -> Row:
    values: Iterable[Value] = (figures.get(key) if figures else None for key in _TREND_FIGURES)
    return (f"{month.start:%Y-%m}", *values)


def _comparison_row(key: str, value: int | float | None, previous: int | float | None) -> Row:
    change = None if value is None or previous is None else value - previous
    # Growth says something of counts alone: a share and a score have their own measure.
    grows = FIGURES[key].unit is Unit.COUNT and change is not None and previous
    return FIGURES[key].label, value, previous, change, change / previous if grows and change and previous else None


def _next_month(day: date) -> date:
    return (day.replace(day=1) + timedelta(days=32)).replace(day=1)
