"""What a replay is going to do: shown first, and the same object that then runs."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from opscore.dead_letters.message import DeadLetter
from opscore.dead_letters.peek import peek, warning
from opscore.dead_letters.queues import QueueFacts
from opscore.errors import UsageProblem

if TYPE_CHECKING:
    from mypy_boto3_sqs import SQSClient

_SAMPLES = 3


@dataclass(frozen=True)
class ReplayPlan:
    """Source, destination and number of messages, with a few of them to look at."""

    source: QueueFacts
    destination: QueueFacts
    count: int
    samples: Sequence[DeadLetter]
    warnings: Sequence[str]
    maximum: int | None


def plan_replay(
    sqs: "SQSClient", source: QueueFacts, destination: QueueFacts, *, maximum: int | None = None
) -> ReplayPlan:
    """Return the plan; raises `UsageProblem` for a replay that cannot work, before anything is received."""
    if source.arn == destination.arn:
        raise UsageProblem(f"{source.name} cannot be replayed into itself.")
    if source.fifo != destination.fifo:
        kinds = {True: "a FIFO queue", False: "a standard queue"}
        raise UsageProblem(
            f"{source.name} is {kinds[source.fifo]} and {destination.name} is {kinds[destination.fifo]}.",
            hint="Name a destination of the same kind.",
        )
    count = source.visible if maximum is None else min(maximum, source.visible)
    samples = peek(sqs, source, limit=_SAMPLES) if source.visible else []
    said = warning(source)
    return ReplayPlan(source, destination, count, samples, [said] if said else [], maximum)
