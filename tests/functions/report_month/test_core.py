"""Opening a month: every account gets its request, whatever happens on the way, and who has none is named."""

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest
from report_month.core import Dependencies, open_month

from insight.months import ledger, survey
from insight.months.survey import MonthOrder
from insight.orders.request import ReportRequest
from insight.orders.states import State
from insight.sources.accounts import Account
from opscore.queues.sender import Unsent
from tests.functions.test_interruptions import EVERY_INTERRUPTION, Calls, Interruption, Killed, Watched

if TYPE_CHECKING:
    from tests.functions.conftest import World

SCHEDULED = datetime(2026, 11, 2, 6, tzinfo=UTC)
ORDER = MonthOrder(SCHEDULED)
ACCOUNTS = 12
"""More than SQS takes in one batch."""


@pytest.fixture
def sent() -> list[str]:
    return []


@pytest.fixture
def deps(world: "World", sent: list[str]) -> Dependencies:
    for number in range(ACCOUNTS - 1):
        world.put_account(Account(f"a{number:02}", "A", "Asia/Kolkata", 1, "x"))
    return Dependencies(
        world.s3, world.dynamodb, world.states, sent.extend, lambda: world.now, world.reports, world.accounts, 3600
    )


def watched(deps: Dependencies, world: "World", calls: Calls) -> Dependencies:
    s3, dynamodb = Watched(world.s3, calls), Watched(world.dynamodb, calls)

    def send(bodies: list[str]) -> None:
        calls.make(lambda: deps.send(bodies))

    return replace(deps, s3=s3, dynamodb=dynamodb, states=world.states_by(dynamodb), send=send)  # type: ignore[arg-type]


def accounts(bodies: list[str]) -> list[str]:
    return sorted(ReportRequest.from_json(body).account for body in bodies)


def owed(world: "World") -> list[survey.Standing]:
    return survey.survey(ledger.must_read(world.s3, world.reports, "2026-10"), world.states)


def put_bad_record(world: "World", account: str) -> None:
    world.dynamodb.put_item(TableName=world.accounts, Item={"account": {"S": account}, "seats": {"N": "1"}})


def test_the_month_before_the_scheduled_time_is_asked_for_once_for_each_account(
    world: "World", deps: Dependencies, sent: list[str]
) -> None:
    outcome = open_month(ORDER, deps)
    assert (outcome.month, outcome.expected, outcome.asked) == ("2026-10", ACCOUNTS, {"missing": ACCOUNTS})
    assert accounts(sent) == sorted({"acme", *(f"a{number:02}" for number in range(ACCOUNTS - 1))})
    request = ReportRequest.from_json(next(body for body in sent if '"acme"' in body))
    assert (request.start, request.end, request.time_zone) == (date(2026, 10, 1), date(2026, 11, 1), "Europe/Berlin")
    assert {standing.state for standing in owed(world)} == {State.REQUESTED}


def test_a_retried_schedule_asks_for_nothing_twice(deps: Dependencies, sent: list[str]) -> None:
    for _ in range(2):
        open_month(ORDER, deps)
    assert len(sent) == ACCOUNTS


def test_the_ledger_stays_as_the_month_was_opened(world: "World", deps: Dependencies, sent: list[str]) -> None:
    open_month(ORDER, deps)
    world.put_account(Account("later", "Later", "UTC", 1, "x"))
    world.put_account(Account("acme", "Acme", "Asia/Tokyo", 1, "x"))
    open_month(ORDER, deps)
    assert len(sent) == ACCOUNTS


def test_an_account_without_a_usable_record_stops_no_other_and_is_included_once_corrected(
    world: "World", deps: Dependencies, sent: list[str]
) -> None:
    put_bad_record(world, "poisoned")
    open_month(ORDER, deps)
    assert len(sent) == ACCOUNTS
    (poisoned,) = [standing for standing in owed(world) if standing.entry.account == "poisoned"]
    assert poisoned.state is State.FAILED
    assert "time_zone" in poisoned.entry.problem
    world.put_account(Account("poisoned", "Corrected", "UTC", 1, "x"))
    assert open_month(ORDER, deps).asked == {"missing": 1}
    assert accounts(sent).count("poisoned") == 1


def test_what_has_failed_is_asked_for_on_demand_only(world: "World", deps: Dependencies, sent: list[str]) -> None:
    open_month(ORDER, deps)
    request = ReportRequest.from_json(sent[0])
    world.states.claim(request, "worker", world.now)
    world.states.fail(request, "worker", "gone", "Gone.")
    assert open_month(ORDER, deps).asked == {}
    again = replace(ORDER, again=True, accounts=(request.account,))
    assert open_month(again, deps).asked == {"failed": 1}
    assert world.state_of(request) is State.REQUESTED


def test_what_nobody_works_on_is_asked_for_again_after_a_while(
    world: "World", deps: Dependencies, sent: list[str]
) -> None:
    open_month(ORDER, deps)
    claimed, delivered = (ReportRequest.from_json(body) for body in sent[:2])
    world.states.claim(claimed, "killed", world.now + timedelta(seconds=60))
    world.states.deliver(delivered, 1)
    sent.clear()
    world.now += timedelta(seconds=61)
    assert open_month(ORDER, deps).asked == {"stalled": 1}
    assert accounts(sent) == [claimed.account]
    world.now += timedelta(hours=2)
    assert open_month(ORDER, deps).asked == {"stalled": ACCOUNTS - 1}


def test_when_the_queue_does_not_take_a_message_the_run_fails_and_the_next_one_sends_it(
    world: "World", deps: Dependencies, sent: list[str]
) -> None:
    def refuse_the_second(bodies: list[str]) -> None:
        if sent:
            raise ConnectionError("the queue is away")
        sent.extend(bodies)

    with pytest.raises(ConnectionError):
        open_month(ORDER, replace(deps, send=refuse_the_second))
    assert len(sent) == 10
    open_month(ORDER, deps)
    assert len(sent) == ACCOUNTS


def test_a_message_that_is_refused_keeps_none_of_the_others_back(
    world: "World", deps: Dependencies, sent: list[str]
) -> None:
    def refuse_the_first(bodies: list[str]) -> None:
        if '"a00"' in "".join(bodies):
            raise Unsent("1 of 10 messages was not taken by the queue.")
        sent.extend(bodies)

    with pytest.raises(Unsent):
        open_month(ORDER, replace(deps, send=refuse_the_first))
    assert accounts(sent) == ["a10", "acme"]
    open_month(ORDER, deps)
    assert len(sent) == len(owed(world)) == ACCOUNTS


@EVERY_INTERRUPTION
def test_killed_at_any_call_and_run_again_every_account_is_asked_for(
    world: "World", deps: Dependencies, sent: list[str], interruption: Interruption
) -> None:
    calls = Calls()
    open_month(ORDER, watched(deps, world, calls))
    assert calls.count > 2 * ACCOUNTS
    for number in range(calls.count):
        wipe(world, sent)
        with pytest.raises(Killed):
            open_month(ORDER, watched(deps, world, interruption(number, Killed())))
        open_month(ORDER, deps)
        assert len(set(accounts(sent))) == ACCOUNTS
        assert len(sent) <= ACCOUNTS + 10
        assert {standing.state for standing in owed(world)} == {State.REQUESTED}


def wipe(world: "World", sent: list[str]) -> None:
    sent.clear()
    for record in list(world.states.all()):
        world.dynamodb.delete_item(TableName=world.table, Key={"report_id": {"S": record.report_id}})
    for key in world.report_keys():
        world.s3.delete_object(Bucket=world.reports, Key=key)


@pytest.mark.parametrize("overtaken_at", [0, 5, 20])
def test_two_runs_at_once_agree_on_what_is_owed(
    world: "World", deps: Dependencies, sent: list[str], overtaken_at: int
) -> None:
    overtake: Callable[[int], Any] = lambda number: open_month(ORDER, deps) if number == overtaken_at else None  # noqa: E731
    open_month(ORDER, watched(deps, world, Calls(before=overtake)))
    assert len(set(accounts(sent))) == ACCOUNTS == len(owed(world))
    assert len(set(sent)) == ACCOUNTS
