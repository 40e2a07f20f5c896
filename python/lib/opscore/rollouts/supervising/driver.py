"""How a supervisor works on a fleet: it looks at it, and does what was decided."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any, Protocol

from opscore.rollouts.engines.group import failed_launches, read_group
from opscore.rollouts.engines.refresh import Irreversible, Refreshes
from opscore.rollouts.judging.gates import Limits, gates
from opscore.rollouts.judging.judge import Action
from opscore.rollouts.judging.observation import Seen
from opscore.rollouts.publishing.launch_template import Purpose, TemplateVersions
from opscore.rollouts.record import FleetProgress, Phase
from opscore.rollouts.supervising.health_reader import HealthReader


class Gone(Exception):
    """The fleet's group is not there any more."""


class Driver(Protocol):
    """Looks at one fleet, and acts on it."""

    def look(self, fleet: FleetProgress) -> Seen:
        """Return the fleet as it is; raises `Gone`."""

    def do(self, action: Action, fleet: FleetProgress) -> FleetProgress:
        """Do something, and return the progress with what is known of it by then."""


@dataclass(frozen=True)
class GroupDriver:
    """Works on a group whose image a launch template owns, through an instance refresh.

    `was` is the template version that the group launched when the plan was made.
    """

    rollout_id: str
    image_id: str
    image_before: str
    was: str
    preferences: Mapping[str, Any]
    autoscaling: Any
    versions: TemplateVersions
    health: HealthReader
    limits: Limits

    def look(self, fleet: FleetProgress) -> Seen:
        """Return the fleet as it is; raises `Gone`."""
        group = read_group(self.autoscaling, fleet.group)
        if group is None:
            raise Gone(fleet.group)
        made = self.versions.made_by(self.rollout_id, self.was)
        back = fleet.phase is Phase.RETURNING
        run = Refreshes(self.autoscaling, fleet.group).find(
            fleet.way_back if back else fleet.run, made.returned if back else made.published
        )
        new = group.launched_by(made.published) if made.published else []
        begun = fleet.phase.has_begun
        return Seen(
            launches=group.launches,
            published=made.published,
            returned=made.returned,
            run=run,
            gates=gates(self.health.read([one.instance_id for one in new], fleet.began), self.limits) if begun else (),
            failed_launches=len(failed_launches(self.autoscaling, fleet.group, fleet.phase_began)) if begun else 0,
            replaced=len(new),
            hosts=len(group.in_service),
        )

    def do(self, action: Action, fleet: FleetProgress) -> FleetProgress:
        """Do something, and return the progress with what is known of it by then."""
        refreshes = Refreshes(self.autoscaling, fleet.group)
        match action:
            case Action.PUBLISH:
                version = self.versions.make(self.rollout_id, Purpose.FORWARD, self.was, self.image_id)
                return replace(fleet, published=version)
            case Action.PUBLISH_OLD:
                version = self.versions.make(self.rollout_id, Purpose.BACK, self.was, self.image_before)
                return replace(fleet, returned=version)
            case Action.START:
                return replace(fleet, run=self._start(refreshes, fleet, fleet.published, self.preferences))
            case Action.START_BACK:
                # No checkpoint, no bake: whoever goes back is in a hurry.
                plain = {name: value for name, value in self.preferences.items() if name in _KEPT_ON_THE_WAY_BACK}
                return replace(fleet, way_back=self._start(refreshes, fleet, fleet.returned, plain))
            case Action.ROLL_BACK:
                _roll_back(refreshes)
            case Action.CANCEL:
                refreshes.cancel()
            case Action.STOP_LAUNCHES:
                refreshes.stop_launches(fleet.suspended)
            case Action.PIN:
                self._pin(fleet)
        return fleet

    def _start(self, refreshes: Refreshes, fleet: FleetProgress, version: str, preferences: Mapping[str, Any]) -> str:
        group = read_group(self.autoscaling, fleet.group)
        if group is None:
            raise Gone(fleet.group)
        return refreshes.start(group, version, preferences)

    def _pin(self, fleet: FleetProgress) -> None:
        group = read_group(self.autoscaling, fleet.group)
        if group is None:
            raise Gone(fleet.group)
        self.autoscaling.update_auto_scaling_group(
            AutoScalingGroupName=fleet.group, **group.configuration(fleet.returned)
        )


def _roll_back(refreshes: Refreshes) -> None:
    """Roll back, or stop where AWS cannot: the supervisor then brings the old image by a refresh of its own."""
    try:
        refreshes.roll_back()
    except Irreversible:
        refreshes.cancel()


_KEPT_ON_THE_WAY_BACK = (
    "MinHealthyPercentage",
    "MaxHealthyPercentage",
    "InstanceWarmup",
    "SkipMatching",
    "ScaleInProtectedInstances",
    "StandbyInstances",
)
