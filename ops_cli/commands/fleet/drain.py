"""`opsctl drain`: drain hosts on purpose, and look at one drain."""

import datetime as dt
import time
from typing import TYPE_CHECKING, Any

import click

from ops_cli.frame.confirm import confirm
from ops_cli.frame.context import Ops
from ops_cli.frame.options import OpsGroup
from ops_cli.frame.output import emit, note
from opscore.errors import PartlyDone

if TYPE_CHECKING:
    from opscore.draining.record import Drain

MOVES = ("cluster", "group", "tasks", "to", "blocked", "why")


class DrainGroup(OpsGroup):
    """`opsctl drain i-0abc` means `opsctl drain start i-0abc`: at 3 a.m. nobody types a word too many."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """Take instances without a command as those to drain."""
        if any(argument.startswith("i-") for argument in args) and not set(args) & set(self.commands):
            args = ["start", *args]
        return super().parse_args(ctx, args)


@click.group(cls=DrainGroup)
def drain() -> None:
    """Drain container instances on purpose, and look at one drain.

    `opsctl drain INSTANCE...` is short for `opsctl drain start INSTANCE...`.
    """


@drain.command()
@click.argument("instances", nargs=-1, required=True, metavar="INSTANCE...")
@click.option("--reason", default="", help="Why, for the record.")
@click.option("--dry-run", is_flag=True, help="Show the plan and change nothing.")
@click.option("--yes", is_flag=True, help="Do not ask.")
@click.option("--wait", is_flag=True, help="Wait until the hosts are drained.")
@click.option("--timeout", default=3600, show_default=True, metavar="SECONDS", help="How long to wait.")
@click.pass_obj
def start(
    ops: Ops, instances: tuple[str, ...], reason: str, dry_run: bool, yes: bool, wait: bool, timeout: int
) -> None:
    """Move every task off the given instances, which go on running and can take tasks again with `opsctl undrain`.

    The plan is shown first: where the tasks will find room, and which service blocks and why. It is a rehearsal on what
    the other hosts have left; memberOf constraints are not evaluated.
    """
    from ops_cli.commands.fleet import stack_fleets

    wanted = tuple(dict.fromkeys(instances))
    found = stack_fleets.fleet_of(ops, wanted)
    moves = stack_fleets.rehearse(ops, found)
    rows = [{"cluster": cluster, **vars(move)} for cluster, move in moves]
    emit(rows, ops.choices, columns=MOVES, paint=_paint_move, empty="No task runs there: nothing has to move.")
    blocked = sum(move.blocked for _, move in moves)
    if dry_run:
        note("Changes made: none.")
        return
    doubt = f" {blocked} tasks have nowhere to go and will hold it." if blocked else ""
    confirm(f"Drain {len(wanted)} instances?{doubt}", yes=yes)
    began = int(time.time()) - 60
    stack_fleets.order(ops, found, reason)
    if not wait:
        note(f"Ordered. Next: opsctl drained --watch, or opsctl undrain {' '.join(wanted)}")
        return
    ended = stack_fleets.wait(ops, wanted, began, timeout, note)
    if others := [one for one in ended if one.outcome != "drained"]:
        raise PartlyDone(
            f"{len(others)} of {len(ended)} did not drain: {', '.join(one.drain_id for one in others)}.",
            hint=f"`opsctl drain show {others[0].drain_id}` says why.",
        )
    note(f"All {len(ended)} are drained. Next: opsctl undrain {' '.join(wanted)}, or terminate them.")


@drain.command()
@click.argument("drain_id", metavar="ID")
@click.pass_obj
def show(ops: Ops, drain_id: str) -> None:
    """Show the record of one drain: ID is an instance, or an instance and the number of its drain (i-0abc/2)."""
    from ops_cli.commands.fleet import stack_fleets

    found = stack_fleets.find(ops, drain_id)
    emit(_details(found[0], len(found)), ops.choices)


def _details(drain: "Drain", count: int) -> dict[str, Any]:
    """Return everything known of a drain, times as times."""
    said = {
        "drain_id": drain.drain_id,
        "instance": drain.instance_id,
        "cluster": drain.cluster,
        "group": drain.group,
        "image": drain.image_id,
        "zone": drain.zone,
        "cause": str(drain.cause),
        "detail": drain.detail,
        "started": _time(drain.started),
        "deadline": _time(drain.deadline),
        "last_heartbeat": _time(drain.heartbeat_at),
        "last_look": _time(drain.looked_at),
        "tasks_at_start": drain.tasks_at_start,
        "tasks_left": drain.left,
        "moved": drain.moved,
        "stopped": drain.stopped,
        "killed": drain.killed,
        "blocker": drain.blocker,
        "why": drain.why,
        "outcome": str(drain.outcome or "open"),
        "ended": _time(drain.ended),
        "drains_of_this_instance": count,
    }
    return said | {"next": _next(drain)}


def _next(drain: "Drain") -> str:
    if drain.is_open:
        return f"opsctl drained --cluster {drain.cluster} --watch"
    if drain.outcome == "kept":
        return f"opsctl undrain {drain.instance_id}, or end its tasks and terminate it"
    return f"opsctl fleet {drain.cluster}"


def _time(seconds: int) -> dt.datetime | None:
    return dt.datetime.fromtimestamp(seconds, dt.UTC) if seconds else None


def _paint_move(row: Any) -> str | None:
    return "red" if row["blocked"] else None
