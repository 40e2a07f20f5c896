"""`opsctl logs`: what a service wrote."""

import datetime as dt
import re
from collections.abc import Iterable, Mapping
from typing import Any

import click

from ops_cli.frame.completion import complete_service
from ops_cli.frame.context import Ops
from ops_cli.frame.options import OpsCommand
from ops_cli.frame.output import Screen, Stream, emit_lines, note, printable, screen, width, wrap
from ops_cli.frame.times import Since, rfc3339
from opscore import exact_json
from opscore.errors import NotFound
from opscore.logs import log_events
from opscore.logs.line import LEVELS, Level, LogLine
from opscore.logs.order import Requests, together
from opscore.logs.parsing import parse
from opscore.words import counted

TAIL = 200
WIDEST = 1000
"""So many characters of one text are shown on a terminal; more hides the lines around it."""

_COLOURS: Mapping[Level, str] = {
    "DEBUG": "blue",
    "INFO": "green",
    "WARNING": "yellow",
    "ERROR": "red",
    "CRITICAL": "bright_red",
}
_WIDEST_LEVEL = max(map(len, LEVELS))
_BARE = re.compile(r"[^\s\"'=]+")
_INDENT = "    "
_NARROWEST = 20
"""With fewer columns left for the text, the terminal breaks it as well as we could."""


@click.command(cls=OpsCommand)
@click.argument("service", shell_complete=complete_service)
@click.option("--since", type=Since(), default="1h", show_default=True, help="An age (15m, 2h, 3d) or a UTC time.")
@click.option(
    "--tail",
    type=click.IntRange(min=1),
    metavar="N",
    help=f"Only the newest N lines.  [default: {TAIL}; with --follow, all]",
)
@click.option(
    "--level",
    type=click.Choice([level.lower() for level in LEVELS], case_sensitive=False),
    help="Lines of that level and above; a line that names none counts as info.",
)
@click.option("--request", "request_id", metavar="ID", help="Lines of that request; the beginning of its id is enough.")
@click.option("--filter", "pattern", default="", metavar="PATTERN", help="CloudWatch Logs filter pattern.")
@click.option("--lambda-lines", is_flag=True, help="Show Lambda's own START, END, REPORT and INIT lines, too.")
@click.option("--follow", "-f", is_flag=True, help="Go on with new lines until Ctrl-C.")
@click.pass_obj
def logs(
    ops: Ops,
    service: str,
    since: dt.datetime,
    tail: int | None,
    level: str | None,
    request_id: str | None,
    pattern: str,
    lambda_lines: bool,
    follow: bool,
) -> None:
    """Show or follow the log of a service.

    One line for each event: its time in UTC, level, message, and what else it says as key=value. A request that timed
    out or ran out of memory is an error in words. --output json has every line as it was written, under `raw`.
    """
    group = ops.stack.function(service).log_group
    client, start_ms = ops.client("logs"), int(since.timestamp() * 1000)
    selection = Selection(_level(level), request_id, lambda_lines)
    if follow:
        _follow(ops, log_events.Follower(client, group, start_ms=start_ms, pattern=pattern), selection, tail)
        return
    try:
        events = log_events.read_sorted(client, group, start_ms=start_ms, pattern=pattern)
        silence = f"No log lines in {group} since {since:%Y-%m-%d %H:%M:%S} UTC."
    except NotFound:
        events, silence = [], f"{service} has written nothing yet: there is no log group {group}."
    lines, kept = selection.of(events), tail or TAIL
    on = screen()
    if not lines and events:
        silence = f"None of {counted(len(events), 'line')} that were read is one that was asked for."
    emit_lines([(row_of(line), parts_of(line, on)) for line in lines[-kept:]], ops.choices, empty=silence)
    if len(lines) > kept:
        note(f"Not shown: {counted(len(lines) - kept, 'older line')}; --tail {len(lines)} shows all.")


class Selection:
    """The lines that the operator asked for; remembers from round to round which request a stream works on."""

    def __init__(self, level: Level | None, request_id: str | None, lambda_lines: bool) -> None:
        self._level, self._lambda_lines = level, lambda_lines
        self._request_id = (request_id or "").lower()
        self._requests = Requests()

    def of(self, events: Iterable[log_events.LogEvent]) -> list[LogLine]:
        """Return the lines of one round, in order."""
        lines = self._requests.attribute(together(map(parse, events)))
        return [line for line in lines if self._wants(line)]

    def _wants(self, line: LogLine) -> bool:
        return (
            (self._lambda_lines or not line.is_noise)
            and (self._level is None or line.reaches(self._level))
            and (line.request_id or "").lower().startswith(self._request_id)
        )


def _level(name: str | None) -> Level | None:
    return next((level for level in LEVELS if name and level == name.upper()), None)


def _follow(ops: Ops, follower: log_events.Follower, selection: Selection, tail: int | None) -> None:
    """Show new lines until Ctrl-C, which is how a look ends and no failure: exit code 0, as stern does it."""
    stream = Stream(ops.choices)
    try:
        for number, events in enumerate(log_events.follow(follower)):
            if number == 0 and not follower.is_there:
                note("Nothing was written yet; waiting for the first line.")
            lines = selection.of(events)
            for line in lines[-tail:] if tail and number == 0 else lines:
                stream.row(row_of(line), parts_of(line, screen()))
    except KeyboardInterrupt:
        return


def row_of(line: LogLine) -> dict[str, Any]:
    """Return a line for programs."""
    names = ("at", "level", "message", "request_id", "fields", "stream", "raw")
    return {name: getattr(line, name) for name in names}


def parts_of(line: LogLine, on: Screen) -> list[tuple[str, str | None]]:
    """Return a line for people: time, level, message, fields; texts of several lines stand indented below.

    On a terminal the time is short, a very long text is cut, and what is wider than the screen goes on below, broken
    at blanks. Elsewhere the time is RFC 3339, and all is there as it was written.
    """
    first, *more = line.message.split("\n")
    below = {key: text for key, value in line.fields.items() if (text := _several_lines(value))}
    said = [first, *(f"{key}={_value(value)}" for key, value in line.fields.items() if key not in below)]
    for key, text in below.items():
        more += [f"{key}:", *text.split("\n")]
    level, color = (line.level, _COLOURS[line.level]) if line.level else ("", None)
    begin = f"{_time(line.at, on)} "
    capped = _capped if on.is_terminal else str
    text = " ".join(filter(None, map(capped, said)))
    lines = [_hanging(text, on, len(begin) + _WIDEST_LEVEL + 1), *(_below(capped(text), on) for text in more)]
    return [(begin, None), (f"{level:{_WIDEST_LEVEL}}", color), (" " + "\n".join(lines), None)]


def _hanging(text: str, on: Screen, begin: int) -> str:
    """Return a text that begins at a column; what is wider than the screen goes on below, at that column."""
    if on.width is None or on.width < begin + _NARROWEST:
        return text
    shown, room = printable(text.expandtabs(4)), on.width - begin
    return shown if width(shown) <= room else ("\n" + " " * begin).join(wrap(shown, room))


def _below(text: str, on: Screen) -> str:
    stripped = text.lstrip(" ")
    begin = _INDENT + text[: len(text) - len(stripped)]
    return begin + _hanging(stripped, on, len(begin))


def _time(at: dt.datetime, on: Screen) -> str:
    if not on.is_terminal:
        return rfc3339(at)
    return f"{at:%H:%M:%S}" if at.date() == on.moment.date() else f"{at:%Y-%m-%d %H:%M:%S}"


def _several_lines(value: object) -> str | None:
    """Return a text of several lines, such as a traceback, also one given as a list; None for anything else."""
    if isinstance(value, list) and value and all(isinstance(item, str) for item in value):
        value = "\n".join(item.rstrip("\n") for item in value)
    return value.strip("\n") if isinstance(value, str) and "\n" in value.strip("\n") else None


def _value(value: object) -> str:
    if isinstance(value, str) and _BARE.fullmatch(value):
        return value
    return exact_json.write(value)


def _capped(text: str) -> str:
    if len(text) <= WIDEST:
        return text
    return f"{text[:WIDEST]}… ({len(text) - WIDEST:,} more characters; --output json shows all)"
