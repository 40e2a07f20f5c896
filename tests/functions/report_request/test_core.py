"""The order deps: every order gets an answer, and none is lost on the way to the queue."""

from dataclasses import replace
from datetime import date
from typing import TYPE_CHECKING, Any

import pytest
from report_request.core import Dependencies, place_order

from insight.delivery import store
from insight.orders.request import Refusal, ReportAnswer, ReportRequest, Status
from insight.orders.states import State
from insight.sources.accounts import Account

if TYPE_CHECKING:
    from tests.functions.conftest import World

ORDER = {"account": "acme", "from": "2026-10-01", "to": "2026-11-01", "requested_by": "ada", "reason": "renewal"}
REQUEST = ReportRequest(
    "acme", date(2026, 10, 1), date(2026, 11, 1), "Europe/Berlin", requested_by="ada", reason="renewal"
)


@pytest.fixture
def sent() -> list[str]:
    return []


@pytest.fixture
def deps(world: "World", sent: list[str]) -> Dependencies:
    return Dependencies(
        world.s3, world.dynamodb, world.states, sent.append, world.reports, world.accounts, 400, ("csv", "html")
    )


def deliver(world: "World", request: ReportRequest) -> None:
    world.states.claim(request, "worker", world.now)
    store.save_manifest(world.s3, world.reports, request, b"{}")
    world.states.deliver(request, 1)
    world.states.supersede(request)


def test_an_order_becomes_a_request_in_the_accounts_zone(world: "World", deps: Dependencies, sent: list[str]) -> None:
    assert place_order(ORDER, deps) == ReportAnswer(Status.REQUESTED, REQUEST.report_id)
    assert [ReportRequest.from_json(body).report_id for body in sent] == [REQUEST.report_id]
    assert world.state_of(REQUEST) is State.REQUESTED


def test_who_asked_is_on_record_and_not_in_the_message(world: "World", deps: Dependencies, sent: list[str]) -> None:
    place_order(ORDER, deps)
    record = world.states.get(REQUEST.report_id)
    assert record
    assert (record.requested_by, record.why) == ("ada", "renewal")
    assert not any(word in body for body in sent for word in ("ada", "renewal"))


def test_a_double_click_is_the_same_report(world: "World", deps: Dependencies) -> None:
    answers = {place_order({**ORDER, "requested_by": name}, deps) for name in ("ada", "bob")}
    assert answers == {ReportAnswer(Status.REQUESTED, REQUEST.report_id)}
    record = world.states.get(REQUEST.report_id)
    assert record
    assert record.requested_by == "ada"


def test_a_delivered_report_is_not_made_again(world: "World", deps: Dependencies, sent: list[str]) -> None:
    deliver(world, REQUEST)
    assert place_order(ORDER, deps) == ReportAnswer(Status.DELIVERED, REQUEST.report_id)
    assert sent == []


def test_a_report_whose_manifest_is_gone_is_made_again(world: "World", deps: Dependencies, sent: list[str]) -> None:
    deliver(world, REQUEST)
    for key in world.report_keys():
        world.s3.delete_object(Bucket=world.reports, Key=key)
    assert place_order(ORDER, deps) == ReportAnswer(Status.REQUESTED, REQUEST.report_id)
    assert (world.state_of(REQUEST), len(sent)) == (State.REQUESTED, 1)


def test_force_adds_a_generation_to_what_is_delivered_and_a_double_click_adds_one(
    world: "World", deps: Dependencies, sent: list[str]
) -> None:
    forced = {**ORDER, "force": True}
    assert place_order(forced, deps).report_id == REQUEST.report_id
    deliver(world, REQUEST)
    second = REQUEST.of_generation(2)
    for _ in range(2):
        assert place_order(forced, deps) == ReportAnswer(Status.REQUESTED, second.report_id)
    assert [ReportRequest.from_json(body).generation for body in sent] == [1, 2, 2]
    deliver(world, second)
    assert world.state_of(REQUEST) is State.REISSUED
    assert place_order(ORDER, deps) == ReportAnswer(Status.DELIVERED, second.report_id)
    assert place_order(forced, deps).report_id == REQUEST.of_generation(3).report_id


def test_a_failed_report_may_be_tried_again(world: "World", deps: Dependencies, sent: list[str]) -> None:
    world.states.claim(REQUEST, "worker", world.now)
    world.states.fail(REQUEST, "worker", "unknown_account", "gone")
    assert place_order(ORDER, deps).status is Status.REQUESTED
    assert (world.state_of(REQUEST), len(sent)) == (State.REQUESTED, 1)


def test_when_the_queue_is_away_the_caller_sees_it_and_ordering_again_works(
    world: "World", deps: Dependencies, sent: list[str]
) -> None:
    def refuse(body: str) -> None:
        raise ConnectionError("the queue is away")

    with pytest.raises(ConnectionError):
        place_order(ORDER, replace(deps, send=refuse))
    assert place_order(ORDER, deps).status is Status.REQUESTED
    assert len(sent) == 1


@pytest.mark.parametrize(
    ("change", "reason", "sentence"),
    [
        ({"account": "acmee"}, Refusal.UNKNOWN_ACCOUNT, "There is no account 'acmee'."),
        ({"to": "2027-11-06"}, Refusal.PERIOD_TOO_LONG, "has 401 days; a report covers 400 at most."),
        ({"to": "2026-10-01"}, Refusal.BAD_ORDER, "The end must come after the start."),
        ({"from": "october"}, Refusal.BAD_ORDER, "`from`: 'october' is not a day."),
        ({"formats": ["docx"]}, Refusal.BAD_ORDER, "Formats: csv, html, json, pdf, xlsx."),
        ({"colour": "red"}, Refusal.BAD_ORDER, "fields that are not known: colour"),
    ],
)
def test_what_cannot_be_made_is_refused_with_a_reason_and_leaves_nothing(
    world: "World", deps: Dependencies, sent: list[str], change: dict[str, Any], reason: Refusal, sentence: str
) -> None:
    answer = place_order({**ORDER, **change}, deps)
    assert (answer.status, answer.reason, answer.report_id) == (Status.REFUSED, reason, "")
    assert sentence in answer.message
    assert (sent, list(world.states.all())) == ([], [])


@pytest.mark.parametrize("payload", [None, [], "acme", {"Records": []}])
def test_what_is_no_order_is_refused_too(deps: Dependencies, payload: object) -> None:
    assert place_order(payload, deps).reason == Refusal.BAD_ORDER


def test_an_account_whose_record_cannot_be_used_is_refused(world: "World", deps: Dependencies) -> None:
    world.put_account(Account("acme", "Acme", "Mars/Olympus", 1, "x"))
    answer = place_order(ORDER, deps)
    assert answer.reason == Refusal.BAD_ACCOUNT
    assert "no time zone named 'Mars/Olympus'" in answer.message


def test_the_longest_period_is_taken(deps: Dependencies) -> None:
    assert place_order({**ORDER, "to": "2027-11-05"}, deps).status is Status.REQUESTED


def test_the_zone_of_the_record_decides_the_id(world: "World", deps: Dependencies) -> None:
    world.put_account(Account("acme", "Acme", "America/Toronto", 40, "enterprise"))
    assert place_order(ORDER, deps).report_id == replace(REQUEST, time_zone="America/Toronto").report_id


def test_a_format_that_the_generator_cannot_write_is_refused(
    world: "World", deps: Dependencies, sent: list[str]
) -> None:
    answer = place_order({**ORDER, "formats": ["html", "pdf"]}, deps)
    assert (answer.status, answer.reason) == (Status.REFUSED, Refusal.BAD_ORDER.value)
    assert answer.message.startswith("No report is made as pdf here. Formats here: csv, html.")
    assert not sent
    assert world.states.get(REQUEST.report_id) is None
