"""`opsctl logs`: what a service wrote."""

import datetime as dt

import click

from ops_cli.frame.completion import complete_service
from ops_cli.frame.context import Ops
from ops_cli.frame.options import OpsCommand
from ops_cli.frame.output import emit, emit_line, note
from ops_cli.frame.times import Since
from opscore import log_events


@click.command(cls=OpsCommand)
@click.argument("service", shell_complete=complete_service)
@click.option("--since", type=Since(), default="1h", show_default=True, help="An age (15m, 2h, 3d) or a UTC time.")
@click.option("--filter", "pattern", default="", metavar="PATTERN", help="CloudWatch Logs filter pattern.")
@click.option("--follow", "-f", is_flag=True, help="Go on with new lines until Ctrl-C.")
@click.pass_obj
def logs(ops: Ops, service: str, since: dt.datetime, pattern: str, follow: bool) -> None:
    """Show or follow the log of a service."""
    group = ops.stack.function(service).log_group
    client, start_ms = ops.client("logs"), int(since.timestamp() * 1000)
    plain_text = ops.choices.output == "table" and not ops.choices.query
    if follow:
        for event in log_events.follow(client, group, start_ms=start_ms, pattern=pattern):
            emit_line(_row(event), _line(event), ops.choices)
        return
    events = sorted(log_events.read(client, group, start_ms=start_ms, pattern=pattern), key=lambda event: event.at_ms)
    if not plain_text:
        emit([_row(event) for event in events], ops.choices)
        return
    for event in events:
        emit_line(_row(event), _line(event), ops.choices)
    if not events:
        note(f"No log lines in {group} since {since:%Y-%m-%d %H:%M:%S} UTC.")


def _at(event: log_events.LogEvent) -> dt.datetime:
    return dt.datetime.fromtimestamp(event.at_ms / 1000, dt.UTC)


def _line(event: log_events.LogEvent) -> str:
    return f"{_at(event):%Y-%m-%dT%H:%M:%S}Z  {event.message}"


def _row(event: log_events.LogEvent) -> dict[str, str]:
    return {"at": _at(event).isoformat(), "stream": event.stream, "message": event.message}
