"""The fleet in the emulator's saved state: what it adds to it, and what it keeps the emulator from losing.

The emulator marks every task as stopped when it is started again, because its containers are gone. Tasks of the fleet
have none, so they go on where they were. What has no record of its own there is saved with the Auto Scaling state.
"""

import copy
from collections.abc import Callable, Mapping
from typing import Any

from ministack.core.responses import request_scope
from ministack.services import autoscaling, ec2, ecs

from emulated_aws.fleet import state
from emulated_aws.fleet.ec2 import idempotency
from emulated_aws.fleet.ec2.ami import records as images
from emulated_aws.fleet.ecs import records, tasks
from emulated_aws.replacement import replace

MEMBER = "opsctl_fleet"
STORES: Mapping[str, Any] = {
    "container_instances": records.container_instances,
    "activities": state.activities,
    "owners": state.owners,
    "images": images.store,
    "ec2_answers": idempotency.answers,
}
"""What has no record in the emulator, by the name under which it is saved."""


def install() -> None:
    """Save under the fleet's lock, and take over what was saved."""
    replace(autoscaling, "get_state", _with_fleet)
    replace(autoscaling, "load_persisted_state", _with_restored_fleet)
    replace(ecs, "get_state", _locked)
    replace(ecs, "load_persisted_state", _with_live_tasks)
    replace(ec2, "get_state", _locked)
    replace(autoscaling, "reset", _with_reset)


def _locked(stock: Callable[[], Any]) -> Callable[[], Any]:
    def get_state() -> Any:
        with state.LOCK:
            return stock()

    return get_state


def _with_fleet(stock: Callable[[], Any]) -> Callable[[], Any]:
    def get_state() -> Any:
        with state.LOCK:
            return {**stock(), MEMBER: _saved()}

    return get_state


def _with_restored_fleet(stock: Callable[[Any], None]) -> Callable[[Any], None]:
    def load(data: Any) -> None:
        with state.LOCK:
            stock(data)
            _restore(data.get(MEMBER) or {})
            rebuild()

    return load


def _with_live_tasks(stock: Callable[[Any], None]) -> Callable[[Any], None]:
    def load(data: Any) -> None:
        saved = getattr(data.get("tasks"), "_data", {})
        alive = {key: copy.deepcopy(task) for key, task in saved.items() if task.get("_fleet")}
        with state.LOCK:
            stock(data)
            ecs._tasks._data.update(alive)
            rebuild()

    return load


def _saved() -> dict[str, Any]:
    return {
        **{name: copy.deepcopy(store) for name, store in STORES.items()},
        "settings": vars(state.settings()).copy(),
        "faults": state.faults.saved(),
    }


def _restore(found: Mapping[str, Any]) -> None:
    for name, store in STORES.items():
        store.clear()
        store.update(found.get(name) or {})
    state.change_settings(found.get("settings") or {})
    state.faults.restore(found.get("faults") or [])


def _reset() -> None:
    for store in STORES.values():
        store.clear()
    records.clear_indices()
    state.faults.clear()
    state.reset_settings()


def rebuild() -> None:
    """Build the indices of every account and region; whichever of the two states is loaded last completes them."""
    records.clear_indices()
    scopes = {key[:2] for store in (records.container_instances, ecs._tasks) for key, _value in store.all_items()}
    for account, region in scopes:
        with request_scope(account, region):
            tasks.rebuild_index()


def _with_reset(stock: Callable[[], None]) -> Callable[[], None]:
    def reset() -> None:
        with state.LOCK:
            stock()
            _reset()

    return reset
