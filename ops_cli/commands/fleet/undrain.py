"""`opsctl undrain`: let hosts take tasks again."""

import click

from ops_cli.frame.confirm import confirm
from ops_cli.frame.context import Ops
from ops_cli.frame.options import OpsCommand, yes_option
from ops_cli.frame.output import note
from opscore.errors import OpsError


@click.command(cls=OpsCommand)
@click.argument("instances", nargs=-1, required=True, metavar="INSTANCE...")
@yes_option
@click.pass_obj
def undrain(ops: Ops, instances: tuple[str, ...], yes: bool) -> None:
    """Let the given instances take tasks again; what is terminating cannot be called back."""
    from ops_cli.commands.fleet import stack_fleets

    found = stack_fleets.fleet_of(ops, tuple(dict.fromkeys(instances)))
    last = stack_fleets.last_drains(ops, found)
    held = [name for name, drain in last.items() if drain.is_open and drain.hook]
    if held:
        raise OpsError(
            f"Terminating, and that cannot be undone: {', '.join(held)}.",
            hint=f"`opsctl drain show {held[0]}` says how far it is.",
        )
    status = stack_fleets.container_status(ops, found)
    draining = {name for name, drain in last.items() if drain.is_open}
    active = [name for name in found if status.get(name) == "ACTIVE" and name not in draining]
    if active:
        note(f"Already ACTIVE, so tasks are placed there, and nothing to do: {', '.join(active)}.")
    if not (rest := {name: fleet for name, fleet in found.items() if name not in active}):
        return
    confirm(f"Set {', '.join(rest)} ACTIVE?", yes=yes)
    stack_fleets.undo(ops, rest, last)
    note("Ordered. Next: opsctl fleet")
