"""Reports under every interruption: killed, refused or overtaken at any AWS call, none is lost, doubled or torn."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import pytest
from report_generator.core import report_work
from report_generator.lifecycle import Lifecycle
from report_generator.notices import Notices
from report_request.core import Dependencies, place_order

from insight.delivery import search
from insight.delivery.deliver import Places
from insight.orders.request import ReportRequest, Status
from insight.orders.states import State
from opscore.queues.dead_letter_copy import dead_letter
from opscore.queues.worker import Retry, process_batch

if TYPE_CHECKING:
    from tests.functions.conftest import World

REQUEST = ReportRequest("acme", date(2026, 10, 1), date(2026, 11, 1), "Europe/Berlin")
BODY = REQUEST.to_message()
LEASE_SECONDS = 60
ORDER = {"account": "acme", "from": "2026-10-01", "to": "2026-11-01"}


class Killed(BaseException):
    """The process ends here: no `except Exception` sees it."""


def nothing(_number: int) -> None:
    pass


@dataclass
class Calls:
    """Counts the AWS calls of the clients it watches and steps in before or after each of them."""

    before: Callable[[int], None] = nothing
    after: Callable[[int], None] = nothing
    count: int = 0

    def make(self, call: Callable[[], Any]) -> Any:
        number, self.count = self.count, self.count + 1
        self.before(number)
        try:
            return call()
        finally:
            self.after(number)


class Watched:
    """A client, or one of its paginators, whose calls go through Calls."""

    def __init__(self, target: object, calls: Calls) -> None:
        self._target = target
        self._calls = calls

    def __getattr__(self, name: str) -> Any:
        attribute = getattr(self._target, name)
        if name == "exceptions":
            return attribute
        if name == "get_paginator":
            return lambda operation: Watched(attribute(operation), self._calls)
        return lambda **arguments: self._calls.make(lambda: attribute(**arguments))


def at(wanted: int, step: Callable[[], None]) -> Callable[[int], None]:
    def look(number: int) -> None:
        if number == wanted:
            step()

    return look


def fail(error: BaseException) -> Callable[[], None]:
    def raise_it() -> None:
        raise error

    return raise_it


Interruption = Callable[[int, BaseException], Calls]
LOST_REQUEST: Interruption = lambda number, error: Calls(before=at(number, fail(error)))  # noqa: E731
LOST_ANSWER: Interruption = lambda number, error: Calls(after=at(number, fail(error)))  # noqa: E731
EVERY_INTERRUPTION = pytest.mark.parametrize("interruption", [LOST_REQUEST, LOST_ANSWER], ids=["request", "answer"])


@pytest.fixture
def generate(world: "World", batch_of: Any) -> Callable[..., int]:
    """Deliver the request to a generator and return how many messages go back."""

    def run(calls: Calls | None = None, body: str = BODY) -> int:
        watch = calls or Calls()
        s3, dynamodb, sqs = Watched(world.s3, watch), Watched(world.dynamodb, watch), Watched(world.sqs, watch)
        places: Any = Places(s3, dynamodb, world.reports, world.events, world.accounts)  # type: ignore[arg-type]
        publish = Watched(SimpleNamespace(publish=lambda **message: world.announced.append(message)), watch).publish
        lifecycle = Lifecycle(
            report_work(places),
            world.states_by(dynamodb),
            Notices(publish, world.topic_arn).announce,
            lambda message, error: sqs.send_message(QueueUrl=world.dead_letter_url, **dead_letter(message, error)),
            lambda: world.now,
            5,
            lambda: LEASE_SECONDS * 1000,
        )
        retry = Retry(0, lambda *_: None, lambda: 0.0)
        answer = process_batch(batch_of(body), lifecycle.work(), retry=retry, remaining_milliseconds=lambda: 60_000)
        return len(answer["batchItemFailures"])

    return run


@pytest.fixture
def order(world: "World") -> Callable[..., Status]:
    def run(calls: Calls | None = None) -> Status:
        watch = calls or Calls()

        def send(body: str) -> None:
            watch.make(lambda: world.sqs.send_message(QueueUrl=world.queue_url, MessageBody=body))

        s3, dynamodb = Watched(world.s3, watch), Watched(world.dynamodb, watch)
        states = world.states_by(dynamodb)
        formats = ("csv", "html")
        deps = Dependencies(s3, dynamodb, states, send, world.reports, world.accounts, 400, formats)  # type: ignore[arg-type]
        return place_order(ORDER, deps).status

    return run


def number_of_calls(run: Callable[..., object], world: "World") -> int:
    calls = Calls()
    run(calls)
    clear(world)
    return calls.count


def later(world: "World") -> None:
    """Let the lease of a killed worker end."""
    world.now += timedelta(seconds=LEASE_SECONDS + 60)


def clear(world: "World") -> None:
    for generation in (1, 2):
        world.forget_report(REQUEST.of_generation(generation))
    world.announced.clear()
    world.take_messages(world.dead_letter_url)
    for key in world.report_keys():
        world.s3.delete_object(Bucket=world.reports, Key=key)
    world.take_messages()


def whole(world: "World", folder: Path) -> bool:
    """Read as a reader does; what is shown as delivered must be whole. Says whether the report is delivered."""
    found = search.list_reports(world.states)
    assert len(found) <= 1
    delivered = bool(found) and found[0].state is State.DELIVERED
    if delivered:
        assert len(search.download(world.s3, world.reports, found[0], folder)) == 3
    return delivered


@EVERY_INTERRUPTION
def test_a_generator_killed_at_any_call_leaves_no_half_report_and_the_next_delivery_makes_it(
    world: "World", generate: Callable[..., int], interruption: Interruption, tmp_path: Path
) -> None:
    calls = number_of_calls(generate, world)
    assert calls >= 12
    for number in range(calls):
        with pytest.raises(Killed):
            generate(interruption(number, Killed()))
        whole(world, tmp_path)
        later(world)
        assert generate() == 0
        assert whole(world, tmp_path)
        assert len([key for key in world.report_keys() if key.endswith("manifest.json")]) == 1
        assert 1 <= len(world.announced) <= 2
        clear(world)


@EVERY_INTERRUPTION
def test_an_error_of_any_call_sends_the_message_back_and_the_next_delivery_makes_the_report(
    world: "World", generate: Callable[..., int], interruption: Interruption, tmp_path: Path
) -> None:
    for number in range(number_of_calls(generate, world)):
        assert generate(interruption(number, ConnectionError("AWS is away"))) == 1
        # The lease of a claim whose answer was lost stays until it ends.
        later(world)
        assert generate() == 0
        assert whole(world, tmp_path)
        clear(world)


def test_no_reader_ever_sees_half_a_report(world: "World", generate: Callable[..., int], tmp_path: Path) -> None:
    seen: list[bool] = []
    assert generate(Calls(before=lambda _: seen.append(whole(world, tmp_path)))) == 0
    assert seen == sorted(seen)
    assert whole(world, tmp_path)


@pytest.mark.parametrize("first", ["is alive", "has overrun its lease"])
@pytest.mark.parametrize("data", ["the same", "changed in between"])
def test_two_generators_at_once_give_one_whole_report(
    world: "World", generate: Callable[..., int], tmp_path: Path, data: str, first: str
) -> None:
    """The second one runs from beginning to end between any two calls of the first."""
    for number in range(number_of_calls(generate, world)):

        def overtake() -> None:
            if data != "the same":
                world.put_events("a", "b", "c")
            if first != "is alive":
                later(world)
            generate()

        generate(Calls(before=at(number, overtake)))
        later(world)
        assert generate() == 0
        assert whole(world, tmp_path)
        assert len([key for key in world.report_keys() if key.endswith("manifest.json")]) == 1
        clear(world)
        world.put_events("a", "b", "a")


def test_a_failure_that_is_killed_while_it_is_recorded_is_recorded_and_buried_by_the_next_delivery(
    world: "World", generate: Callable[..., int]
) -> None:
    world.forget_account()
    for number in range(number_of_calls(generate, world)):
        with pytest.raises(Killed):
            generate(LOST_REQUEST(number, Killed()))
        later(world)
        assert generate() == 0
        assert world.state_of(REQUEST) is State.FAILED
        assert set(world.take_messages(world.dead_letter_url)) == {BODY}
        clear(world)


@EVERY_INTERRUPTION
def test_a_reissue_killed_at_any_call_ends_with_one_current_report(
    world: "World", generate: Callable[..., int], interruption: Interruption
) -> None:
    second = REQUEST.of_generation(2)
    generate()
    calls = Calls()
    generate(calls, second.to_message())
    for number in range(calls.count):
        clear(world)
        generate()
        with pytest.raises(Killed):
            generate(interruption(number, Killed()), second.to_message())
        assert State.DELIVERED in (world.state_of(REQUEST), world.state_of(second))
        later(world)
        assert generate(body=second.to_message()) == 0
        assert (world.state_of(REQUEST), world.state_of(second)) == (State.REISSUED, State.DELIVERED)


@EVERY_INTERRUPTION
def test_an_order_killed_at_any_call_can_be_given_again(
    world: "World", order: Callable[..., Status], generate: Callable[..., int], interruption: Interruption
) -> None:
    for number in range(number_of_calls(order, world)):
        with pytest.raises(Killed):
            order(interruption(number, Killed()))
        assert order() is Status.REQUESTED
        assert set(world.take_messages()) == {BODY}
        assert generate() == 0
        assert order() is Status.DELIVERED
        assert world.take_messages() == []
        clear(world)
