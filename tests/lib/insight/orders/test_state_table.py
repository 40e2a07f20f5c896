"""The table of reports: who may change what, when, and that no order of events loses or doubles a report."""

from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from typing import TYPE_CHECKING

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from insight.orders.request import ReportRequest
from insight.orders.state_table import Held, States
from insight.orders.states import Record, State
from tests.lib.insight.reports_table import create

if TYPE_CHECKING:
    from tests.lib.insight.conftest import World

REQUEST = ReportRequest("acme", date(2026, 10, 1), date(2026, 11, 1), "Europe/Berlin", requested_by="ada")
NOON = datetime(2026, 11, 2, 12, tzinfo=UTC)


class Clock:
    def __init__(self) -> None:
        self.now = NOON

    def __call__(self) -> datetime:
        return self.now

    def later(self, seconds: float) -> datetime:
        return self.now + timedelta(seconds=seconds)


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def states(world: "World", clock: Clock) -> States:
    create(world.dynamodb)
    return States(world.dynamodb, "reports", clock)


def now(states: States, request: ReportRequest = REQUEST) -> Record:
    record = states.get(request.report_id)
    assert record
    return record


def claimed(states: States, clock: Clock, owner: str = "me") -> None:
    assert states.claim(REQUEST, owner, clock.later(60))


def test_the_first_to_ask_stays_on_record(states: States) -> None:
    assert states.ask(REQUEST).state is State.REQUESTED
    again = ReportRequest("acme", REQUEST.start, REQUEST.end, "Europe/Berlin", requested_by="bob")
    assert states.ask(again).requested_by == "ada"


def test_a_report_is_requested_made_and_delivered(states: States, clock: Clock) -> None:
    states.ask(REQUEST)
    claimed(states, clock)
    assert (now(states).state, now(states).attempts, now(states).leased_until) == (State.RUNNING, 1, clock.later(60))
    assert states.deliver(REQUEST, 1.5)
    done = now(states)
    assert (done.state, done.delivered_at, done.seconds, done.leased_until) == (State.DELIVERED, NOON, 1.5, None)
    assert not states.deliver(REQUEST, 9)
    assert now(states).seconds == 1.5


def test_a_message_without_a_record_makes_one(states: States, clock: Clock) -> None:
    claimed(states, clock)
    record = now(states)
    assert (record.account, record.start, record.end, record.generation) == ("acme", REQUEST.start, REQUEST.end, 1)


def test_a_lease_keeps_others_out_until_it_ends(states: States, clock: Clock) -> None:
    claimed(states, clock)
    with pytest.raises(Held, match="until 12:01:00Z"):
        states.claim(REQUEST, "other", clock.later(60))
    clock.now = clock.later(61)
    assert states.claim(REQUEST, "other", clock.later(60))
    assert not states.fail(REQUEST, "me", "slow", "Too slow.")
    assert not states.release(REQUEST, "me", "slow", "Too slow.")
    assert now(states).state is State.RUNNING


def test_a_claim_whose_answer_was_lost_may_be_repeated(states: States, clock: Clock) -> None:
    claimed(states, clock)
    claimed(states, clock)


def test_what_is_delivered_is_not_made_again(states: States, clock: Clock) -> None:
    claimed(states, clock)
    states.deliver(REQUEST, 1)
    assert not states.claim(REQUEST, "other", clock.later(60))


def test_a_worker_that_overran_its_lease_still_delivers_because_its_manifest_is_there(
    states: States, clock: Clock
) -> None:
    claimed(states, clock)
    clock.now = clock.later(61)
    assert states.claim(REQUEST, "other", clock.later(60))
    assert states.deliver(REQUEST, 61)
    assert not states.fail(REQUEST, "other", "late", "Came late.")
    assert now(states).state is State.DELIVERED


def test_a_failure_is_kept_with_its_reason_until_it_is_asked_for_again(states: States, clock: Clock) -> None:
    claimed(states, clock)
    assert states.fail(REQUEST, "me", "unknown_account", "There is no account 'acme'.")
    assert (now(states).state, now(states).reason) == (State.FAILED, "unknown_account")
    asked = states.ask(REQUEST)
    assert (asked.state, asked.reason, asked.message, asked.attempts) == (State.REQUESTED, "", "", 0)


def test_a_replayed_dead_letter_opens_a_failure_again(states: States, clock: Clock) -> None:
    claimed(states, clock)
    states.fail(REQUEST, "me", "gone", "Gone.")
    claimed(states, clock, "replay")


def test_an_attempt_that_ended_tells_why_while_the_message_waits(states: States, clock: Clock) -> None:
    claimed(states, clock)
    assert states.release(REQUEST, "me", "DamagedEvents", "line 17: not JSON" * 99)
    waiting = now(states)
    assert (waiting.state, waiting.reason, len(waiting.message)) == (State.REQUESTED, "DamagedEvents", 500)


def test_a_report_whose_manifest_is_gone_can_be_opened_again(states: States, clock: Clock) -> None:
    claimed(states, clock)
    states.deliver(REQUEST, 1)
    states.settle(REQUEST)
    opened = states.reopen(now(states))
    assert (opened.state, opened.settled, opened.delivered_at) == (State.REQUESTED, False, None)


def test_two_that_force_at_once_get_the_same_generation(states: States, clock: Clock) -> None:
    claimed(states, clock)
    states.deliver(REQUEST, 1)
    assert states.next_generation(REQUEST).generation == 2
    assert states.next_generation(REQUEST).generation == 2
    assert states.newest(REQUEST).generation == 2
    assert states.next_generation(states.newest(REQUEST)).generation == 3


def test_a_later_generation_marks_the_one_before_as_reissued(states: States, clock: Clock) -> None:
    claimed(states, clock)
    states.deliver(REQUEST, 1)
    second = states.next_generation(REQUEST)
    for _ in range(2):
        states.supersede(second)
    assert (now(states).state, now(states).superseded_by) == (State.REISSUED, second.report_id)
    assert not states.claim(REQUEST, "replay", clock.later(60))


def test_a_first_generation_supersedes_nothing(states: States) -> None:
    states.supersede(REQUEST)
    assert states.get(REQUEST.report_id) is None


def test_records_are_found_by_ids_by_account_and_all(states: States) -> None:
    requests = [ReportRequest(f"a{number}", REQUEST.start, REQUEST.end, "UTC") for number in range(120)]
    for request in requests:
        states.ask(request)
    ids = [request.report_id for request in requests]
    assert sorted(states.get_many([*ids, ids[0], "r_none"])) == sorted(ids)
    assert [record.report_id for record in states.all("a7")] == [requests[7].report_id]
    assert len(list(states.all())) == 120


def test_stalled_is_a_lease_that_ended_or_a_wait_that_is_too_long(states: States, clock: Clock) -> None:
    asked = states.ask(REQUEST)
    assert not asked.is_stalled(clock.later(3599), 3600)
    assert asked.is_stalled(clock.later(3601), 3600)
    claimed(states, clock)
    assert not now(states).is_stalled(clock.later(59), 0)
    assert now(states).is_stalled(clock.later(61), 9999)
    states.deliver(REQUEST, 1)
    assert not now(states).is_stalled(clock.later(999_999), 0)


STEPS = st.sampled_from(["ask", "claim", "claim late", "deliver", "fail", "release"])


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(st.tuples(STEPS, st.sampled_from(["me", "you"])), max_size=12))
def test_once_delivered_always_delivered_and_a_lease_has_one_owner(
    world: "World", steps: list[tuple[str, str]]
) -> None:
    if "reports" not in world.dynamodb.list_tables()["TableNames"]:
        create(world.dynamodb)
    world.dynamodb.delete_item(TableName="reports", Key={"report_id": {"S": REQUEST.report_id}})
    clock = Clock()
    states, holder, delivered = States(world.dynamodb, "reports", clock), "", False
    for step, who in steps:
        if step == "ask":
            states.ask(REQUEST)
        elif step.startswith("claim"):
            if step == "claim late":
                clock.now = clock.later(61)
            took = take(states, who, clock)
            assert not (took and delivered)
            if took:
                assert step == "claim late" or holder in ("", who)
                holder = who
        elif step == "deliver":
            states.deliver(REQUEST, 1)
            delivered, holder = True, ""
        else:
            end: Callable[..., bool] = states.fail if step == "fail" else states.release
            assert end(REQUEST, who, "r", "m") == (holder == who)
            holder = "" if holder == who else holder
        record = states.get(REQUEST.report_id)
        assert (record is not None and record.state is State.DELIVERED) == delivered


def take(states: States, who: str, clock: Clock) -> bool:
    try:
        return states.claim(REQUEST, who, clock.later(60))
    except Held:
        return False
