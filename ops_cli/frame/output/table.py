"""Rows as lines of text: a table that fits, or where even the columns that matter do not, a record for each row."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from ops_cli.frame.output.columns import Column, as_columns, cell, settled
from ops_cli.frame.output.terminal import Screen
from ops_cli.frame.output.width import clip, pad, width, wrap
from ops_cli.frame.output.writing import painted

Row = Mapping[str, Any]
Paint = Callable[[Row], str | None]
"""Row -> colour name or None: how a table shows what needs attention."""

_GAP = "  "
_FEWEST = 2
_LINES_IN_A_LIST = 3
_LINES_ALONE = 8
_LOWEST_SHARE_OF_NAMES = 3


@dataclass(frozen=True)
class Drawn:
    """Lines, safe and coloured, and the titles of the columns that had no room."""

    lines: list[str]
    not_shown: list[str]


@dataclass(frozen=True)
class _Laid:
    """A column with the text of its cells and its widths: as it would be, and the least it can be."""

    column: Column
    cells: list[str]
    natural: int
    least: int


def draw(rows: Sequence[Row], columns: Sequence[str | Column], screen: Screen, paint: Paint | None = None) -> Drawn:
    """Return rows as a table no wider than the screen; whole, where the screen has no width."""
    laid = [_lay(column, [row.get(column.key) for row in rows], screen) for column in as_columns(columns)]
    colors = [paint(row) if paint else None for row in rows]
    shown = laid if screen.width is None else _chosen(laid, screen.width)
    if not shown:
        return Drawn(_records(laid, colors, screen.width), [])
    not_shown = [one.column.title for one in laid if one not in shown]
    return Drawn(_grid(shown, _widths(shown, screen.width), colors), not_shown)


def draw_one(row: Row, columns: Sequence[Column], screen: Screen) -> list[str]:
    """Return one object as lines, a name and its value each; long values are wrapped, and capped, on a terminal."""
    laid = [_lay(column, [row.get(column.key)], screen) for column in columns]
    return _record(laid, 0, None, screen.width, _LINES_ALONE)


def _lay(column: Column, values: Sequence[Any], screen: Screen) -> _Laid:
    known = settled(column, values)
    cells = [cell(value, known.kind, screen) for value in values]
    heading = width(known.title)
    natural = max([heading, *map(width, cells)])
    least = min(natural, max(known.least, heading)) if known.kind == "text" else natural
    return _Laid(known, cells, natural, least)


def _chosen(laid: Sequence[_Laid], room: int) -> list[_Laid]:
    """Return the columns for which there is room, those of the highest rank dropped first; none: not enough of them.

    A table of ids alone would say nothing, so of several columns two are the least.
    """
    shown = list(laid)
    while _total(one.least for one in shown) > room:
        loose = [one for one in shown if one.column.rank]
        if not loose or len(shown) <= _FEWEST:
            return []
        # Of equals the one on the right goes first.
        shown.remove(max(reversed(loose), key=lambda one: one.column.rank or 0))
    return shown


def _widths(shown: Sequence[_Laid], room: int | None) -> list[int]:
    """Return each column's width: its least, and a fair share of what is left over."""
    if room is None:
        return [one.natural for one in shown]
    widths = [one.least for one in shown]
    left = room - _total(widths)
    wanting = sorted(range(len(shown)), key=lambda at: shown[at].natural - shown[at].least)
    for done, at in enumerate(wanting):
        share = min(shown[at].natural - shown[at].least, left // (len(wanting) - done))
        widths[at] += share
        left -= share
    return widths


def _total(widths: Iterable[int]) -> int:
    columns = list(widths)
    return sum(columns) + len(_GAP) * (len(columns) - 1)


def _grid(shown: Sequence[_Laid], widths: Sequence[int], colors: Sequence[str | None]) -> list[str]:
    def line(texts: Sequence[str]) -> str:
        cells = zip(texts, shown, widths, strict=True)
        return _GAP.join(pad(clip(text, room), room, right=_is_right(one)) for text, one, room in cells).rstrip()

    rows = [line([one.cells[at] for one in shown]) for at in range(len(colors))]
    return [
        line([one.column.title for one in shown]),
        _GAP.join("-" * columns for columns in widths),
        *(painted(row, color) for row, color in zip(rows, colors, strict=True)),
    ]


def _is_right(one: _Laid) -> bool:
    return one.column.kind in ("number", "bytes")


def _records(laid: Sequence[_Laid], colors: Sequence[str | None], room: int | None) -> list[str]:
    """Return a block of names and values for each row, with an empty line between two."""
    lines: list[str] = []
    for at, color in enumerate(colors):
        lines += [*([""] if at else []), *_record(laid, at, color, room, _LINES_IN_A_LIST)]
    return lines


def _record(laid: Sequence[_Laid], at: int, color: str | None, room: int | None, most_lines: int) -> list[str]:
    names = max([width(one.column.title) for one in laid], default=0)
    if room is not None:
        names = min(names, room // _LOWEST_SHARE_OF_NAMES)
    lines: list[str] = []
    for one in laid:
        text = one.cells[at]
        most = None if one.column.kind == "id" else most_lines
        values = [text] if room is None else wrap(text, room - names - len(_GAP), most)
        begin, indent = pad(clip(one.column.title, names), names), " " * names
        lines += [painted(f"{indent if more else begin}{_GAP}{value}", color) for more, value in enumerate(values)]
    return lines
