"""What a definition of a number is, and the register of them all; `metrics` holds the definitions themselves."""

import inspect
from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum

ANY_USER = '"user" IS NOT NULL'
"""The condition on events that name a user."""


class Unit(StrEnum):
    """What a value is, so that every rendering writes it right."""

    TEXT = "text"
    DAY = "day"
    COUNT = "count"
    SHARE = "share"
    POINTS = "points"
    COUNT_CHANGE = "change of a count"
    SHARE_CHANGE = "change of a share"
    GROWTH = "relative change"
    OWN = "the row's own"
    """Of a column whose values have a unit row by row; no value itself has it."""


class Chart(StrEnum):
    """How a table's second column is drawn over its first: bars side by side, or the parts of one bar."""

    BARS = "bars"
    PARTS = "parts"


@dataclass(frozen=True)
class Column:
    """One column of a table; `key` is its name in the query and for programs."""

    key: str
    label: str
    unit: Unit


@dataclass(frozen=True)
class FigureMetric:
    """A single number.

    `empty` is what a reader sees when there is nothing to compute it from; `rows` is the condition on events that the
    number is made of.
    """

    key: str
    label: str
    unit: Unit
    empty: str
    definition: str
    sql: str
    rows: str


@dataclass(frozen=True)
class TableMetric:
    """A table; `limit` is how many of its rows a page shows."""

    key: str
    label: str
    columns: tuple[Column, ...]
    chart: Chart | None
    limit: int | None
    definition: str
    sql: str


FIGURES: dict[str, FigureMetric] = {}
TABLES: dict[str, TableMetric] = {}


def figure(
    label: str, unit: Unit, empty: str = "none", *, rows: str = ANY_USER
) -> Callable[[Callable[[], str]], Callable[[], str]]:
    """Register the definition of a number."""

    def register(define: Callable[[], str]) -> Callable[[], str]:
        key = define.__name__
        FIGURES[key] = FigureMetric(key, label, unit, empty, _definition(define), define(), rows)
        return define

    return register


def table(
    label: str, *columns: Column, chart: Chart | None = None, limit: int | None = None
) -> Callable[[Callable[[], str]], Callable[[], str]]:
    """Register the definition of a table."""

    def register(define: Callable[[], str]) -> Callable[[], str]:
        key = define.__name__
        TABLES[key] = TableMetric(key, label, columns, chart, limit, _definition(define), define())
        return define

    return register


def _definition(define: Callable[[], str]) -> str:
    return " ".join((inspect.getdoc(define) or "").split())
