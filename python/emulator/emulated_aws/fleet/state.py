"""What the fleet knows beyond the emulator's own records, and the one lock around all of it.

Groups and their instances are the emulator's records, so are services and tasks; members whose names begin with an
underscore are ours and reach no caller. What has no record there is kept here and saved with the Auto Scaling state.
`hosts` is an index that is built again from the container instances and the tasks.
"""

import copy
import threading
import time
from collections.abc import Iterator, Mapping
from typing import Any

from ministack.core.responses import AccountRegionScopedDict, get_account_id, get_region

from emulated_aws.fleet.ecs.placement import Host
from emulated_aws.fleet.faults import Faults
from emulated_aws.fleet.settings import Settings

Record = dict[str, Any]

LOCK = threading.RLock()

container_instances: Any = AccountRegionScopedDict()
"""ARN -> container instance."""

activities: Any = AccountRegionScopedDict()
"""Group -> its scaling activities, newest first."""

hosts: dict[tuple[str, str, str], Host] = {}
"""(account, region, ARN of the container instance) -> what is free there and who holds the rest."""

live: dict[tuple[str, str], dict[str, Record]] = {}
"""(account, region) -> ARN -> task on a container instance that has not stopped yet. An index."""

moving: dict[tuple[str, str], set[str]] = {}
"""(account, region) -> ARNs of the tasks that are between two states. An index."""

owners: Any = AccountRegionScopedDict()
"""Instance id -> the group that launched it, so that a deleted group's instances end with it."""

faults = Faults()


class _Holder:
    """Settings change as a whole; readers take whichever is there."""

    settings = Settings()


def settings() -> Settings:
    """Return the settings as they are now."""
    return _Holder.settings


def change_settings(given: Mapping[str, Any]) -> Settings:
    """Replace some settings."""
    _Holder.settings = _Holder.settings.changed(given)
    return _Holder.settings


def scaled(seconds: float) -> float:
    """Return how long so many of AWS's seconds take here."""
    return seconds * settings().time_scale


def now() -> float:
    """Return the time in seconds since 1970: the fleet's clock, which outlives the process."""
    return time.time()


def host_key(arn: str) -> tuple[str, str, str]:
    """Return the key of a container instance of the present account and region in `hosts`."""
    return get_account_id(), get_region(), arn


def scope() -> tuple[str, str]:
    """Return the present account and region."""
    return get_account_id(), get_region()


def live_tasks() -> dict[str, Record]:
    """Return the tasks of the present account and region that have not stopped yet."""
    return live.setdefault(scope(), {})


def moving_tasks() -> set[str]:
    """Return the ARNs of the tasks of the present account and region that are between two states."""
    return moving.setdefault(scope(), set())


def cluster_instances(cluster_arn: str) -> Iterator[Record]:
    """Yield the registered container instances of a cluster."""
    for instance in container_instances.values():
        if instance["_cluster"] == cluster_arn and instance["status"] != "INACTIVE":
            yield instance


def saved() -> Record:
    """Return a copy of what has to outlive the process."""
    return {
        "container_instances": copy.deepcopy(container_instances),
        "activities": copy.deepcopy(activities),
        "owners": copy.deepcopy(owners),
        "settings": vars(settings()).copy(),
        "faults": faults.saved(),
    }


def restore(found: Record) -> None:
    """Take over what `saved` returned in an earlier process."""
    for store, name in ((container_instances, "container_instances"), (activities, "activities"), (owners, "owners")):
        store.clear()
        store.update(found.get(name) or {})
    change_settings(found.get("settings") or {})
    faults.restore(found.get("faults") or [])
    for index in (hosts, live, moving):
        index.clear()


def reset() -> None:
    """Forget everything."""
    for store in (container_instances, activities, owners, hosts, live, moving):
        store.clear()
    faults.clear()
    _Holder.settings = Settings()
