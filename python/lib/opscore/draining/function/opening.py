"""From a request to the one open drain of its host: duplicates find it, late ones open nothing, others join."""

from dataclasses import replace

from opscore.draining.aws.drain_table import Drains
from opscore.draining.judging.decision import SPOT_SECONDS
from opscore.draining.policy import Fleet
from opscore.draining.record import Cause, Drain, Outcome
from opscore.draining.requests import Order, SpotNotice, Termination, Undo
from opscore.watchers import Changed

Opening = Termination | SpotNotice | Order

RETAINED_SECONDS = 120
"""How long a kept host may be seen in Terminating:Wait, not yet Retained, before the sweep takes it for a new case."""

SKEW_SECONDS = 60
"""How far an operator's clock may be behind ours, where only clocks can be compared."""

TRIES = 4


def open_drain(request: Opening, fleet: Fleet, drains: Drains, now: int) -> Drain:
    """Return the drain that `request` is about, opened now if there was none; it may be closed already.

    Raises `Changed` when others wrote about the same host all the time.
    """
    for _ in range(TRIES):
        latest = drains.latest(request.instance_id)
        try:
            if latest is None or not (latest.is_open or is_outdated(request, latest, now)):
                drain = new_drain(request, fleet, (latest.attempt if latest else 0) + 1, now)
                drains.create(drain)
                return drain
            if latest.is_open:
                joined = join(latest, request, fleet, now)
                drains.update(latest, joined)
                return joined
        except Changed:
            continue
        return latest
    raise Changed(f"Others keep writing about {request.instance_id}.")


def is_outdated(request: Opening, latest: Drain, now: int) -> bool:
    """Say whether a request is about a drain that has ended: delivered again, late, or found by a sweep that lags."""
    if isinstance(request, Order):
        return _came_later(latest, request) and request.at <= (latest.ordered_at or latest.started)
    if latest.cause is Cause.OPERATOR:
        return False
    if isinstance(request, SpotNotice):
        return request.at <= latest.ended
    if latest.outcome is not Outcome.KEPT:
        return latest.cause is Cause.TERMINATION or bool(latest.hook)
    if request.token:
        # A drain that the sweep began has no token: its event may come late. A new case is found by the sweep again.
        return latest.token in ("", request.token) or 0 < request.at <= latest.ended
    return now < latest.ended + RETAINED_SECONDS


def is_superseded(undo: Undo, latest: Drain) -> bool:
    """Say whether an undo is about an earlier drain than the last one: delivered again, after a later order.

    Times of an undo and of an order are compared as their machines said them: two from one machine are in order however
    wrong its clock is. An undo by another machine is about the drain that it knew.
    """
    return _came_later(latest, undo) and undo.at < (latest.ordered_at or latest.started - SKEW_SECONDS)


def _came_later(latest: Drain, request: Order | Undo) -> bool:
    """Say whether a drain began after what the sender of a request knew of; one that said nothing may be late."""
    return request.attempt is None or latest.attempt > request.attempt


def new_drain(request: Opening, fleet: Fleet, attempt: int, now: int) -> Drain:
    """Return the record with which a drain begins."""
    began = Drain(
        instance_id=request.instance_id,
        attempt=attempt,
        cluster=fleet.cluster,
        group=fleet.group,
        cause=Cause.OPERATOR,
        started=now,
        deadline=now + fleet.policy.deadline_seconds,
    )
    if isinstance(request, Order):
        said = f"{request.by}: {request.reason}" if request.reason else request.by
        return replace(began, detail=said, ordered_at=request.at)
    if isinstance(request, SpotNotice):
        return replace(began, cause=Cause.SPOT, deadline=(request.at or now) + SPOT_SECONDS)
    return _held(began, request, fleet, now)


def join(drain: Drain, request: Opening, fleet: Fleet, now: int) -> Drain:
    """Return an open drain with what a further request adds: a lifecycle action that waits, or a shorter time."""
    if isinstance(request, SpotNotice):
        deadline = min(drain.deadline, (request.at or now) + SPOT_SECONDS)
        return replace(drain, cause=Cause.SPOT, deadline=deadline)
    if isinstance(request, Termination) and not drain.hook:
        held = _held(drain, request, fleet, now)
        return held if drain.cause is Cause.OPERATOR else replace(held, cause=drain.cause, deadline=drain.deadline)
    if isinstance(request, Termination) and request.token and not drain.token:
        return replace(drain, token=request.token)
    return drain


def _held(drain: Drain, request: Termination, fleet: Fleet, now: int) -> Drain:
    """Return a drain of a host that a lifecycle action holds; its deadline comes before AWS ends the action."""
    ends = (request.at or now) + fleet.policy.longest_action_seconds
    return replace(
        drain,
        cause=Cause.TERMINATION,
        hook=request.hook,
        token=request.token,
        detail="" if request.token else f"the sweep found the instance {'waiting' if request.hook else 'kept'}",
        deadline=min(now + fleet.policy.deadline_seconds, ends - 60),
    )
