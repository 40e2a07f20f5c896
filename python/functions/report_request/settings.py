"""Settings of the report request function, the only place that reads its environment."""

import os
from dataclasses import dataclass

from opscore import settings


@dataclass(frozen=True)
class Settings:
    """Named like the environment variables, in lower case."""

    report_queue_url: str
    reports_bucket: str
    accounts_table: str
    maximum_period_days: int

    @classmethod
    def from_environment(cls) -> "Settings":
        """Read the settings; raises BadSettings with everything that is wrong."""
        return settings.read(cls, os.environ)
