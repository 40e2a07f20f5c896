"""What CloudFormation's AutoScalingRollingUpdate does next, as a decision over plain facts.

https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/aws-attribute-updatepolicy.html

Batch after batch: up to `MaxBatchSize` outdated instances are terminated, never below `MinInstancesInService`; the next
batch starts when their replacements are in service and have signalled (`WaitOnResourceSignals`) or the pause is over.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from emulated_aws.fleet.refusals import Refused

_DURATION = re.compile(r"PT(?:(\d+)H)?(?:(\d+)M)?(?:(\d+)S)?")
LONGEST_PAUSE = 3600


@dataclass(frozen=True)
class Policy:
    """The members of AutoScalingRollingUpdate that are modelled; seconds are AWS's."""

    max_batch_size: int = 1
    min_in_service: int = 0
    min_successful_percent: int = 100
    pause_seconds: int = 0
    wait_on_signals: bool = False
    suspend: tuple[str, ...] = ()

    @classmethod
    def from_template(cls, policy: Mapping[str, Any]) -> "Policy":
        """Read the policy of a template; raises `Refused` on a pause that is no duration of up to an hour."""
        waits = str(policy.get("WaitOnResourceSignals", "false")).lower() == "true"
        pause = str(policy.get("PauseTime", "PT5M" if waits else "PT0S"))
        return cls(
            max_batch_size=int(policy.get("MaxBatchSize", 1)),
            min_in_service=int(policy.get("MinInstancesInService", 0)),
            min_successful_percent=int(policy.get("MinSuccessfulInstancesPercent", 100)),
            pause_seconds=_seconds(pause),
            wait_on_signals=waits,
            suspend=tuple(policy.get("SuspendProcesses", ())),
        )


def _seconds(pause: str) -> int:
    found = _DURATION.fullmatch(pause)
    hours, minutes, seconds = (int(part or 0) for part in found.groups()) if found else (LONGEST_PAUSE, 1, 1)
    total = 3600 * hours + 60 * minutes + seconds
    if total > LONGEST_PAUSE:
        raise Refused("ValidationError", f"PauseTime {pause} is no ISO 8601 duration of up to one hour.")
    return total


@dataclass(frozen=True)
class Member:
    """An instance; `ready` once it may count, because it signalled or its pause is over."""

    instance_id: str
    outdated: bool
    in_service: bool
    ready: bool


@dataclass(frozen=True)
class Batch:
    """Terminate these; or wait; or all is done."""

    terminate: tuple[str, ...] = ()
    finished: bool = False


def next_batch(policy: Policy, desired: int, members: Sequence[Member]) -> Batch:
    """Return the next batch. `members` are those that do not terminate."""
    outdated = [one for one in members if one.outdated]
    settled = len(members) >= desired and all(one.in_service and (one.outdated or one.ready) for one in members)
    if not settled:
        return Batch()
    if not outdated:
        return Batch(finished=True)
    size = min(policy.max_batch_size, len(members) - policy.min_in_service)
    # A minimum that leaves no room would stop the update for ever; AWS refuses it when the group cannot grow.
    return Batch(tuple(one.instance_id for one in outdated[: max(0, size)]))
