"""Settings of the report generator, the only place that reads its environment."""

import os
from dataclasses import dataclass

from opscore import settings


@dataclass(frozen=True)
class Settings:
    """Named like the environment variables, in lower case."""

    reports_bucket: str
    usage_events_bucket: str
    accounts_table: str
    report_queue_url: str
    retry_base_seconds: int

    @classmethod
    def from_environment(cls) -> "Settings":
        """Read the settings; raises BadSettings with everything that is wrong."""
        return settings.read(cls, os.environ)
