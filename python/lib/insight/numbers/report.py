"""The report as data: what every rendering shows, computed once and free of any clock."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import date, timedelta

from insight.numbers.analysis import Row, RowCounts, Value
from insight.numbers.metrics import FIGURES, TABLES
from insight.numbers.register import Chart, Column, Unit
from insight.periods import Period
from insight.sources.accounts import Account
from insight.sources.events import Dropped

NO_VALUE = "–"  # noqa: RUF001  A dash, for there is no number.


@dataclass(frozen=True)
class Source:
    """Where numbers come from: rows read, rows counted, and for the rest the reasons with their counts."""

    name: str
    read: int
    counted: int
    dropped: tuple[tuple[str, int], ...] = ()
    notes: tuple[str, ...] = ()

    @property
    def summary(self) -> str:
        """What became of the rows, in one line."""
        counts = f"{_rows(self.read)} read, {self.counted:,} counted"
        return "; ".join((counts, *(f"{rows:,} not counted, {reason}" for reason, rows in self.dropped)))


@dataclass(frozen=True)
class Figure:
    """One headline number: its key for programs, its label and text for people, and what is counted."""

    key: str
    label: str
    unit: Unit
    value: int | float | None
    text: str
    definition: str


@dataclass(frozen=True)
class Table:
    """One table, all of its rows; a page may show the first `limit` of them, and then says so.

    `row_units` are the units of each row, where those of the columns are not the whole truth.
    """

    key: str
    label: str
    columns: tuple[Column, ...]
    rows: tuple[Row, ...]
    definition: str
    chart: Chart | None = None
    limit: int | None = None
    row_units: tuple[tuple[Unit, ...], ...] = ()

    @property
    def shown(self) -> tuple[Row, ...]:
        """The rows that a page shows."""
        return self.rows[: self.limit] if self.limit else self.rows

    @property
    def cut(self) -> str:
        """What to tell a reader of a page who does not see all rows; empty when nothing is left out."""
        left_out = len(self.shown) < len(self.rows)
        return (
            f"{len(self.shown):,} of {_rows(len(self.rows))}; XLSX, CSV and JSON hold all of them." if left_out else ""
        )

    def units_of(self, index: int) -> tuple[Unit, ...]:
        """Return the unit of each value of one row."""
        return self.row_units[index] if self.row_units else tuple(column.unit for column in self.columns)

    def texts_of(self, index: int) -> list[str]:
        """Return the values of one row as people read them."""
        return [text_of(value, unit) for value, unit in zip(self.rows[index], self.units_of(index), strict=True)]

    def points(self) -> list[tuple[str, int | float | None]]:
        """Return the first two columns for a chart."""
        return [(str(row[0]), row[1]) for row in self.rows if row[1] is None or isinstance(row[1], int | float)]


@dataclass(frozen=True)
class Report:
    """One account's usage in one period. Equal inputs give an equal report.

    `gaps` says what was missing when the report was made; without any it is complete.
    """

    report_id: str
    spec_version: int
    account: Account
    period: Period
    sources: tuple[Source, ...]
    figures: tuple[Figure, ...]
    tables: tuple[Table, ...]
    gaps: tuple[str, ...] = ()
    as_of: str = ""


def make_figures(values: Mapping[str, int | float | None]) -> tuple[Figure, ...]:
    """Return the headline numbers in the order in which a reader wants them."""
    return tuple(
        Figure(
            key,
            metric.label,
            metric.unit,
            values[key],
            _figure_text(values[key], metric.unit, metric.empty),
            metric.definition,
        )
        for key, metric in FIGURES.items()
    )


def make_tables(rows: Mapping[str, tuple[Row, ...]]) -> tuple[Table, ...]:
    """Return the tables of the period itself."""
    return tuple(
        Table(key, metric.label, metric.columns, rows[key], metric.definition, metric.chart, metric.limit)
        for key, metric in TABLES.items()
    )


def text_of(value: Value, unit: Unit) -> str:
    """Write a value for people."""
    if value is None:
        return NO_VALUE
    if isinstance(value, str | date):
        return str(value)
    return _NUMBERS[unit](value)


_NUMBERS: Mapping[Unit, Callable[[int | float], str]] = {
    # Counts are whole, quartiles of counts need not be.
    Unit.COUNT: lambda value: f"{value:,.1f}".removesuffix(".0"),
    Unit.SHARE: "{:.1%}".format,
    Unit.POINTS: "{:+,.1f}".format,
    Unit.COUNT_CHANGE: lambda value: f"{value:+,.1f}".removesuffix(".0"),
    Unit.SHARE_CHANGE: lambda value: f"{value * 100:+.1f} pp",
    Unit.GROWTH: "{:+.1%}".format,
}


def event_source(counts: RowCounts, files: int, missing: Iterable[date], engine: str) -> Source:
    """Describe the usage events that were read, and the dates of the period without a file."""
    notes = ["1 file" if files == 1 else f"{files:,} files", f"read by {engine}"]
    if ranges := _ranges(missing):
        notes.append(f"no file, so no usage or none yet, for these UTC dates: {', '.join(ranges)}")
    if counts.without_user:
        named = (
            "row names no user: it counts as an event"
            if counts.without_user == 1
            else ("rows name no user: they count as events")
        )
        notes.append(f"{counts.without_user:,} {named}, for no user")
    if counts.late:
        counted = "it is counted" if counts.late == 1 else "they are counted"
        notes.append(f"{_rows(counts.late)} arrived more than a day after the event; {counted}")
    newest = counts.newest
    notes.append(f"latest event: {newest:%Y-%m-%dT%H:%M:%SZ}" if newest else "no event counted")
    dropped = tuple((reason.value, counts.dropped[reason]) for reason in Dropped if counts.dropped.get(reason))
    return Source("Usage events", counts.read, counts.counted, dropped, tuple(notes))


def gaps_of(counts: RowCounts, period: Period, newest: date | None) -> tuple[str, ...]:
    """Return the reasons why a report may still change; `newest` is the latest UTC date under which any event is filed.

    A date without events is no gap by itself: perhaps no one worked. No file for the end of the period or later is a
    gap: the events may be late.
    """
    gaps = []
    if torn := counts.dropped.get(Dropped.TORN):
        gaps.append(f"{torn:,} event file{'s end' if torn > 1 else ' ends'} in the middle of a row")
    *_, last = period.utc_dates()
    if newest is None or newest < last:
        since = f"after {newest}" if newest else "at all"
        gaps.append(f"no events are filed {since}, so those of the last days may be late")
    return tuple(gaps)


def _rows(count: int) -> str:
    return "1 row" if count == 1 else f"{count:,} rows"


def _figure_text(value: int | float | None, unit: Unit, empty: str) -> str:
    if value is None:
        return empty
    return text_of(value, unit) + (" points" if unit is Unit.POINTS else "")


def _ranges(days: Iterable[date]) -> list[str]:
    """Write sorted days as ranges: nothing is left out, and a month without files stays one entry."""
    runs: list[list[date]] = []
    for day in days:
        if runs and day - runs[-1][-1] == timedelta(days=1):
            runs[-1].append(day)
        else:
            runs.append([day])
    return [f"{run[0]}" if len(run) == 1 else f"{run[0]} to {run[-1]}" for run in runs]
