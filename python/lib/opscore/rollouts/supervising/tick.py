"""One look at a roll-out: every fleet whose turn it is is looked at, judged, and brought a step further."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import NamedTuple

from botocore.exceptions import BotoCoreError, ClientError

from opscore import aws_faults
from opscore.logs import structured_log
from opscore.rollouts.judging.judge import Action, Do, Enter, Terms, Wait, judge
from opscore.rollouts.judging.turns import due, skipped
from opscore.rollouts.record import Event, FleetProgress, Phase, Rollout
from opscore.rollouts.rollout_table import RolloutTable
from opscore.rollouts.supervising.driver import Driver, Gone

STEPS = 12
"""Steps of one fleet in one look, at most: enough from its first phase to the start of the engine."""

_AT_ONCE = (Action.PUBLISH, Action.PUBLISH_OLD, Action.PIN)
"""Actions that are done when their call returns: what comes next need not wait for another look."""


@dataclass(frozen=True)
class Wiring:
    """What a supervisor works with: its table, a driver and the terms for each fleet, and the clock, in seconds."""

    table: RolloutTable
    driver: Callable[[Rollout, str], Driver]
    terms: Callable[[Rollout, str], Terms]
    now: Callable[[], int]


class Ticked(NamedTuple):
    """What a look did: the roll-out as it now is, and how many fleets could not be looked at."""

    rollout: Rollout
    failed: int = 0


def tick(rollout: Rollout, wiring: Wiring, generation: int) -> Ticked:
    """Look once at a live roll-out; raises `Changed` when another supervisor took over.

    A fleet that cannot be looked at keeps none of the others waiting.
    """
    rollout = _write_skipped(rollout, wiring, generation)
    failed = 0
    for name in [fleet.fleet for fleet in due(rollout)]:
        try:
            rollout = _advance(rollout, name, wiring, generation)
        except (BotoCoreError, ClientError) as error:
            failed += 1
            structured_log.write("ERROR", "a look at a fleet failed", fleet=name, error=str(error))
    return Ticked(_write_skipped(rollout, wiring, generation), failed)


def _advance(rollout: Rollout, name: str, wiring: Wiring, generation: int) -> Rollout:
    """Bring one fleet as far as it goes without waiting."""
    driver, terms = wiring.driver(rollout, name), wiring.terms(rollout, name)
    for _ in range(STEPS):
        fleet, now = rollout.fleet(name), wiring.now()
        if fleet.phase.is_over:
            return rollout
        try:
            decision = judge(fleet, terms, driver.look(fleet), rollout.wish, now)
        except Gone:
            decision = Enter(fleet.entering(Phase.FAILED, "the group is not there any more", now))
        if isinstance(decision, Do):
            after, event = _done(driver, decision, fleet, now)
            rollout = _write(rollout, after, [event], wiring, generation)
            if decision.action not in _AT_ONCE or after.errors:
                return rollout
            continue
        rollout = _write(rollout, decision.progress, _entered(fleet, decision.progress, now), wiring, generation)
        if isinstance(decision, Wait):
            return rollout
    return rollout


def _done(driver: Driver, decision: Do, fleet: FleetProgress, now: int) -> tuple[FleetProgress, Event]:
    """Do what was decided; a refusal of AWS is counted, and a throttled call is not."""
    try:
        after = driver.do(decision.action, fleet)
    except ClientError as error:
        if aws_faults.is_transient(error):
            raise
        refused = replace(fleet, errors=fleet.errors + 1, error=str(error), why=f"AWS refuses: {error}")
        return refused, Event(now, fleet.fleet, f"{decision.action}: refused", str(error))
    return replace(after, errors=0, error=""), Event(now, fleet.fleet, decision.action, decision.why)


def _entered(before: FleetProgress, after: FleetProgress, now: int) -> list[Event]:
    return [Event(now, before.fleet, after.phase, after.why)] if before.phase is not after.phase else []


def _write_skipped(rollout: Rollout, wiring: Wiring, generation: int) -> Rollout:
    now = wiring.now()
    after = skipped(rollout, now)
    events = [
        Event(now, one.fleet, one.phase, one.why)
        for one, was in zip(after.fleets, rollout.fleets, strict=True)
        if one.phase is not was.phase
    ]
    return _store(rollout, after, events, wiring, generation) if events else rollout


def _write(rollout: Rollout, progress: FleetProgress, events: list[Event], wiring: Wiring, generation: int) -> Rollout:
    after = rollout.with_fleet(progress)
    return _store(rollout, after, events, wiring, generation) if after != rollout or events else rollout


def _store(before: Rollout, after: Rollout, events: list[Event], wiring: Wiring, generation: int) -> Rollout:
    if not after.is_live:
        now = wiring.now()
        after = replace(after, ended=now)
        events = [*events, Event(now, "", str(after.outcome))]
    return wiring.table.update(before, after, events, generation)
