"""Wait for the end of drains."""

import time
from collections.abc import Callable, Collection, Mapping

from opscore.draining.aws.drain_table import DynamoDrains
from opscore.draining.record import Drain
from opscore.waiting import wait_until


def wait_for_end(
    drains: DynamoDrains,
    after: Mapping[str, int],
    *,
    joined: Collection[str] = (),
    timeout: float,
    report: Callable[[str], None],
    sleep: Callable[[float], None] = time.sleep,
    clock: Callable[[], float] = time.monotonic,
) -> list[Drain]:
    """Return the drains of instances, once all have ended; report what changes.

    `after` says the number of each instance's last drain of before, 0 for none: a later one is waited for, or one in
    `joined`, the ids of drains that were open already.
    """
    reported: dict[str, str] = {}

    def ended() -> list[Drain] | None:
        latest = [(before, drains.latest(instance_id)) for instance_id, before in after.items()]
        found = [drain for before, drain in latest if drain and (drain.attempt > before or drain.drain_id in joined)]
        for drain in found:
            line = f"{drain.instance_id}: {drain.outcome or 'draining'}: {drain.why or 'recorded'}"
            if reported.get(drain.drain_id) != line:
                reported[drain.drain_id] = line
                report(line)
        done = len(found) == len(after) and not any(drain.is_open for drain in found)
        return found if done else None

    return wait_until(
        ended,
        timeout=timeout,
        what="The end of the drain",
        interval=2,
        hint="It goes on. `opsctl drained` shows what holds it.",
        sleep=sleep,
        clock=clock,
    )
