"""Shell completion of instances that were drained."""

from ops_cli.frame.completion import completion_of
from ops_cli.frame.context import Ops


def _drained_instances(ops: Ops) -> list[str]:
    from ops_cli.commands.fleet import stack_fleets

    return stack_fleets.drained_instances(ops)


complete_drain = completion_of("drains", _drained_instances)
