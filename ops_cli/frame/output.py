"""The one place where data is printed: table, JSON, YAML, CSV or NDJSON, after an optional JMESPath query."""

import csv
import dataclasses
import datetime as dt
import io
import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

import click

from ops_cli.frame.options import Choices
from opscore.errors import UsageProblem

Paint = Callable[[Mapping[str, Any]], str | None]
"""Row -> colour name or None: how a table shows what needs attention."""


def emit(
    data: object,
    choices: Choices,
    *,
    columns: Sequence[str] | None = None,
    paint: Paint | None = None,
    empty: str = "Nothing to show.",
) -> None:
    """Print `data` (dataclass, mapping, or a sequence of them) to stdout in the chosen format.

    A table shows only `columns` (keys, in that order), every other format shows everything. Nothing is ever cut
    to the terminal's width. `empty` is said on stderr when a table has no rows.
    """
    plain = query(to_plain(data), choices.query)
    if choices.output == "table":
        _table(plain, None if choices.query else columns, paint, empty, choices)
    else:
        click.echo(_SERIALISERS[choices.output](plain), nl=False)


@dataclasses.dataclass(frozen=True)
class Section:
    """A part of a screen: the rows under `key`, shown with `columns`; `only_levels` hides rows of other levels."""

    key: str
    columns: Sequence[str]
    only_levels: Sequence[str] = ()
    empty: str = "none"


def emit_screen(data: object, sections: Sequence[Section], choices: Choices) -> None:
    """Print an object made of lists of rows: as a table, one titled section for each list; else as `emit` does.

    A row's `level` (red, yellow, green) is its colour.
    """
    if choices.output != "table" or choices.query:
        emit(data, choices)
        return
    plain = to_plain(data)
    for section in sections:
        rows = [row for row in plain[section.key] if not section.only_levels or row["level"] in section.only_levels]
        click.secho(title(section.key), bold=True, color=choices.color)
        if rows:
            _table(rows, section.columns, _paint_level, section.empty, choices)
        else:
            click.echo(section.empty)
        click.echo()


def _paint_level(row: Mapping[str, Any]) -> str | None:
    level = row.get("level")
    return level if level in ("red", "yellow") else None


def emit_line(row: Mapping[str, Any], text: str, choices: Choices) -> None:
    """Print one row of a stream at once: `text` for people, or the row as NDJSON for every other format."""
    if choices.output == "table" and not choices.query:
        click.echo(text)
    else:
        click.echo(json.dumps(query(to_plain(row), choices.query), ensure_ascii=False))


def to_plain(value: object) -> Any:
    """Return `value` as JSON would have it: dataclasses as mappings, times in ISO 8601, the rest as it is."""
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        return {field.name: to_plain(getattr(value, field.name)) for field in dataclasses.fields(value)}
    if isinstance(value, Mapping):
        return {str(key): to_plain(item) for key, item in value.items()}
    if isinstance(value, dt.datetime | dt.date):
        return value.isoformat()
    if isinstance(value, str | int | float | bool) or value is None:
        return value
    if isinstance(value, Iterable):
        return [to_plain(item) for item in value]
    return str(value)


def query(plain: Any, expression: str | None) -> Any:
    """Return what the JMESPath `expression` selects from `plain`; all of it when there is none."""
    if not expression:
        return plain
    import jmespath

    try:
        return jmespath.search(expression, plain)
    except jmespath.exceptions.JMESPathError as error:
        reason = " ".join(str(error).split())
        raise UsageProblem(f"--query {expression!r}: {reason}", hint="https://jmespath.org shows the syntax.") from None


def note(message: str) -> None:
    """Say something to the operator on stderr; data never goes this way."""
    click.echo(message, err=True)


def _table(plain: Any, columns: Sequence[str] | None, paint: Paint | None, empty: str, choices: Choices) -> None:
    if isinstance(plain, Mapping):
        _write_grid([(title(key), cell(value)) for key, value in plain.items()], (), choices)
    elif not isinstance(plain, list):
        click.echo(cell(plain))
    elif not plain:
        note(empty)
    elif not all(isinstance(row, Mapping) for row in plain):
        click.echo("\n".join("\t".join(map(cell, row)) if isinstance(row, list) else cell(row) for row in plain))
    else:
        keys = list(columns or dict.fromkeys(key for row in plain for key in row))
        rows = [[_painted(cell(row.get(key)), paint and paint(row)) for key in keys] for row in plain]
        _write_grid(rows, [title(key) for key in keys], choices)


def _write_grid(rows: Sequence[Sequence[str]], headers: Sequence[str], choices: Choices) -> None:
    from tabulate import tabulate

    text = tabulate(rows, headers=headers, tablefmt="simple" if headers else "plain", disable_numparse=True)
    click.echo("\n".join(line.rstrip() for line in text.splitlines()), color=choices.color)


def _painted(text: str, color: str | None) -> str:
    return click.style(text, fg=color) if color else text


def title(key: str) -> str:
    """Return a column's heading for a key: `oldest_age` becomes `OLDEST AGE`."""
    return key.replace("_", " ").upper()


def cell(value: Any) -> str:
    """Return a value as a table shows it: a dash for nothing, yes and no, lists joined."""
    if value is None or value in ("", [], {}):
        return "-"
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, list):
        return ", ".join(cell(item) for item in value)
    if isinstance(value, Mapping):
        return ", ".join(f"{key}={cell(item)}" for key, item in value.items())
    return str(value)


def _to_json(plain: Any) -> str:
    return json.dumps(plain, indent=2, ensure_ascii=False) + "\n"


def _to_ndjson(plain: Any) -> str:
    rows = plain if isinstance(plain, list) else [plain]
    return "".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows)


def _to_yaml(plain: Any) -> str:
    import yaml

    return str(yaml.safe_dump(plain, sort_keys=False, allow_unicode=True))


def _to_csv(plain: Any) -> str:
    rows = plain if isinstance(plain, list) else [plain]
    records = [row if isinstance(row, Mapping) else {"value": row} for row in rows]
    keys = list(dict.fromkeys(key for record in records for key in record))
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(keys)
    writer.writerows([_csv_cell(record.get(key)) for key in keys] for record in records)
    return text.getvalue()


def _csv_cell(value: Any) -> Any:
    return json.dumps(value, ensure_ascii=False) if isinstance(value, list | dict) else value


_SERIALISERS: Mapping[str, Callable[[Any], str]] = {
    "json": _to_json,
    "ndjson": _to_ndjson,
    "yaml": _to_yaml,
    "csv": _to_csv,
}
