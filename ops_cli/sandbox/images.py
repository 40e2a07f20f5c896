"""A newer public AMI in the sandbox, as Amazon publishes one every few weeks: what the next roll-out brings."""

import datetime as dt
from dataclasses import dataclass

from ops_cli.clone.places import Places
from ops_cli.clone.record import running
from ops_cli.frame.choice import not_running
from ops_cli.sandbox.emulator.process import ask

ROUTE = "/_sandbox/fleet/images"


@dataclass(frozen=True)
class Published:
    """The new image, and the public parameter that names it now; `flaw` is empty for one that works."""

    image_id: str
    architecture: str
    created: dt.datetime
    name: str
    parameter: str
    flaw: str


def publish(places: Places, architecture: str, flaw: str = "") -> Published:
    """Publish a newer ECS-optimised AMI; raises `NotFound` when the sandbox does not run."""
    emulator = running(places)
    if emulator is None:
        raise not_running(places)
    answer = ask(emulator, ROUTE, {"architecture": architecture, "flaw": flaw.replace("-", "_")})
    created = dt.datetime.fromisoformat(answer["created"])
    return Published(**{**answer, "created": created, "flaw": str(answer["flaw"]).replace("_", "-")})
