"""Wait for the end of drains."""

import time
from collections.abc import Callable, Sequence

from opscore.draining.aws.drain_table import DynamoDrains
from opscore.draining.record import Drain
from opscore.waiting import wait_until


def wait_for_end(
    drains: DynamoDrains,
    instance_ids: Sequence[str],
    since: int,
    *,
    timeout: float,
    say: Callable[[str], None],
    sleep: Callable[[float], None] = time.sleep,
    clock: Callable[[], float] = time.monotonic,
) -> list[Drain]:
    """Return the drains of instances that began at `since` or later, once all have ended; tell what changes."""
    told: dict[str, str] = {}

    def ended() -> list[Drain] | None:
        latest = [drains.latest(instance_id) for instance_id in instance_ids]
        found = [drain for drain in latest if drain and drain.started >= since]
        for drain in found:
            line = f"{drain.instance_id}: {drain.outcome or 'draining'}: {drain.why or 'recorded'}"
            if told.get(drain.drain_id) != line:
                told[drain.drain_id] = line
                say(line)
        done = len(found) == len(instance_ids) and not any(drain.is_open for drain in found)
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
