"""The container instances, for which the emulator has no record, and the indices over them and over the tasks.

The container instances are saved with the Auto Scaling state (persistence.py); the indices are built again from them
and from the emulator's tasks.
"""

from collections.abc import Iterator
from typing import Any

from ministack.core.responses import AccountRegionScopedDict, get_account_id, get_region

from emulated_aws.fleet.ecs.placement import Host

Record = dict[str, Any]

container_instances: Any = AccountRegionScopedDict()
"""ARN -> container instance."""

hosts: dict[tuple[str, str, str], Host] = {}
"""(account, region, ARN of the container instance) -> what is free there and who holds the rest. An index."""

live: dict[tuple[str, str], dict[str, Record]] = {}
"""(account, region) -> ARN -> task on a container instance that has not stopped yet. An index."""

moving: dict[tuple[str, str], set[str]] = {}
"""(account, region) -> ARNs of the tasks that are between two states. An index."""


def host_key(arn: str) -> tuple[str, str, str]:
    """Return the key of a container instance of the present account and region in `hosts`."""
    return get_account_id(), get_region(), arn


def live_tasks() -> dict[str, Record]:
    """Return the tasks of the present account and region that have not stopped yet."""
    return live.setdefault(_scope(), {})


def moving_tasks() -> set[str]:
    """Return the ARNs of the tasks of the present account and region that are between two states."""
    return moving.setdefault(_scope(), set())


def _scope() -> tuple[str, str]:
    return get_account_id(), get_region()


def cluster_instances(cluster_arn: str) -> Iterator[Record]:
    """Yield the registered container instances of a cluster."""
    for instance in container_instances.values():
        if instance["_cluster"] == cluster_arn and instance["status"] != "INACTIVE":
            yield instance


def clear_indices() -> None:
    """Forget what can be built again."""
    for index in (hosts, live, moving):
        index.clear()
