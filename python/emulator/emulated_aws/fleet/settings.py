"""How fast the emulated fleet lives; set through the sandbox's route `/_sandbox/fleet/settings` (see admin.py)."""

from collections.abc import Mapping
from dataclasses import dataclass, fields, replace
from typing import Any

from emulated_aws.fleet.refusals import Refused


@dataclass(frozen=True)
class Settings:
    """Seconds of this machine's clock, except `time_scale`.

    `time_scale` is how long one of AWS's seconds takes here, for every duration that a caller configures through AWS's
    API: hook timeouts, stop timeouts, warm-up, checkpoint delay, bake time, pauses, the two minutes of a spot notice.
    """

    time_scale: float = 1.0
    pending_seconds: float = 0.1
    boot_seconds: float = 2.0
    registering_seconds: float = 0.0
    task_start_seconds: float = 0.2
    shutdown_seconds: float = 0.5
    image_seconds: float = 1.0
    throttle: bool = False

    def changed(self, given: Mapping[str, Any]) -> "Settings":
        """Return these settings with some replaced; raises `Refused` on a name or a value that makes no sense."""
        known = {field.name for field in fields(self)}
        if unknown := sorted(set(given) - known):
            raise Refused("BadRequest", f"No setting is called {unknown[0]}; there are {', '.join(sorted(known))}.")
        for name, value in given.items():
            wanted = bool if name == "throttle" else (int, float)
            if not isinstance(value, wanted) or (name != "throttle" and value < 0):
                raise Refused("BadRequest", f"{name} cannot be {value!r}.")
        return replace(self, **given)
