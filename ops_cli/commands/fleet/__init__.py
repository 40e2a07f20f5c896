"""`opsctl fleet`: the Auto Scaling groups and what their instances run."""

from typing import Any

import click

from ops_cli.frame.completion import complete_fleet
from ops_cli.frame.context import Ops
from ops_cli.frame.options import OpsCommand
from ops_cli.frame.output import Column, emit, note

FLEETS = (
    Column("fleet", "id"),
    Column("desired", "number", rank=2),
    Column("in_service", "number", rank=1),
    Column("draining", "number", rank=1),
    Column("tasks", "number", rank=3),
    Column("image", "id", rank=5),
    Column("image_age_days", "number", rank=4, heading="AMI DAYS"),
    Column("drifted", "number", rank=1),
    Column("draining_by", rank=2),
)
HOSTS = (
    Column("instance", "id"),
    Column("zone", "id", rank=6),
    Column("lifecycle", "id", rank=2),
    Column("status", "id", rank=1),
    Column("tasks", "number", rank=1),
    Column("image", "id", rank=4),
    Column("image_age_days", "number", rank=3, heading="AMI DAYS"),
    Column("template_version", "id", rank=5, heading="TEMPLATE"),
    Column("agent", "id", rank=7),
    Column("drift", rank=1),
)


@click.command(cls=OpsCommand)
@click.argument("name", required=False, shell_complete=complete_fleet)
@click.pass_obj
def fleet(ops: Ops, name: str | None) -> None:
    """List the fleets, or the instances of one: AMI and its age, template version, agent, tasks, drift."""
    from ops_cli.commands.fleet import stack_fleets

    found = [stack_fleets.look(ops, one) for one in stack_fleets.fleets(ops, name)]
    if not name:
        rows = [{key: value for key, value in vars(view).items() if key != "hosts"} for view in found]
        emit(rows, ops.choices, columns=FLEETS, paint=_paint, empty="The stack has no fleet.")
        return
    (view,) = found
    note(
        f"{view.group}: {view.in_service} of {view.desired} in service, AMI {view.image}, drained by {view.draining_by}"
    )
    emit(view.hosts, ops.choices, columns=HOSTS, paint=_paint, empty="The fleet has no instance.")


def _paint(row: Any) -> str | None:
    if row.get("draining_by") == "nobody":
        return "red"
    return "yellow" if row.get("drift") or row.get("drifted") else None
