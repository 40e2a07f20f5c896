"""The fleet's heartbeat: a thread that brings every account and region on, a bounded step at a time.

The lock is taken for one group, one service, one sweep at a time and released in between, because the emulator answers
requests on one thread that waits for it.
"""

import logging
import threading
import time

from ministack.core.responses import request_scope
from ministack.services import autoscaling, ec2, ecs

from emulated_aws.fleet import state
from emulated_aws.fleet.autoscaling import groups
from emulated_aws.fleet.ecs import agents, capacity_providers, container_instances, records, services, tasks

INTERVAL_SECONDS = 0.1
IDLE_SECONDS = 0.5
SWEEP_SECONDS = 60.0

logger = logging.getLogger("opsctl.fleet")


def start() -> None:
    """Start the thread."""
    threading.Thread(target=_run, name="fleet", daemon=True).start()


def _run() -> None:
    swept = time.monotonic()
    while True:
        scopes = _scopes()
        time.sleep(INTERVAL_SECONDS if scopes else IDLE_SECONDS)
        sweep = time.monotonic() > swept + SWEEP_SECONDS
        swept = time.monotonic() if sweep else swept
        for account, region in scopes:
            with request_scope(account, region):
                step(sweep=sweep)


def _scopes() -> set[tuple[str, str]]:
    stores = (autoscaling._asgs, ec2._instances, ecs._services, records.container_instances, state.owners)
    return {key[:2] for store in stores for key, _value in store.all_items()}


def step(*, sweep: bool) -> None:
    """Bring the present account and region one step on; a failing part does not stop the others."""
    for part in (groups.step_all, agents.step_all, _tasks, services.step_all, capacity_providers.drain_all):
        try:
            part()
        except Exception:
            logger.exception("the fleet could not take a step in %s", part.__module__)
        time.sleep(0)
    if sweep:
        with state.LOCK:
            tasks.forget_old()
            container_instances.forget_old()


def _tasks() -> None:
    with state.LOCK:
        tasks.advance_all()
