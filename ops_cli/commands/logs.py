"""`opsctl logs`: what a service wrote."""

import datetime as dt
import json
import re
import sys
from collections.abc import Iterable, Mapping
from typing import Any

import click

from ops_cli.frame.completion import complete_service
from ops_cli.frame.context import Ops
from ops_cli.frame.options import OpsCommand
from ops_cli.frame.output import emit, emit_line, note
from ops_cli.frame.times import Since
from opscore import log_events
from opscore.errors import NotFound
from opscore.log_lines.line import LEVELS, Level, LogLine
from opscore.log_lines.order import Requests, together
from opscore.log_lines.parsing import parse

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
# C0 and C1 controls, bidirectional marks and overrides, line separators: a terminal would obey them.
_OBEYED = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069\ufeff]")


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
    _show_all(ops, lines[-kept:])
    if len(lines) > kept:
        note(f"{len(lines) - kept:,} older lines are left out; --tail {len(lines)} shows them, too.")
    elif not lines:
        note(f"None of the {len(events):,} lines read is one that was asked for." if events else silence)


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
    try:
        for number, events in enumerate(log_events.follow(follower)):
            if number == 0 and not follower.is_there:
                note("Nothing was written yet; waiting for the first line.")
            lines = selection.of(events)
            _show_each(ops, lines[-tail:] if tail and number == 0 else lines)
    except KeyboardInterrupt:
        return


def _show_all(ops: Ops, lines: Iterable[LogLine]) -> None:
    if ops.choices.output == "table" and not ops.choices.query:
        _show_each(ops, lines)
    else:
        emit([_row(line) for line in lines], ops.choices)


def _show_each(ops: Ops, lines: Iterable[LogLine]) -> None:
    now = dt.datetime.now(dt.UTC) if sys.stdout.isatty() else None
    for line in lines:
        emit_line(_row(line), _painted(parts_of(line, now), color=ops.choices.color is not False), ops.choices)


def _row(line: LogLine) -> dict[str, Any]:
    names = ("at", "level", "message", "request_id", "fields", "stream", "raw")
    return {name: getattr(line, name) for name in names}


Parts = list[tuple[str, str | None]]
"""A text in pieces, each with the name of its colour or None."""


def parts_of(line: LogLine, now: dt.datetime | None) -> Parts:
    """Return a line for people: time, level, message, fields; texts of several lines stand indented below.

    `now` is given for a terminal: the time is short then, and a very long text is cut. Without it the time is RFC 3339
    and all is there.
    """
    first, *more = line.message.split("\n")
    below = {key: text for key, value in line.fields.items() if (text := _several_lines(value))}
    said = [first, *(f"{key}={_value(value)}" for key, value in line.fields.items() if key not in below)]
    for key, text in below.items():
        more += [f"{key}:", *text.split("\n")]
    capped = _capped if now else str
    texts = [" ".join(filter(None, map(capped, said))), *(f"    {capped(text)}" for text in more)]
    level, color = (line.level, _COLOURS[line.level]) if line.level else ("", None)
    return [(f"{_time(line.at, now)} ", None), (f"{level:{_WIDEST_LEVEL}}", color), (" " + "\n".join(texts), None)]


def _painted(parts: Parts, *, color: bool) -> str:
    return "".join(click.style(_safe(text), fg=name) if color and name else _safe(text) for text, name in parts)


def _time(at: dt.datetime, now: dt.datetime | None) -> str:
    if now is None:
        return at.isoformat(timespec="milliseconds").replace("+00:00", "Z")
    return f"{at:%H:%M:%S}" if at.date() == now.date() else f"{at:%Y-%m-%d %H:%M:%S}"


def _several_lines(value: object) -> str | None:
    """Return a text of several lines, such as a traceback, also one given as a list; None for anything else."""
    if isinstance(value, list) and value and all(isinstance(item, str) for item in value):
        value = "\n".join(item.rstrip("\n") for item in value)
    return value.strip("\n") if isinstance(value, str) and "\n" in value.strip("\n") else None


def _value(value: object) -> str:
    if isinstance(value, str) and _BARE.fullmatch(value):
        return value
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))


def _safe(text: str) -> str:
    return _OBEYED.sub(lambda found: found[0].encode("unicode_escape").decode(), text)


def _capped(text: str) -> str:
    if len(text) <= WIDEST:
        return text
    return f"{text[:WIDEST]}… ({len(text) - WIDEST:,} more characters; --output json shows all)"
