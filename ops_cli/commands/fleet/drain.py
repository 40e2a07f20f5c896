"""`opsctl drain`: drain hosts on purpose, and look at one drain."""

import datetime as dt
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import click

from ops_cli.commands.fleet.completing import complete_drain
from ops_cli.frame.confirm import confirm
from ops_cli.frame.context import Ops
from ops_cli.frame.options import OpsGroup, seconds_option, yes_option
from ops_cli.frame.output import Column, emit, note
from opscore.errors import OpsError, PartlyDone
from opscore.words import counted

if TYPE_CHECKING:
    from opscore.draining.record import Drain

CLUSTER = Column("cluster", "id", rank=5)
MOVES = (
    Column("group", "id"),
    Column("tasks", "number", rank=2),
    Column("blocked", "number", rank=0),
    Column("why", rank=1),
    Column("to", rank=3, least=24),
)
DETAILS = (Column("drain_id", "id"), Column("next", "id"))


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
@click.option("--force", is_flag=True, help="Drain although a service has all its tasks there and nowhere else to go.")
@yes_option
@click.option("--wait", is_flag=True, help="Wait until the hosts are drained.")
@seconds_option("--timeout", 3600, "How long to wait.")
@click.pass_obj
def start(
    ops: Ops,
    instances: tuple[str, ...],
    reason: str,
    dry_run: bool,
    force: bool,
    yes: bool,
    wait: bool,
    timeout: int,
) -> None:
    """Move every task off the given instances, which go on running and can take tasks again with `opsctl undrain`.

    The plan is shown first: where the tasks will find room, and which service blocks and why. It is a rehearsal on what
    the other hosts have left; memberOf constraints are not evaluated.
    """
    from ops_cli.commands.fleet import stack_fleets
    from opscore.draining.operator.waiting import wait_for_end

    wanted = tuple(dict.fromkeys(instances))
    found = stack_fleets.fleet_of(ops, wanted)
    moves = stack_fleets.rehearse(ops, found)
    rows = [{"cluster": cluster, **vars(move)} for cluster, move in moves]
    columns = (*MOVES, CLUSTER) if len({row["cluster"] for row in rows}) > 1 else MOVES
    emit(rows, ops.choices, columns=columns, paint=_paint_move, empty="No task runs there: nothing has to move.")
    blocked = sum(move.blocked for _, move in moves)
    pointless = [move.group for _, move in moves if move.is_pointless]
    if dry_run:
        note(f"Changes made: none.{f' To drain them anyway wants --force: {_nowhere(pointless)}' if pointless else ''}")
        return
    if pointless and not force:
        raise OpsError(
            f"Nothing was ordered: {_nowhere(pointless)}",
            hint="Add a host first, or drain some of them; with --force the tasks go on here, and no new ones come.",
        )
    confirm(f"Drain {counted(len(wanted), 'instance')}?{_doubt(blocked)}", yes=yes)
    last = stack_fleets.last_drains(ops, wanted)
    stack_fleets.order(ops, found, reason, last)
    if not wait:
        note(f"Ordered. Next: opsctl drained --watch, or opsctl undrain {' '.join(wanted)}")
        return
    after = {name: last[name].attempt if name in last else 0 for name in wanted}
    joined = {drain.drain_id for drain in last.values() if drain.is_open}
    ended = wait_for_end(stack_fleets.records(ops), after, joined=joined, timeout=timeout, report=note)
    if others := [one for one in ended if one.outcome != "drained"]:
        raise PartlyDone(
            f"{len(others)} of {len(ended)} did not drain: {', '.join(one.drain_id for one in others)}.",
            hint=f"`opsctl drain show {others[0].drain_id}` says why.",
        )
    note(f"{counted(len(ended), 'instance')} drained. Next: opsctl undrain {' '.join(wanted)}, or terminate them.")


def _nowhere(groups: Sequence[str]) -> str:
    named = ", ".join(group.removeprefix("service:") for group in groups)
    return f"every task of {named} is on these hosts, and none has another place."


def _doubt(blocked: int) -> str:
    if not blocked:
        return ""
    return f" {counted(blocked, 'task')} {'has' if blocked == 1 else 'have'} nowhere to go and will hold it."


@drain.command()
@click.argument("drain_id", metavar="ID", shell_complete=complete_drain)
@click.pass_obj
def show(ops: Ops, drain_id: str) -> None:
    """Show the record of one drain: ID is an instance, or an instance and the number of its drain (i-0abc/2).

    Of an instance its last drain is shown; the beginning of its id will do where no other begins so.
    """
    from ops_cli.commands.fleet import stack_fleets

    found = stack_fleets.find(ops, drain_id)
    emit(_details(found[0], len(found)), ops.choices, columns=DETAILS)


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
        "started": moment(drain.started),
        "deadline": moment(drain.deadline),
        "last_heartbeat": moment(drain.heartbeat_at),
        "last_look": moment(drain.looked_at),
        "tasks_at_start": drain.tasks_at_start,
        "tasks_left": drain.left,
        "moved": drain.moved,
        "stopped": drain.stopped,
        "killed": drain.killed,
        "blocker": drain.blocker,
        "why": drain.why,
        "outcome": str(drain.outcome or "open"),
        "ended": moment(drain.ended),
        "drains_of_this_instance": count,
    }
    return said | {"next": _next(drain)}


def _next(drain: "Drain") -> str:
    if drain.is_open:
        return f"opsctl drained --cluster {drain.cluster} --watch"
    if drain.outcome == "kept":
        return f"opsctl undrain {drain.instance_id}, or end its tasks and terminate it"
    return f"opsctl fleet {drain.cluster}"


def moment(seconds: int | None) -> dt.datetime | None:
    """Return a record's time, which is in seconds since the epoch; None for never."""
    return dt.datetime.fromtimestamp(seconds, dt.UTC) if seconds else None


def _paint_move(row: Any) -> str | None:
    return "red" if row["blocked"] else None
