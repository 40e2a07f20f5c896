"""The generator: one request is one report, whatever is delivered how often, and poison stays its own affair."""

import json
from collections.abc import Callable
from datetime import date, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from report_generator.core import report_work
from report_generator.lifecycle import Lifecycle

from insight.canonical_json import canonical_json
from insight.delivery import search
from insight.delivery.deliver import Places
from insight.manifest import Manifest
from insight.orders.request import ReportRequest
from insight.orders.states import State
from opscore.queues.worker import Retry, process_batch

if TYPE_CHECKING:
    from tests.functions.conftest import World

REQUEST = ReportRequest("acme", date(2026, 10, 1), date(2026, 11, 1), "Europe/Berlin", requested_by="ada@example.com")
BODY = canonical_json(REQUEST.to_payload())

Deliver = Callable[..., list[str]]


@pytest.fixture
def shortened() -> dict[str, int]:
    return {}


@pytest.fixture
def announced() -> list[ReportRequest]:
    return []


@pytest.fixture
def buried() -> list[tuple[str, str]]:
    return []


@pytest.fixture
def deliver(
    world: "World",
    batch_of: Any,
    shortened: dict[str, int],
    announced: list[ReportRequest],
    buried: list[tuple[str, str]],
) -> Deliver:
    """Deliver one batch of message bodies and return the ids of those that go back."""

    def run(*bodies: str, receive_count: int = 1) -> list[str]:
        places = Places(world.s3, world.dynamodb, world.reports, world.events, world.accounts)
        lifecycle = Lifecycle(
            report_work(places),
            world.states,
            announced.append,
            lambda message, error: buried.append((message.body, error.reason)),
            lambda: world.now,
            5,
            lambda: 60_000,
        )
        answer = process_batch(
            batch_of(*bodies, receive_count=receive_count),
            lifecycle.work(),
            retry=Retry(30, shortened.__setitem__, lambda: 0.0),
            remaining_milliseconds=lambda: 60_000,
        )
        return [entry["itemIdentifier"] for entry in answer["batchItemFailures"]]

    return run


def manifest(world: "World") -> Manifest:
    report = search.find_report(world.states, REQUEST.report_id)
    return search.read_manifest(world.s3, world.reports, report)


def test_a_request_becomes_a_report_whose_manifest_says_what_it_was_made_of(
    world: "World", deliver: Deliver, tmp_path: Path
) -> None:
    assert deliver(BODY) == []
    made = manifest(world)
    assert made.report_id == REQUEST.report_id
    assert made.request == REQUEST.identity()
    assert (made.starts_at, made.ends_at) == ("2026-09-30T22:00:00+00:00", "2026-10-31T23:00:00+00:00")
    assert (made.rows["read"], made.rows["counted"], made.rows["dropped_duplicate"]) == (3, 2, 1)
    assert [(file.key, file.rows) for file in made.inputs] == [("events/account=acme/date=2026-10-05/events.jsonl", 3)]
    csv, page, _ = search.download(
        world.s3, world.reports, search.find_report(world.states, REQUEST.report_id), tmp_path
    )
    assert "usage,active_users,2\r\n" in csv.read_bytes().decode()
    assert "Usage report of Acme Industries" in page.read_text()


def test_only_the_formats_that_were_asked_for_are_made(world: "World", deliver: Deliver) -> None:
    request = ReportRequest("acme", REQUEST.start, REQUEST.end, "Europe/Berlin", ("csv",))
    deliver(canonical_json(request.to_payload()))
    found = search.find_report(world.states, request.report_id)
    assert [file.name for file in search.read_manifest(world.s3, world.reports, found).outputs] == ["usage.csv"]


def test_equal_inputs_give_equal_files_down_to_the_manifest(world: "World", deliver: Deliver) -> None:
    made = []
    for _ in range(2):
        deliver(BODY)
        keys = world.report_keys()
        made.append({key: world.s3.get_object(Bucket=world.reports, Key=key)["Body"].read() for key in keys})
        for key in keys:
            world.s3.delete_object(Bucket=world.reports, Key=key)
        world.forget_report(REQUEST)
    assert made[0] == made[1]
    assert len(made[0]) == 3


def test_who_asked_is_in_no_output_and_in_no_log(
    world: "World", deliver: Deliver, capsys: pytest.CaptureFixture[str]
) -> None:
    deliver(BODY, BODY, BODY + "x")
    world.put_file(b'{"user": "ada@example.com"')
    deliver(canonical_json({**REQUEST.to_payload(), "end": "2026-11-02"}))
    assert "ada@" not in capsys.readouterr().out
    for key in world.report_keys():
        assert b"ada@" not in world.s3.get_object(Bucket=world.reports, Key=key)["Body"].read()


def test_the_same_message_twice_is_one_report(world: "World", deliver: Deliver) -> None:
    assert deliver(BODY, BODY) == []
    keys = world.report_keys()
    world.put_events("a", "b", "c")
    assert deliver(BODY, receive_count=2) == []
    assert world.report_keys() == keys


def test_damaged_events_send_the_message_back_and_once_corrected_the_report_is_delivered(
    world: "World", deliver: Deliver, shortened: dict[str, int], capsys: pytest.CaptureFixture[str]
) -> None:
    world.put_file(b"{}\n")
    assert deliver(BODY, receive_count=3) == ["message-0"]
    assert shortened == {"handle-0": 60}
    (line,) = map(json.loads, capsys.readouterr().out.splitlines())
    assert line["message_id"] == "message-0"
    assert line["report_id"] == REQUEST.report_id
    assert line["error_type"] == "DamagedEvents"
    assert line["error"].startswith("events/account=acme/date=2026-10-05/events.jsonl, line 1: ")
    (waiting,) = search.list_reports(world.states)
    assert (waiting.state, waiting.reason.split(":")[0]) == (State.REQUESTED, line["error"].split(":")[0])
    world.put_events("a")
    assert deliver(BODY, receive_count=4) == []
    assert manifest(world).rows["counted"] == 1


def test_an_account_that_is_gone_is_recorded_and_may_come_back(world: "World", deliver: Deliver) -> None:
    world.forget_account()
    assert deliver(BODY) == []
    failed = search.find_report(world.states, REQUEST.report_id)
    assert (failed.state, failed.reason) == (State.FAILED, "There is no account 'acme'.")
    world.put_account()
    assert deliver(BODY) == []
    assert search.find_report(world.states, REQUEST.report_id).state is State.DELIVERED


def test_a_record_that_cannot_be_used_sends_the_message_back(world: "World", deliver: Deliver) -> None:
    world.dynamodb.put_item(TableName=world.accounts, Item={"account": {"S": "acme"}})
    assert deliver(BODY) == ["message-0"]
    assert world.report_keys() == []


@pytest.mark.parametrize("poison", ["", "not json", "{}", BODY.replace("Europe/Berlin", "Mars/Olympus")])
def test_poison_and_what_has_failed_for_good_are_buried_with_their_reason_and_touch_nobody(
    world: "World", deliver: Deliver, buried: list[tuple[str, str]], poison: str
) -> None:
    gone = canonical_json(ReportRequest("ember", REQUEST.start, REQUEST.end, "UTC").to_payload())
    assert deliver(poison, BODY, gone, poison) == []
    states = {report.account: report.state for report in search.list_reports(world.states)}
    assert states == {"acme": State.DELIVERED, "ember": State.FAILED}
    assert buried == [(poison, "bad_message"), (gone, "unknown_account"), (poison, "bad_message")]


def test_a_delivery_is_announced_once_however_often_its_message_comes(
    deliver: Deliver, announced: list[ReportRequest]
) -> None:
    assert deliver(BODY, BODY) == []
    assert deliver(BODY, receive_count=2) == []
    assert announced == [REQUEST]


def test_a_report_in_the_making_elsewhere_sends_the_message_back_and_keeps_its_lease(
    world: "World", deliver: Deliver, shortened: dict[str, int]
) -> None:
    world.states.claim(REQUEST, "elsewhere", world.now + timedelta(seconds=60))
    assert deliver(BODY, receive_count=4) == ["message-0"]
    assert shortened == {"handle-0": 60}
    record = world.states.get(REQUEST.report_id)
    assert record
    assert (record.state, record.attempts) == (State.RUNNING, 1)
    world.now += timedelta(seconds=61)
    assert deliver(BODY) == []
    assert world.state_of(REQUEST) is State.DELIVERED


def test_the_last_delivery_that_goes_back_is_a_failure_with_its_reason_and_a_replay_mends_it(
    world: "World", deliver: Deliver
) -> None:
    world.put_file(b"{}\n")
    assert deliver(BODY, receive_count=5) == ["message-0"]
    failed = search.find_report(world.states, REQUEST.report_id)
    assert failed.state is State.FAILED
    assert failed.reason.startswith("Gave up after 5 deliveries, the last with DamagedEvents: events/account=acme")
    world.put_events("a")
    assert deliver(BODY) == []
    assert world.state_of(REQUEST) is State.DELIVERED


def test_a_later_generation_takes_the_place_of_the_one_before(
    world: "World", deliver: Deliver, announced: list[ReportRequest]
) -> None:
    second = REQUEST.of_generation(2)
    assert deliver(BODY) == []
    world.put_events("a", "b", "c")
    assert deliver(second.to_message()) == []
    assert (world.state_of(REQUEST), world.state_of(second)) == (State.REISSUED, State.DELIVERED)
    assert [request.generation for request in announced] == [1, 2]
    assert deliver(BODY) == []
    assert world.state_of(REQUEST) is State.REISSUED
