"""Settings of the report request function."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Settings:
    """One field for each environment variable that the module sets, which has the same name in upper case.

    `formats` are those that the generator can write, with commas between them.
    """

    report_queue_url: str
    reports_bucket: str
    accounts_table: str
    reports_table: str
    maximum_period_days: int
    formats: str
