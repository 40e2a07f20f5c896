"""Rows printed as they come, for what has no end: a log that is followed, a list that is watched."""

from collections.abc import Mapping, Sequence
from typing import Any

from ops_cli.frame.options import Choices
from ops_cli.frame.output.columns import cell
from ops_cli.frame.output.formats import csv_lines, flattened, ndjson_line, yaml_text
from ops_cli.frame.output.show import emit, selected
from ops_cli.frame.output.terminal import screen
from ops_cli.frame.output.writing import Parts, note, put_data, put_line, safe_line


class Stream:
    """Prints rows one by one, each at once, in the chosen format.

    A table is a line of text for each row. An array that never ends is no JSON, so JSON is NDJSON here; YAML is a
    document for each row; CSV has one header, that of the first row: keys that come later are left out, which is said
    once on stderr. A finite list belongs to `emit`.
    """

    def __init__(self, choices: Choices) -> None:
        self._choices = choices
        self._keys: list[str] | None = None
        self._left_out: set[str] = set()

    def row(self, row: object, text: Parts) -> None:
        """Print one row: `text` for people, plain or in coloured parts, the row itself for programs."""
        if self._choices.is_for_people:
            put_line(safe_line(text), color=self._choices.color)
            return
        plain = selected(row, self._choices.query)
        if self._choices.output == "json":
            put_data(ndjson_line(plain))
        elif self._choices.output == "yaml":
            put_data(f"---\n{yaml_text(plain)}")
        elif plain is not None:
            self._write(plain)

    def _write(self, plain: Any) -> None:
        if self._choices.output == "ndjson":
            put_data(ndjson_line(plain))
        elif self._choices.output == "csv":
            self._write_csv(flattened(plain))
        else:
            put_line(cell(plain, "auto", screen()))

    def _write_csv(self, cells: Mapping[str, Any]) -> None:
        rows: list[list[Any]] = [[cells.get(key) for key in self._keys or cells]]
        if self._keys is None:
            self._keys = list(cells)
            rows.insert(0, self._keys)
        put_data("".join(csv_lines(rows, screen().is_terminal)))
        if late := cells.keys() - self._keys - self._left_out:
            note(f"Left out of the CSV, because its header was written before: {', '.join(sorted(late))}.")
            self._left_out |= late


def emit_lines(lines: Sequence[tuple[object, Parts]], choices: Choices, *, empty: str = "Nothing to show.") -> None:
    """Print a finite list of rows, each with its line of text for people; for programs as `emit` does."""
    if choices.output != "table" or choices.query is not None:
        emit([row for row, _ in lines], choices)
        return
    if not lines:
        note(empty)
    stream = Stream(choices)
    for row, text in lines:
        stream.row(row, text)


def emit_line(row: object, text: Parts, choices: Choices) -> None:
    """Print one row that is all there is; several rows are a `Stream` or, when their number is known, `emit`."""
    Stream(choices).row(row, text)
