"""`opsctl undrain`: let hosts take tasks again."""

import click

from ops_cli.frame.confirm import confirm
from ops_cli.frame.context import Ops
from ops_cli.frame.options import OpsCommand
from ops_cli.frame.output import note
from opscore.errors import OpsError


@click.command(cls=OpsCommand)
@click.argument("instances", nargs=-1, required=True, metavar="INSTANCE...")
@click.option("--yes", is_flag=True, help="Do not ask.")
@click.pass_obj
def undrain(ops: Ops, instances: tuple[str, ...], yes: bool) -> None:
    """Let the given instances take tasks again; what is terminating cannot be called back."""
    from ops_cli.commands.fleet import stack_fleets

    found = stack_fleets.fleet_of(ops, tuple(dict.fromkeys(instances)))
    records = stack_fleets.records(ops)
    held = [name for name in found if (drain := records.latest(name)) and drain.is_open and drain.hook]
    if held:
        raise OpsError(
            f"Terminating, and that cannot be undone: {', '.join(held)}.",
            hint=f"`opsctl drain show {held[0]}` says how far it is.",
        )
    confirm(f"Set {len(found)} instances ACTIVE?", yes=yes)
    stack_fleets.undo(ops, found)
    note("Ordered. Next: opsctl fleet")
