"""The order desk: every order gets an answer, and none is lost on the way to the queue."""

import json
from dataclasses import replace
from datetime import date
from typing import TYPE_CHECKING, Any

import pytest
from report_request.core import Desk, place_order

from insight import reports, store
from insight.accounts import Account
from insight.reports import State
from insight.requests import Refusal, ReportAnswer, ReportRequest, Status

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
def desk(world: "World", sent: list[str]) -> Desk:
    return Desk(world.s3, world.dynamodb, sent.append, world.reports, world.accounts, maximum_period_days=400)


def state(world: "World") -> State:
    return reports.find_report(world.s3, world.reports, REQUEST.report_id).state


def test_an_order_becomes_a_request_in_the_accounts_zone(world: "World", desk: Desk, sent: list[str]) -> None:
    assert place_order(ORDER, desk) == ReportAnswer(Status.REQUESTED, REQUEST.report_id)
    assert [ReportRequest.from_json(body) for body in sent] == [REQUEST]
    assert state(world) is State.REQUESTED


def test_a_double_click_is_the_same_report(world: "World", desk: Desk) -> None:
    answers = {place_order({**ORDER, "requested_by": name}, desk) for name in ("ada", "bob")}
    assert answers == {ReportAnswer(Status.REQUESTED, REQUEST.report_id)}
    (key,) = world.report_keys()
    kept = json.loads(world.s3.get_object(Bucket=world.reports, Key=key)["Body"].read())
    assert kept["requested_by"] == "ada"


def test_a_delivered_report_is_not_made_again(world: "World", desk: Desk, sent: list[str]) -> None:
    store.save_manifest(world.s3, world.reports, REQUEST, b"{}")
    assert place_order(ORDER, desk) == ReportAnswer(Status.DELIVERED, REQUEST.report_id)
    assert sent == []


def test_a_failed_report_may_be_tried_again(world: "World", desk: Desk, sent: list[str]) -> None:
    place_order(ORDER, desk)
    store.save_failure(world.s3, world.reports, REQUEST, "unknown_account", "gone")
    assert state(world) is State.FAILED
    assert place_order(ORDER, desk).status is Status.REQUESTED
    assert state(world) is State.REQUESTED
    assert len(sent) == 2


def test_when_the_queue_is_away_the_caller_sees_it_and_ordering_again_works(
    world: "World", desk: Desk, sent: list[str]
) -> None:
    def refuse(body: str) -> None:
        raise ConnectionError("the queue is away")

    with pytest.raises(ConnectionError):
        place_order(ORDER, replace(desk, send=refuse))
    assert place_order(ORDER, desk).status is Status.REQUESTED
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
    world: "World", desk: Desk, sent: list[str], change: dict[str, Any], reason: Refusal, sentence: str
) -> None:
    answer = place_order({**ORDER, **change}, desk)
    assert (answer.status, answer.reason, answer.report_id) == (Status.REFUSED, reason, "")
    assert sentence in answer.message
    assert (sent, world.report_keys()) == ([], [])


@pytest.mark.parametrize("payload", [None, [], "acme", {"Records": []}])
def test_what_is_no_order_is_refused_too(desk: Desk, payload: object) -> None:
    assert place_order(payload, desk).reason == Refusal.BAD_ORDER


def test_an_account_whose_record_cannot_be_used_is_refused(world: "World", desk: Desk) -> None:
    world.put_account(Account("acme", "Acme", "Mars/Olympus", 1, "x"))
    answer = place_order(ORDER, desk)
    assert answer.reason == Refusal.BAD_ACCOUNT
    assert "no time zone named 'Mars/Olympus'" in answer.message


def test_the_longest_period_is_taken(desk: Desk) -> None:
    assert place_order({**ORDER, "to": "2027-11-05"}, desk).status is Status.REQUESTED


def test_the_zone_of_the_record_decides_the_id(world: "World", desk: Desk) -> None:
    world.put_account(Account("acme", "Acme", "America/Toronto", 40, "enterprise"))
    assert place_order(ORDER, desk).report_id == replace(REQUEST, time_zone="America/Toronto").report_id
