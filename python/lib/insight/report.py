"""The report as data: what every rendering shows, computed once and free of any clock."""

import inspect
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, timedelta

from insight.accounts import Account
from insight.events import Dropped, RowCounts
from insight.metrics import Metrics, Tally
from insight.periods import Period


@dataclass(frozen=True)
class Source:
    """Where numbers come from: rows read, rows counted, and for the rest the reasons with their counts."""

    name: str
    read: int
    counted: int
    dropped: tuple[tuple[str, int], ...] = ()
    notes: tuple[str, ...] = ()


@dataclass(frozen=True)
class Report:
    """One account's usage in one period. Equal inputs give an equal report."""

    report_id: str
    spec_version: int
    account: Account
    period: Period
    sources: tuple[Source, ...]
    metrics: Metrics


@dataclass(frozen=True)
class Figure:
    """One headline number: its key for programs, its label and text for people, and what is counted."""

    key: str
    label: str
    value: float | int | None
    text: str
    definition: str


def figures(metrics: Metrics) -> tuple[Figure, ...]:
    """Return the headline numbers in the order in which a reader wants them."""
    used, uplift = metrics.seat_utilisation, metrics.mean_score_uplift
    return (
        _count("active_users", "Active users", metrics.active_users),
        Figure(
            "seat_utilisation",
            "Seat utilisation",
            used,
            "no seats" if used is None else f"{used:.1%} of {metrics.seats} seats",
            _definition("seat_utilisation"),
        ),
        _count("sessions", "Sessions", metrics.sessions),
        _count("documents_scored", "Documents scored", metrics.documents_scored),
        Figure(
            "mean_score_uplift",
            "Mean score uplift",
            uplift,
            "no document scored" if uplift is None else f"{uplift:+.1f} points",
            _definition("mean_score_uplift"),
        ),
        _count("phrases_accepted", "Phrases accepted", metrics.phrases_accepted),
    )


def event_source(counts: RowCounts, files: int, missing: Iterable[date]) -> Source:
    """Describe the usage events that were read, and what of the period no file or no event speaks of."""
    notes = ["1 file" if files == 1 else f"{files} files"]
    if ranges := _ranges(missing):
        notes.append(f"no file, so no usage or none yet, for these UTC dates: {', '.join(ranges)}")
    newest = counts.newest
    notes.append(f"latest event counted: {newest:%Y-%m-%dT%H:%M:%SZ}" if newest else "no event counted")
    dropped = tuple((reason.value, counts.dropped[reason]) for reason in Dropped if counts.dropped.get(reason))
    return Source("Usage events", counts.read, counts.counted, dropped, tuple(notes))


def _count(key: str, label: str, value: int) -> Figure:
    return Figure(key, label, value, f"{value:,}", _definition(key))


def _definition(key: str) -> str:
    return " ".join((inspect.getdoc(getattr(Tally, key)) or "").split())


def _ranges(days: Iterable[date]) -> list[str]:
    """Write sorted days as ranges: nothing is left out, and a month without files stays one entry."""
    runs: list[list[date]] = []
    for day in days:
        if runs and day - runs[-1][-1] == timedelta(days=1):
            runs[-1].append(day)
        else:
            runs.append([day])
    return [f"{run[0]}" if len(run) == 1 else f"{run[0]} to {run[-1]}" for run in runs]
