"""A screen made of sections, that fits: what is wrong first, what to run next last, and neither scrolls away."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import click

from ops_cli.frame.options import Choices
from ops_cli.frame.output.columns import Columns, title
from ops_cli.frame.output.plain import to_plain
from ops_cli.frame.output.show import emit
from ops_cli.frame.output.table import Paint, draw
from ops_cli.frame.output.terminal import Screen, screen
from ops_cli.frame.output.width import clip, width
from ops_cli.frame.output.writing import Parts, painted, put_line, safe_line

_PROMPT = 1
"""The shell's prompt takes a line, too."""


@dataclass(frozen=True)
class Section:
    """A part of a screen: the rows under `key`, shown with `columns`; `only_levels` hides rows of other levels.

    On a terminal at most `most` rows are shown; `more` is the command that lists all. Where the height does not do,
    rows of the section with the highest `rank` go first, by default of the last one.
    """

    key: str
    columns: Columns
    only_levels: Sequence[str] = ()
    empty: str = "none"
    most: int = 10
    more: str = ""
    rank: int | None = None


@dataclass
class _Part:
    section: Section
    rows: list[Mapping[str, Any]]
    rank: int
    shown: int

    def lines(self, on: Screen, paint: Paint | None) -> list[str]:
        """Return the section as lines; without room for a row it is a single one."""
        name = title(self.section.key)
        rest = len(self.rows) - self.shown
        if not self.shown:
            said = f"{rest:,}{self._more(', ')}" if rest else self.section.empty
            return [_cut(f"{name}: {said}", on)]
        lines = [painted(_cut(name, on), None, bold=True)]
        lines += draw(self.rows[: self.shown], self.section.columns, on, paint).lines
        return [*lines, _cut(f"… and {rest:,} more{self._more(': ')}", on)] if rest else lines

    def _more(self, before: str) -> str:
        return f"{before}`{self.section.more}` lists them" if self.section.more else ""


def emit_screen(
    data: object,
    sections: Sequence[Section],
    choices: Choices,
    *,
    head: Sequence[Parts] = (),
    foot: Sequence[Parts] = (),
    paint: Paint | None = None,
) -> None:
    """Print an object made of lists of rows: as a table, one titled section for each list; else as `emit` does.

    `head` are lines above all sections (the verdict), `foot` lines below them (what to run next); both are for people
    and not part of the data. On a terminal the whole is cut to its height, from the sections alone, so that head and
    foot are both on the screen; elsewhere every row is printed. A row's `level` (red, yellow, green) is its colour.
    """
    if not choices.is_for_people:
        emit(data, choices)
        return
    plain, on = to_plain(data), screen()
    parts = [_part(section, plain[section.key], place, on) for place, section in enumerate(sections)]
    first, last = [safe_line(line) for line in head], [safe_line(line) for line in foot]
    blocks = [first, *_fitting(parts, on, paint or _paint_level, _height([*first, *last], on)), last]
    text = "\n\n".join("\n".join(block) for block in blocks if block)
    put_line(text, color=choices.color)


def _part(section: Section, rows: Sequence[Mapping[str, Any]], place: int, on: Screen) -> _Part:
    wanted = [row for row in rows if not section.only_levels or row["level"] in section.only_levels]
    shown = min(len(wanted), section.most) if on.is_terminal else len(wanted)
    return _Part(section, wanted, place if section.rank is None else section.rank, shown)


def _fitting(parts: Sequence[_Part], on: Screen, paint: Paint, taken: int) -> list[list[str]]:
    """Return each section's lines, with rows taken away until head, sections, foot and prompt fit the height."""
    while True:
        blocks = [part.lines(on, paint) for part in parts]
        between = len(blocks) + 1 if taken else len(blocks) - 1
        if on.height is None or taken + sum(map(len, blocks)) + between + _PROMPT <= on.height:
            return blocks
        long = [part for part in parts if part.shown > 1] or [part for part in parts if part.shown]
        if not long:
            return blocks
        max(reversed(long), key=lambda part: part.rank).shown -= 1


def _height(lines: Sequence[str], on: Screen) -> int:
    """Return how many lines of the terminal these take: it breaks what is too long."""
    single = [click.unstyle(line) for several in lines for line in several.split("\n")]
    return sum(max(1, -(-width(line) // on.width)) if on.width else 1 for line in single)


def _cut(line: str, on: Screen) -> str:
    return clip(line, on.width) if on.width else line


def _paint_level(row: Mapping[str, Any]) -> str | None:
    level = row.get("level")
    return level if level in ("red", "yellow") else None
