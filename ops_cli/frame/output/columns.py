"""Columns of a table: how their values are shown, and which of them matter most."""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Literal

from ops_cli.frame.output.safe_text import one_line
from ops_cli.frame.output.terminal import Screen
from ops_cli.frame.times import ago, parse_rfc3339, spoken

Kind = Literal["auto", "text", "id", "number", "moment", "span", "bytes"]

_UNITS = {"span": ("_seconds",), "bytes": ("_bytes",), "moment": ("_at",)}
_OUR_MOMENT = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{3})?Z")
_STEP = 1024


@dataclass(frozen=True)
class Column:
    """A column of a table.

    `kind` says how a value is shown:

    - auto: moments in our own format as moments, what else as text;
    - text: in one line, shortened when the table is too wide, but not below `least` columns;
    - id: what is copied or typed again, an id or a name, so never shortened;
    - number: aligned to the right, on a terminal with its thousands apart;
    - moment: `5m ago (11:31 UTC)` on a terminal, RFC 3339 elsewhere;
    - span: seconds, as `3d 4h`; bytes: a number of bytes, on a terminal as `18.6 KiB`.

    Yes and no, lists and nothing at all are shown alike in every kind. `rank` says what a narrow table drops: the
    highest first, 0 never; by default it is the column's place, so the first is kept and the last goes first.
    """

    key: str
    kind: Kind = "auto"
    rank: int | None = None
    least: int = 16
    heading: str | None = None

    @property
    def title(self) -> str:
        """The heading: what was given, or the key without the unit that its kind already shows."""
        if self.heading is not None:
            return one_line(self.heading)
        for unit in _UNITS.get(self.kind, ()):
            if self.key.removesuffix(unit):
                return title(self.key.removesuffix(unit))
        return title(self.key)


Columns = Sequence[str | Column]


def as_columns(columns: Columns) -> list[Column]:
    """Return the columns, each with its rank."""
    made = [Column(column) if isinstance(column, str) else column for column in columns]
    return [column if column.rank is not None else replace(column, rank=place) for place, column in enumerate(made)]


def columns_of(rows: Iterable[Mapping[str, Any]], known: Columns = ()) -> list[Column]:
    """Return a column for every key of the rows, in order of appearance, shown as the known ones say."""
    named = {column.key: replace(column, rank=None) for column in as_columns(known)}
    keys = dict.fromkeys(key for row in rows for key in row)
    return as_columns([named.get(key, Column(key)) for key in keys])


def settled(column: Column, values: Iterable[Any]) -> Column:
    """Return the column with the kind that all its values have, when it was left to them."""
    if column.kind != "auto":
        return column
    found = [value for value in values if value is not None]
    if found and all(isinstance(value, str) and _OUR_MOMENT.fullmatch(value) for value in found):
        return replace(column, kind="moment")
    return replace(column, kind="text")


def title(key: str) -> str:
    """Return the heading of a key: `oldest_age` becomes `OLDEST AGE`."""
    return one_line(key.replace("_", " ").upper())


def cell(value: Any, kind: Kind, screen: Screen) -> str:
    """Return a value in one line as tables show it, printable: a dash for nothing, yes and no, lists joined."""
    if value is None or value in ("", [], {}):
        return "-"
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, int | float):
        return _number(value, kind, screen)
    if isinstance(value, list):
        return ", ".join(cell(item, kind, screen) for item in value)
    if isinstance(value, Mapping):
        return ", ".join(f"{one_line(str(key))}={cell(item, kind, screen)}" for key, item in value.items())
    return _text(str(value), kind, screen)


def _text(text: str, kind: Kind, screen: Screen) -> str:
    is_moment = kind == "moment" or (kind in ("auto", "text") and _OUR_MOMENT.fullmatch(text))
    moment = parse_rfc3339(text) if is_moment and screen.is_terminal else None
    return ago(moment, screen.moment) if moment else one_line(text) or "-"


def _number(value: float, kind: Kind, screen: Screen) -> str:
    if kind == "span":
        return spoken(value)
    if kind == "bytes" and screen.is_terminal:
        return sized(value)
    return f"{value:,}" if kind == "number" and screen.is_terminal else str(value)


def sized(count: float) -> str:
    """Return a number of bytes as people say it: `512 B`, `18.6 KiB`."""
    if abs(count) < _STEP:
        return f"{count:g} B"
    power = next((power for power in (1, 2, 3) if abs(count) < _STEP ** (power + 1)), 4)
    return f"{count / _STEP**power:,.1f} {' KMGT'[power]}iB"
