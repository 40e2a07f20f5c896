r"""Data for programs. What is read back is what was written; what a terminal would act on is written as an escape.

- JSON, NDJSON: control characters and lone surrogates as `\uXXXX`, which is the same text to every reader. An NDJSON
  line holds no U+2028, at which some readers would break it.
- YAML: a text that YAML 1.1 or 1.2 would take for something else is quoted: numbers, dates, times, yes, null. A number
  that YAML 1.1 would take for text, such as 1e400, has the tag `!!float`.
- All: a number that was read with all its digits is written with them.
- CSV (RFC 4180, with line feeds): a column for every key of every row. What is nested is flattened: `a.b` is key b of
  a, `a.0.b` key b of the first item of a; a list of plain values is joined by `;`. CSV has no escapes, so a file or a
  pipe gets the text as it is, but for lone surrogates, which no encoding can write.
"""

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from ops_cli.frame.output.safe_text import UNSAFE, escaped, printable
from opscore import exact_json

_NOT_TEXT = re.compile(r"[-+.]*\d|[-+]?\.(inf|nan)$|(y|n|yes|no|on|off|true|false|null|~|=|<<)?$", re.IGNORECASE)
"""What some YAML reader takes for a number, a date, a time, a truth or nothing: the union of
https://yaml.org/type (1.1) and https://yaml.org/spec/1.2.2/#103-core-schema, and some more; quoting is never wrong."""

_ONE_LINE = 2**31 - 1


def serialised(plain: Any, form: str, *, is_terminal: bool = False) -> str:
    """Return plain data in a form for programs; None, which is what a query that finds nothing gives, is null or ''."""
    if form == "json":
        return escaped(exact_json.write(plain, indent=2, colon=": ")) + "\n"
    if form == "yaml":
        return yaml_text(plain)
    if plain is None:
        return ""
    rows = plain if isinstance(plain, list) else [plain]
    if form == "ndjson":
        return "".join(map(ndjson_line, rows))
    flat = [flattened(row) for row in rows]
    keys = list(dict.fromkeys(key for row in flat for key in row))
    lines: list[list[Any]] = [keys, *([row.get(key) for key in keys] for row in flat)] if keys else []
    return "".join(csv_lines(lines, is_terminal))


def ndjson_line(row: Any) -> str:
    """Return a row as one line of JSON."""
    return escaped(exact_json.write(row, comma=", ", colon=": ")) + "\n"


def yaml_text(plain: Any) -> str:
    """Return a YAML document."""
    import yaml

    class Dumper(yaml.SafeDumper):
        """Writes each text so that every reader takes it for that text."""

        def ignore_aliases(self, *_: Any) -> bool:
            """Write what is there twice twice."""
            return True

    def represent(dumper: yaml.SafeDumper, text: str) -> yaml.ScalarNode:
        style = '"' if UNSAFE.search(text.replace("\n", "")) else "'" if _NOT_TEXT.match(text) else None
        return dumper.represent_scalar("tag:yaml.org,2002:str", str(text), style=style)

    def digits(dumper: yaml.SafeDumper, number: exact_json.Number) -> yaml.ScalarNode:
        kind = "int" if number.spelling.lstrip("-").isdigit() else "float"
        return dumper.represent_scalar(f"tag:yaml.org,2002:{kind}", number.spelling)

    Dumper.add_representer(exact_json.Number, digits)
    Dumper.add_multi_representer(str, represent)
    Dumper.add_representer(str, represent)
    text = yaml.dump(plain, Dumper=Dumper, sort_keys=False, allow_unicode=True, width=_ONE_LINE)
    return escaped(text.removesuffix("...\n"))


def flattened(row: Any) -> dict[str, Any]:
    """Return a row as cells of CSV by column; what is no mapping stands under `value`."""
    return dict(_cells("", row if isinstance(row, Mapping) else {"value": row}))


def _cells(path: str, value: Any) -> Iterator[tuple[str, Any]]:
    if isinstance(value, list) and not any(isinstance(item, list | Mapping) for item in value):
        yield path, ";".join(str(_scalar(item)) for item in value)
    elif isinstance(value, list | Mapping) and (value or not path):
        items: Iterable[tuple[Any, Any]] = value.items() if isinstance(value, Mapping) else enumerate(value)
        for key, item in items:
            yield from _cells(f"{path}.{key}" if path else str(key), item)
    else:
        yield path, _scalar(value)


def _scalar(value: Any) -> Any:
    if isinstance(value, bool):
        return "true" if value else "false"
    return "" if value is None or value == {} else value


def csv_lines(rows: Iterable[Sequence[Any]], is_terminal: bool) -> Iterator[str]:
    """Yield rows of cells as lines of CSV."""
    import csv
    import io

    for row in rows:
        text = io.StringIO()
        # With both line ends named, the writer quotes a cell that holds either.
        csv.writer(text, lineterminator="\r\n").writerow(row)
        line = text.getvalue().removesuffix("\r\n")
        yield (printable(line, keep_newlines=True) if is_terminal else _writable(line)) + "\n"


def _writable(text: str) -> str:
    return text.encode("utf-8", "backslashreplace").decode("utf-8")
