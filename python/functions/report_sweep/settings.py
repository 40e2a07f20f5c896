"""Settings of the sweeper."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Settings:
    """One field for each environment variable that the module sets, which has the same name in upper case.

    `stack` names the figures that alarms watch.
    """

    report_queue_url: str
    reports_bucket: str
    usage_events_bucket: str
    reports_table: str
    patience_seconds: int
    reissue_share: float
    maximum_generations: int
    report_month_alias: str
    stack: str
