"""What came before: the thirteen months up to the period's end, and the comparison with the period before it."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import date, timedelta

from insight.analysis import Row, Value
from insight.metrics import FIGURES, Column, Unit
from insight.periods import Period
from insight.report import Table, text_of
from insight.workshop import Earlier, Figures

MONTHS = 13

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
    "directly before it. The change is in the unit of the number: points of a share are differences of percentages."
)


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
    columns = [Column("month", "Month", Unit.TEXT)]
    columns += [Column(key, FIGURES[key].label, FIGURES[key].unit) for key in _TREND_FIGURES]
    rows = tuple(_month_row(month, figures) for month, figures in months)
    return Table("trend", "Thirteen months", tuple(columns), rows, _TREND_DEFINITION, charted=True)


def comparison_table(figures: Figures, earlier: Earlier) -> Table:
    """Return the comparison, a row a figure; values are texts, for each has a unit of its own."""
    previous = earlier.figures or {}
    columns = ("Number", "This period", f"{earlier.period.start} to {earlier.period.last}", "Change")
    keys = ("figure", "this", "before", "change")
    rows = tuple(_comparison_row(key, figures[key], previous.get(key)) for key in FIGURES)
    labelled = zip(keys, columns, strict=True)
    return Table(
        "comparison",
        "Compared with the period before",
        tuple(Column(key, label, Unit.TEXT) for key, label in labelled),
        rows,
        _COMPARISON_DEFINITION,
    )


def peers_table(figures: Figures, month: date, accounts: int, quartiles: Mapping[str, Sequence[float]]) -> Table:
    """Return the account beside the quartiles of its segment, without any name."""
    labels = ("Number", "This account", "Lower quartile", "Median", "Upper quartile")
    keys = ("figure", "this", "lower", "median", "upper")
    rows = tuple(
        (FIGURES[key].label, *(text_of(value, FIGURES[key].unit) for value in (figures[key], *quartiles[key])))
        for key in FIGURES
        if key in quartiles
    )
    columns = tuple(Column(key, label, Unit.TEXT) for key, label in zip(keys, labels, strict=True))
    definition = (
        f"The {accounts} accounts of the same segment with a report of {month:%Y-%m}: quartiles of their numbers."
    )
    return Table("peers", "Peers in the segment", columns, rows, definition)


def _month_row(month: Period, figures: Figures | None) -> Row:
    values: Iterable[Value] = (figures.get(key) if figures else None for key in _TREND_FIGURES)
    return (f"{month.start:%Y-%m}", *values)


def _comparison_row(key: str, value: int | float | None, previous: int | float | None) -> Row:
    unit = FIGURES[key].unit
    change = "" if value is None or previous is None else _change(value, previous, unit)
    return FIGURES[key].label, text_of(value, unit), text_of(previous, unit), change


def _change(value: int | float, previous: int | float, unit: Unit) -> str:
    if unit is Unit.SHARE:
        return f"{(value - previous) * 100:+.1f} %-points"
    if unit is Unit.POINTS:
        return f"{value - previous:+.1f} points"
    share = f" ({(value - previous) / previous:+.1%})" if previous else ""
    return f"{value - previous:+,}{share}"


def _next_month(day: date) -> date:
    return (day.replace(day=1) + timedelta(days=32)).replace(day=1)
