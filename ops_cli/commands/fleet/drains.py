"""`opsctl drained`: draining and drained hosts, and what holds them."""

import datetime as dt
import time
from collections import Counter
from typing import TYPE_CHECKING, Any

import click

from ops_cli.frame.completion import complete_fleet
from ops_cli.frame.context import Ops
from ops_cli.frame.options import OpsCommand, seconds_option
from ops_cli.frame.output import Column, Stream, emit, note
from ops_cli.frame.times import Since
from opscore.words import counted

if TYPE_CHECKING:
    from opscore.draining.operator.drains import DrainRow

Row = dict[str, Any]

CLUSTER = Column("cluster", "id", rank=6)
COLUMNS = (
    Column("instance", "id"),
    Column("state", "id", rank=0),
    Column("tasks_left", "number", rank=1, heading="LEFT"),
    Column("killed", "number", rank=4),
    Column("deadline_left_seconds", "span", rank=2, heading="DEADLINE"),
    Column("action_left_seconds", "span", rank=5, heading="ACTION"),
    Column("blocker", rank=2, least=8),
    Column("why", rank=1),
    Column("ended", "moment", rank=7),
    Column("image", "id", rank=8),
    Column("zone", "id", rank=9),
)
STUCK = (
    Column("instance", "id", rank=0),
    Column("stuck", "id", rank=0),
    Column("tasks_left", "number", rank=0),
    Column("deadline_left_seconds", "span", rank=0),
    Column("blocker", "id", rank=0),
    Column("why", "id", rank=0),
    Column("next", "id", rank=0),
)
"""All of them at any width, in whole sentences: what needs a person is read, not skimmed."""


@click.command(cls=OpsCommand)
@click.option("--cluster", metavar="NAME", shell_complete=complete_fleet, help="Only this fleet's or cluster's hosts.")
@click.option(
    "--since", type=Since(), default="24h", show_default=True, help="Ended drains from then on; open ones always."
)
@click.option("--stuck", is_flag=True, help="Only those that need a person, and why.")
@click.option("--watch", is_flag=True, help="Show it again when it changes, until nothing drains any more.")
@seconds_option("--interval", 5, "How often --watch looks.", smallest=1)
@click.pass_obj
def drained(ops: Ops, cluster: str | None, since: dt.datetime, stuck: bool, watch: bool, interval: int) -> None:
    """List draining and drained container instances: their tasks left, what holds them, and how long AWS waits.

    DEADLINE is the time until the policy decides about a host, ACTION until Auto Scaling ends it unless it hears from
    opsctl. With --watch, JSON is a line for each host, and every row has the time of its look in `looked_at`.
    """
    if not watch:
        _show(ops, _wanted(_rows(ops, cluster, since), stuck), stuck)
        return
    shown: list[Any] | None = None
    stream = Stream(ops.choices)
    while True:
        found = _rows(ops, cluster, since)
        rows = _wanted(found, stuck)
        essence = [(row["instance"], row["state"], row["tasks_left"], row["why"]) for row in rows]
        if essence != shown:
            _show_again(ops, stream, rows, stuck)
            shown = essence
        if not any(row["state"] == "draining" for row in found):
            return
        time.sleep(interval)


def _wanted(rows: list[Row], stuck: bool) -> list[Row]:
    return [row for row in rows if row["stuck"] or not stuck]


def _show(ops: Ops, rows: list[Row], stuck: bool) -> None:
    empty = "No host needs a person." if stuck else "No host drains or drained here."
    emit(rows, ops.choices, columns=_columns(rows, stuck), paint=_paint, empty=empty)
    if not stuck and (waiting := sum(bool(row["stuck"]) for row in rows)):
        note(f"{counted(waiting, 'host')} {'needs' if waiting == 1 else 'need'} a person: `opsctl drained --stuck`.")


def _show_again(ops: Ops, stream: Stream, rows: list[Row], stuck: bool) -> None:
    """Show one look of several, which begins with its time."""
    now = dt.datetime.now(dt.UTC)
    note(f"{now:%H:%M:%S} UTC: {_counts(rows)}")
    if ops.choices.is_for_people:
        _show(ops, rows, stuck)
        return
    for row in rows:
        stream.row({"looked_at": now, **row}, "")


def _counts(rows: list[Row]) -> str:
    counts = Counter(row["state"] for row in rows)
    return ", ".join(f"{count} {state}" for state, count in counts.items()) or "no host"


def _rows(ops: Ops, cluster: str | None, since: dt.datetime) -> list[Row]:
    from ops_cli.commands.fleet import stack_fleets

    return [_row(row) for row in stack_fleets.drained(ops, cluster, int(since.timestamp()))]


def _row(row: "DrainRow") -> Row:
    from ops_cli.commands.fleet.drain import moment

    times = {"started": moment(row.started), "ended": moment(row.ended)}
    return {**vars(row), **times, "next": f"opsctl drain show {row.drain_id}" if row.drain_id else None}


def _columns(rows: list[Row], stuck: bool) -> tuple[Column, ...]:
    """Return what a table shows; the cluster only where there is more than one."""
    columns = STUCK if stuck else COLUMNS
    several = len({row["cluster"] for row in rows}) > 1
    return (CLUSTER, *columns) if several else columns


def _paint(row: Any) -> str | None:
    if row["killed"] or row["stuck"]:
        return "red"
    return "yellow" if row["state"] == "draining" else None
