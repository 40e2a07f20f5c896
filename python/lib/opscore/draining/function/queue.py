"""From a batch of messages to draining hosts: record each, set DRAINING together, and have a poller look after them."""

from collections.abc import Iterable

from opscore.draining.function.opening import Opening, is_superseded, open_drain
from opscore.draining.function.tick import advance
from opscore.draining.function.wiring import Wiring
from opscore.draining.policy import Fleet
from opscore.draining.record import Cause, Drain, Outcome
from opscore.draining.requests import Ignored, Request, SpotNotice, Undo
from opscore.fleets.cluster_reader import ClusterReader
from opscore.logs import structured_log
from opscore.watchers import Watchers


class RequestBatch:
    """Takes the requests of one batch. `accept` writes records, `begin` acts on all of them in few calls.

    When `begin` fails, the whole batch must come back: `accept` finds the records it wrote.
    """

    def __init__(self, wiring: Wiring, pollers: Watchers) -> None:
        self._wiring = wiring
        self._pollers = pollers
        self._accepted: dict[str, Drain] = {}

    def accept(self, request: Request) -> None:
        """Write down what a request asks for; what concerns no fleet of this stack is only logged."""
        if isinstance(request, Ignored):
            return _ignore(request.why)
        fleet = self._fleet(request)
        if fleet is None:
            return _ignore("not an instance of a fleet that drains here", instance_id=request.instance_id)
        if isinstance(request, Undo):
            return self._undo(request, fleet)
        drain = open_drain(request, fleet, self._wiring.drains, self._wiring.now())
        structured_log.write("INFO", "drain recorded", drain_id=drain.drain_id, cause=drain.cause, open=drain.is_open)
        if drain.is_open:
            self.take(drain)
        return None

    def take(self, drain: Drain) -> None:
        """Have `begin` act on an open drain."""
        self._accepted[drain.instance_id] = drain

    def begin(self) -> None:
        """Set the accepted hosts DRAINING, see what is on them, and make sure that their clusters are polled."""
        accepted, self._accepted = list(self._accepted.values()), {}
        for cluster in sorted({drain.cluster for drain in accepted}):
            undecided = [drain for drain in accepted if drain.cluster == cluster and drain.verdict is None]
            # First: should what follows fail, the poller does it.
            self._pollers.ensure(cluster)
            advance(cluster, undecided, self._wiring)

    def _fleet(self, request: Opening | Undo) -> Fleet | None:
        if isinstance(request, SpotNotice):
            return self._wiring.fleets.get(group_of(request.instance_id, self._wiring))
        return self._wiring.fleets.get(request.group)

    def _undo(self, request: Undo, fleet: Fleet) -> None:
        """Let a host take tasks again, unless something terminates it."""
        drain = self._wiring.drains.latest(request.instance_id)
        if drain and drain.is_open and (drain.hook or drain.cause is Cause.SPOT):
            return _ignore("the instance is terminating: that cannot be undone", instance_id=request.instance_id)
        if drain and is_superseded(request, drain):
            return _ignore("delivered again, and a later order stands", instance_id=request.instance_id)
        # An order of the same batch would otherwise set it DRAINING after this.
        self._accepted.pop(request.instance_id, None)
        found = _locate(request.instance_id, fleet.cluster, self._wiring)
        if found:
            self._wiring.hosts.set_state(fleet.cluster, [found], "ACTIVE")
        if drain and drain.is_open:
            now = self._wiring.now()
            undone = drain.decided(Outcome.UNDONE, f"undone by {request.by}").closed(now)
            self._wiring.drains.update(drain, undone)
        structured_log.write("INFO", "host takes tasks again", instance_id=request.instance_id)
        return None


def _locate(instance_id: str, cluster: str, wiring: Wiring) -> str:
    host = ClusterReader(wiring.ecs, cluster).locate([instance_id]).get(instance_id)
    return host.arn if host else ""


def group_of(instance_id: str, wiring: Wiring) -> str:
    """Return the Auto Scaling group of an instance, empty when it has none."""
    answer = wiring.autoscaling.describe_auto_scaling_instances(InstanceIds=[instance_id])
    entries: Iterable[dict[str, str]] = answer["AutoScalingInstances"]
    return next((entry["AutoScalingGroupName"] for entry in entries), "")


def _ignore(why: str, **names: str) -> None:
    structured_log.write("INFO", "ignored", why=why, **names)
