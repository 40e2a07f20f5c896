"""`opsctl drained`: draining and drained hosts, and what holds them."""

import datetime as dt
import time
from typing import TYPE_CHECKING, Any

import click

from ops_cli.frame.completion import complete_fleet
from ops_cli.frame.context import Ops
from ops_cli.frame.options import OpsCommand, seconds_option
from ops_cli.frame.output import emit
from ops_cli.frame.times import Since

if TYPE_CHECKING:
    from opscore.draining.operator.drains import DrainRow

COLUMNS = (
    "instance",
    "image",
    "zone",
    "state",
    "tasks_left",
    "killed",
    "blocker",
    "why",
    "action_left",
    "deadline_left",
)
STUCK = ("instance", "state", "stuck", "tasks_left", "blocker", "why", "deadline_left", "next")


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
    """List draining and drained container instances: their tasks left, what holds them, and how long AWS waits."""
    shown: list[Any] | None = None
    while True:
        found = _rows(ops, cluster, since)
        rows = [row for row in found if row["stuck"] or not stuck]
        essence = [(row["instance"], row["state"], row["tasks_left"], row["why"]) for row in rows]
        if essence != shown:
            emit(
                rows, ops.choices, columns=_columns(rows, stuck), paint=_paint, empty="No host drains or drained here."
            )
            shown = essence
        if not watch or not any(row["state"] == "draining" for row in found):
            return
        time.sleep(interval)


def _rows(ops: Ops, cluster: str | None, since: dt.datetime) -> list[dict[str, Any]]:
    from ops_cli.commands.fleet import stack_fleets

    return [_row(row) for row in stack_fleets.drained(ops, cluster, int(since.timestamp()))]


def _row(row: "DrainRow") -> dict[str, Any]:
    from ops_cli.frame.times import spoken

    times = {"action_left": spoken(row.action_left), "deadline_left": spoken(row.deadline_left)}
    return {**vars(row), **times, "next": f"opsctl drain show {row.drain_id}" if row.drain_id else None}


def _columns(rows: list[dict[str, Any]], stuck: bool) -> tuple[str, ...]:
    """Return what a table shows; the cluster only where there is more than one."""
    columns = STUCK if stuck else COLUMNS
    several = len({row["cluster"] for row in rows}) > 1
    return ("cluster", *columns) if several else columns


def _paint(row: Any) -> str | None:
    if row["killed"] or row["stuck"]:
        return "red"
    return "yellow" if row["state"] == "draining" else None
