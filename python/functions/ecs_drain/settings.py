"""Settings of the drain function."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Settings:
    """One field for each environment variable that the module sets, which has the same name in upper case.

    `fleets` is JSON, as `opscore.draining.policy.parse_fleets` reads it. `stack` names the figures that alarms watch.
    """

    stack: str
    fleets: str
    drains_table: str
    drain_queue_url: str
    poller_arn: str
    retry_base_seconds: int
