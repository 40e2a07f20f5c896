"""From the stack to the dead-letter library's arguments: which queue is meant, and who consumes it."""

import secrets

from ops_cli.context import Ops
from ops_cli.stack import Queue
from opscore.dead_letters.causes import Cause, find
from opscore.dead_letters.client_engine import ClientEngine, Tally
from opscore.dead_letters.destinations import SqsDestination
from opscore.dead_letters.message import DeadLetter
from opscore.dead_letters.plan import ReplayPlan, plan_replay
from opscore.dead_letters.queues import QueueFacts, describe


def facts(ops: Ops, queue: Queue) -> QueueFacts:
    """Return what SQS says about the dead-letter queue of `queue`."""
    return describe(ops.client("sqs"), queue.dead_letter)


def cause(ops: Ops, queue: Queue, letter: DeadLetter) -> Cause | None:
    """Return why `letter` died, from the log of the queue's consumer."""
    return find(ops.client("logs"), ops.stack.function(queue.consumer).log_group, letter)


def spoken(seconds: int | None) -> str | None:
    """Return a time span as people say it, in its two largest units: `3d 4h`, `12m 5s`."""
    if seconds is None:
        return None
    units = (("d", 86_400), ("h", 3_600), ("m", 60), ("s", 1))
    parts: list[str] = []
    for unit, length in units:
        count, seconds = divmod(seconds, length)
        if count or parts or unit == "s":
            parts.append(f"{count}{unit}")
    return " ".join(part for part in parts[:2] if not part.startswith("0") or len(parts) == 1)


def plan(ops: Ops, queue: Queue, maximum: int | None) -> ReplayPlan:
    """Return the plan to replay the dead letters of `queue` into it."""
    sqs = ops.client("sqs")
    return plan_replay(sqs, facts(ops, queue), describe(sqs, queue.name), maximum=maximum)


def replay(ops: Ops, plan: ReplayPlan) -> Tally:
    """Carry out `plan`."""
    sqs = ops.client("sqs")
    # SQS's date header has whole seconds: the run's start is the end of the second it began in.
    started_ms = describe(sqs, plan.source.url).asked_ms + 1000
    engine = ClientEngine(
        sqs,
        plan.source,
        SqsDestination(sqs, plan.destination),
        run=secrets.token_hex(4),
        started_ms=started_ms,
        maximum=plan.maximum,
    )
    return engine.run()
