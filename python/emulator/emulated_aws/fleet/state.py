"""What every room of the fleet shares beyond the emulator's own records, and the one lock around all of it.

Groups and their instances are the emulator's records, so are services and tasks; members whose names begin with an
underscore are ours and reach no caller. What has no record there is kept here and in `ecs/records.py`, and is saved
with the Auto Scaling state (persistence.py).
"""

import threading
from collections.abc import Mapping
from typing import Any

from ministack.core.responses import AccountRegionScopedDict

from emulated_aws.fleet.faults import Faults
from emulated_aws.fleet.settings import Settings

LOCK = threading.RLock()

activities: Any = AccountRegionScopedDict()
"""Group -> its scaling activities, newest first."""

owners: Any = AccountRegionScopedDict()
"""Instance id -> the group that launched it, so that a deleted group's instances end with it."""

faults = Faults()


class _Holder:
    """Settings change as a whole; readers take whichever is there."""

    settings = Settings()


def settings() -> Settings:
    """Return the settings as they are now."""
    return _Holder.settings


def change_settings(given: Mapping[str, Any]) -> Settings:
    """Replace some settings."""
    _Holder.settings = _Holder.settings.changed(given)
    return _Holder.settings


def reset_settings() -> None:
    """Set every setting to what it is in a new fleet."""
    _Holder.settings = Settings()
