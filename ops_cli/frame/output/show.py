"""Print what a command found: a table for people, or JSON, YAML, CSV, NDJSON, after an optional JMESPath query."""

from collections.abc import Mapping
from typing import Any

from ops_cli.frame.options import Choices
from ops_cli.frame.output.columns import Columns, as_columns, cell, columns_of
from ops_cli.frame.output.formats import serialised
from ops_cli.frame.output.plain import to_plain
from ops_cli.frame.output.safe_text import paragraph
from ops_cli.frame.output.table import Paint, draw, draw_one
from ops_cli.frame.output.terminal import Screen, screen
from ops_cli.frame.output.writing import note, put_data, put_line
from ops_cli.frame.query import query


def emit(
    data: object,
    choices: Choices,
    *,
    columns: Columns = (),
    paint: Paint | None = None,
    empty: str = "Nothing to show.",
) -> None:
    """Print `data` (dataclass, mapping, or a sequence of them) to stdout in the chosen format.

    A table of rows shows only `columns`, in that order, and fits the terminal: it drops columns by rank, shortens
    text, or becomes a record for each row; what was dropped is said on stderr. A pipe gets all of each column, and
    every other format gets all data. Of one object all is shown; `columns` say how. Bare values that --query selects
    are never cut. `empty` is said on stderr when a table has no rows.
    """
    found = selected(data, choices.query)
    if choices.output != "table":
        put_data(serialised(found, choices.output, is_terminal=screen().is_terminal))
    elif choices.query is None:
        _show(found, columns, paint, empty, choices)
    elif found is None or found == []:
        note("--query finds nothing.", color=choices.color)
    else:
        rows = found if isinstance(found, list) else [found]
        shown = columns_of(rows, columns) if all(isinstance(row, Mapping) for row in rows) else ()
        _show(found, shown, None, empty, choices)


def selected(data: object, expression: str | None) -> Any:
    """Return data as JSON would have it, after an optional query, whose arithmetic may end in infinity."""
    plain = to_plain(data)
    return plain if expression is None else to_plain(query(plain, expression))


def _show(plain: Any, columns: Columns, paint: Paint | None, empty: str, choices: Choices) -> None:
    on = screen()
    if isinstance(plain, Mapping):
        _put_lines(draw_one(plain, columns_of([plain], columns), on), choices)
    elif not isinstance(plain, list):
        put_line(paragraph(plain) if isinstance(plain, str) else cell(plain, "auto", on))
    elif not plain:
        note(empty)
    elif all(isinstance(row, Mapping) for row in plain):
        drawn = draw(plain, as_columns(columns) or columns_of(plain), on, paint)
        _put_lines(drawn.lines, choices)
        if drawn.not_shown:
            names = ", ".join(drawn.not_shown).lower()
            note(f"Not shown: {names}; a wider terminal or --output json shows them.")
    else:
        _put_lines([_bare(row, on) for row in plain], choices)


def _bare(row: Any, on: Screen) -> str:
    return "\t".join(cell(item, "auto", on) for item in row) if isinstance(row, list) else cell(row, "auto", on)


def _put_lines(lines: list[str], choices: Choices) -> None:
    put_line("\n".join(lines), color=choices.color)
