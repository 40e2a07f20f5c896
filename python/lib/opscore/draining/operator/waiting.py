"""Wait for the end of drains."""

import time
from collections.abc import Callable, Collection, Sequence

from opscore.draining.aws.drain_table import DynamoDrains
from opscore.draining.record import Drain
from opscore.waiting import wait_until


def wait_for_end(
    drains: DynamoDrains,
    instance_ids: Sequence[str],
    since: int,
    *,
    joined: Collection[str] = (),
    timeout: float,
    report: Callable[[str], None],
    sleep: Callable[[float], None] = time.sleep,
    clock: Callable[[], float] = time.monotonic,
) -> list[Drain]:
    """Return the drains of instances, once all have ended; report what changes.

    They are those that began at `since` or later, and those in `joined`: the ids of drains that were open already.
    """
    reported: dict[str, str] = {}

    def ended() -> list[Drain] | None:
        latest = [drains.latest(instance_id) for instance_id in instance_ids]
        found = [drain for drain in latest if drain and (drain.started >= since or drain.drain_id in joined)]
        for drain in found:
            line = f"{drain.instance_id}: {drain.outcome or 'draining'}: {drain.why or 'recorded'}"
            if reported.get(drain.drain_id) != line:
                reported[drain.drain_id] = line
                report(line)
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
