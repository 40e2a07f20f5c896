"""The drivers on a model AWS, run as Lambda, SQS, Step Functions and a schedule do: killed, late, twice, or never."""

import datetime as dt
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from opscore.draining.aws.drain_table import decides
from opscore.draining.aws.hosts import Hosts
from opscore.draining.function.poller import poll, pollers
from opscore.draining.function.queue import RequestBatch
from opscore.draining.function.schedule import sweep
from opscore.draining.function.tick import tick
from opscore.draining.function.wiring import Wiring
from opscore.draining.policy import POLL_SECONDS, SWEEP_SECONDS, AtDeadline, Fleet, Policy
from opscore.draining.record import Drain
from opscore.draining.requests import Order, Request, SpotNotice, Termination, parse
from opscore.watchers import Changed, Watchers
from tests.lib.opscore.draining.model_aws import Killed, ModelAws, ModelHost
from tests.lib.opscore.draining.model_clients import ModelAutoScaling, ModelEc2, ModelEcs

EPOCH = 1_800_000_000


class MemoryDrains:
    """The table, with DynamoDB's conditions; every use is a call of the model AWS. `lag` seconds delay the index."""

    def __init__(self, aws: ModelAws, lag: float = 0) -> None:
        self._aws = aws
        self._lag = lag
        self._items: dict[tuple[str, int], list[tuple[float, dict[str, Any]]]] = {}
        self._leases: dict[str, tuple[int, int]] = {}

    def all(self) -> list[Drain]:
        return [Drain.from_item(versions[-1][1]) for versions in self._items.values()]

    def latest(self, instance_id: str) -> Drain | None:
        return self._aws.call("db_latest", lambda: self._latest(instance_id))  # type: ignore[no-any-return]

    def _latest(self, instance_id: str) -> Drain | None:
        attempts = [attempt for found, attempt in self._items if found == instance_id]
        return Drain.from_item(self._items[instance_id, max(attempts)][-1][1]) if attempts else None

    def create(self, drain: Drain) -> None:
        def write() -> None:
            key = (drain.instance_id, drain.attempt)
            if key in self._items:
                raise Changed
            self._items[key] = [(self._aws.now, drain.to_item())]

        self._aws.call("db_create", write)

    def update(self, before: Drain, after: Drain) -> None:
        old, new = before.to_item(), after.to_item()

        def write() -> None:
            versions = self._items[before.instance_id, before.attempt]
            item = versions[-1][1]
            if "open_in" not in item or (decides(before, after) and "verdict" in item):
                raise Changed
            changed = {name: value for name, value in new.items() if old.get(name) != value}
            kept = {name: value for name, value in item.items() if name in new or name not in old}
            versions.append((self._aws.now, {**kept, **changed}))

        if old != new:
            self._aws.call("db_update", write)

    def open_in(self, cluster: str) -> list[Drain]:
        def query() -> list[Drain]:
            seen = self._aws.now - self._lag
            current = [self._as_of(versions, seen) for versions in self._items.values()]
            items = [item for item in current if item and item.get("open_in") == {"S": cluster}]
            return [Drain.from_item(item) for item in items]

        return self._aws.call("db_open", query)  # type: ignore[no-any-return]

    @staticmethod
    def _as_of(versions: list[tuple[float, dict[str, Any]]], at: float) -> dict[str, Any] | None:
        return next((item for written, item in reversed(versions) if written <= at), None)

    def lease(self, cluster: str) -> tuple[int, int]:
        return self._aws.call("db_lease", lambda: self._leases.get(cluster, (0, 0)))  # type: ignore[no-any-return]

    def take_lease(self, cluster: str, generation: int, now: int) -> None:
        self._write_lease(cluster, generation, generation + 1, now)

    def touch_lease(self, cluster: str, generation: int, now: int) -> None:
        self._write_lease(cluster, generation, generation, now)

    def _write_lease(self, cluster: str, old: int, new: int, now: int) -> None:
        def write() -> None:
            if self._leases.get(cluster, (0, 0))[0] != old:
                raise Changed
            self._leases[cluster] = (new, now)

        self._aws.call("db_lease", write)


@dataclass
class Simulation:
    """One fleet `web`. `skew` is added to the time that the drivers see."""

    policy: Policy = field(default_factory=Policy)
    lag: float = 0
    skew: float = 0
    aws: ModelAws = field(init=False)
    drains: MemoryDrains = field(init=False)
    executions: dict[str, tuple[float, dict[str, Any]]] = field(default_factory=dict)
    messages: list[tuple[float, str]] = field(default_factory=list)
    counted: list[tuple[str, str, int]] = field(default_factory=list)
    next_sweep: float = SWEEP_SECONDS / 2
    kills: int = 0

    def __post_init__(self) -> None:
        self.aws = ModelAws(
            heartbeat_timeout=self.policy.heartbeat_timeout_seconds,
            abandons=self.policy.at_deadline is AtDeadline.KEEP,
        )
        self.drains = MemoryDrains(self.aws, self.lag)
        self._started: set[str] = set()

    def clock(self) -> int:
        return int(EPOCH + self.aws.now + self.skew)

    @property
    def wiring(self) -> Wiring:
        fleets: Mapping[str, Fleet] = {"web-group": Fleet("web-group", "web", "drain", self.policy)}
        ecs, autoscaling, ec2 = ModelEcs(self.aws), ModelAutoScaling(self.aws), ModelEc2(self.aws)

        def count(metric: str, cluster: str, value: int) -> None:
            self.aws.call("count", lambda: self.counted.append((metric, cluster, value)))

        return Wiring(self.drains, Hosts(ecs, autoscaling), ecs, ec2, autoscaling, count, fleets, self.clock)

    @property
    def pollers(self) -> Watchers:
        def start(name: str, payload: str) -> None:
            if name not in self._started:
                self._started.add(name)
                self.executions[name] = (self.aws.now + POLL_SECONDS, json.loads(payload))

        return pollers(
            self.drains, lambda name, payload: self.aws.call("start", lambda: start(name, payload)), self.clock
        )

    def terminate(self, host: ModelHost, *, delays: tuple[float, ...] = (1,)) -> None:
        """Terminate a host; its event arrives once for each of `delays`, never if there is none."""
        self.aws.terminate(host)
        event = {
            "detail-type": "EC2 Instance-terminate Lifecycle Action",
            "time": dt.datetime.fromtimestamp(EPOCH + self.aws.now, dt.UTC).isoformat(),
            "detail": {
                "LifecycleActionToken": f"token-{host.instance_id}",
                "AutoScalingGroupName": host.group,
                "LifecycleHookName": "drain",
                "EC2InstanceId": host.instance_id,
                "LifecycleTransition": "autoscaling:EC2_INSTANCE_TERMINATING",
            },
        }
        self.messages += [(self.aws.now + delay, json.dumps(event)) for delay in delays]

    def deliver(self, *requests: Request | str) -> None:
        """Run the batch function on one batch; a string is a message's body."""
        batch = RequestBatch(self.wiring, self.pollers)
        for request in requests:
            batch.accept(parse(request) if isinstance(request, str) else request)
        batch.begin()

    def tick(self, cluster: str = "web") -> None:
        tick(cluster, self.wiring)

    def run(self, until: float) -> None:
        """Let time pass; whatever is killed comes back as AWS brings it back."""
        while self.aws.now < until:
            due = [self.next_sweep, *(at for at, _ in self.messages), *(at for at, _ in self.executions.values())]
            at = min(due)
            if at > until:
                self.aws.move_to(until)
                return
            self.aws.move_to(max(at, self.aws.now))
            self._work()

    def _work(self) -> None:
        now = self.aws.now
        due = [body for at, body in self.messages if at <= now][:10]
        if due:
            self.messages = [(at, body) for at, body in self.messages if at > now or body not in due]
            if not self._survives(lambda: self.deliver(*due)):
                self.messages += [(now + 30, body) for body in due]
        for name, (at, payload) in list(self.executions.items()):
            if at <= now:
                self._poll(name, payload)
        if self.next_sweep <= now:
            self.next_sweep += SWEEP_SECONDS
            self._survives(lambda: sweep(self.wiring, self.pollers))

    def _poll(self, name: str, payload: dict[str, Any]) -> None:
        answer = dict(payload)
        survived = self._survives(lambda: answer.update(poll(payload, self.wiring, self.pollers)))
        if survived and answer["done"]:
            del self.executions[name]
        else:
            self.executions[name] = (self.aws.now + POLL_SECONDS, answer)

    def _survives(self, work: Any) -> bool:
        try:
            work()
        except Killed:
            self.kills += 1
            return False
        return True


def termination(host: ModelHost, **more: Any) -> Termination:
    return Termination(host.instance_id, host.group, "drain", more.pop("token", f"token-{host.instance_id}"), **more)


def order(host: ModelHost, at: int = EPOCH) -> Order:
    return Order(host.instance_id, host.group, "ada", "kernel patch", at)


def spot(host: ModelHost, at: int = EPOCH) -> SpotNotice:
    return SpotNotice(host.instance_id, at)
