"""Carry out a verdict: end the lifecycle action, then close the record. Any call may be the last one before a crash.

The verdict is in the record before the first call, so that who comes next repeats these steps and decides nothing anew:
a host that is gone by then does not look like one that was lost.
"""

from opscore.draining.aws.drain_table import Drains
from opscore.draining.aws.hosts import ActionOver, Hosts
from opscore.draining.aws.metrics import KILLED, Count
from opscore.draining.record import Drain, Outcome
from opscore.logs import structured_log


def finish(drain: Drain, hosts: Hosts, drains: Drains, count: Count, now: int) -> Drain:
    """Carry out the verdict of `drain`, which its record holds already, and return the closed drain."""
    if drain.hook:
        end_action(drain, hosts)
    if drain.killed:
        # Before the record is closed: counted twice after a crash is better than not at all.
        count(KILLED, drain.cluster, drain.killed)
    closed = drain.closed(now)
    drains.update(drain, closed)
    structured_log.write(
        "WARNING" if drain.killed or drain.verdict is Outcome.KEPT else "INFO",
        f"drain ended: {drain.verdict}",
        drain_id=drain.drain_id,
        cluster=drain.cluster,
        killed=drain.killed,
        why=drain.why,
    )
    return closed


def end_action(drain: Drain, hosts: Hosts) -> bool:
    """End the lifecycle action as the verdict says; returns False when it was over already."""
    try:
        if drain.verdict is Outcome.KEPT:
            hosts.retain(drain)
        else:
            hosts.release(drain)
    except ActionOver:
        return False
    return True
