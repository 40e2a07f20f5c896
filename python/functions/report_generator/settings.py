"""Settings of the report generator."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Settings:
    """One field for each environment variable that the module sets, which has the same name in upper case."""

    reports_bucket: str
    usage_events_bucket: str
    accounts_table: str
    reports_table: str
    report_queue_url: str
    dead_letter_queue_url: str
    deliveries_topic_arn: str
    retry_base_seconds: int
    maximum_receives: int
    athena_database: str
    athena_workgroup: str
    athena_above_mb: int
    email_sender: str = ""
    email_recipient: str = ""
