"""The hosts that need a person, as `opsctl status` names them: kept at their deadline, or stuck on the way there."""

from dataclasses import dataclass

from ops_cli.frame.context import Ops
from ops_cli.frame.output import Column, Section
from opscore.health import Level


@dataclass(frozen=True)
class HostInNeed:
    """A host that stays until somebody acts; `why` says so in words."""

    host: str
    cluster: str
    state: str
    tasks_left: int | None
    why: str
    level: Level = "red"


SECTION = Section(
    "hosts",
    (
        Column("host", "id", rank=0),
        Column("state", "id", rank=2),
        Column("tasks_left", "number", rank=3, heading="LEFT"),
        Column("why", "text", rank=1),
    ),
    more="opsctl drained --stuck",
    rank=1,
)


def make_clients(ops: Ops) -> bool:
    """Make the clients that `hosts_in_need` uses, for threads cannot; says whether the stack drains anything."""
    if not ops.stack.fleets or "drains" not in ops.stack.tables:
        return False
    for service in ("autoscaling", "dynamodb", "ecs"):
        ops.client(service)
    return True


def hosts_in_need(ops: Ops) -> list[HostInNeed]:
    """Return the hosts that need a person now."""
    from ops_cli.commands.fleet import stack_fleets

    return [
        HostInNeed(row.instance, row.cluster, row.state, row.tasks_left, row.stuck) for row in stack_fleets.in_need(ops)
    ]
