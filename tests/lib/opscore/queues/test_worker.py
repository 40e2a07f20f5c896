"""The batch loop: the failure of one message touches no other, and nothing is lost."""

import json
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from opscore.queues.worker import (
    LONGEST_WAIT_SECONDS,
    Message,
    NotYet,
    PermanentError,
    Retry,
    Work,
    process_batch,
)

PLENTY = 600_000


class Shop:
    """A service whose messages say what happens to them."""

    def __init__(self, *, record_fails: bool = False) -> None:
        self.done: list[str] = []
        self.recorded: list[tuple[str, str]] = []
        self.shortened: dict[str, int] = {}
        self.record_fails = record_fails

    def run(self, item: str) -> None:
        if item == "transient":
            raise ConnectionError("the source is away")
        if item == "taken":
            raise NotYet(60, "Somebody else has it.")
        if item == "permanent":
            raise PermanentError("gone", "There is no such thing.")
        self.done.append(item)

    def record(self, item: str, error: PermanentError) -> None:
        if self.record_fails:
            raise ConnectionError("the bucket is away")
        self.recorded.append((item, error.reason))

    def parse(self, body: str) -> str:
        if body == "poison":
            raise ValueError("not a thing")
        return body

    def work(self) -> Work[str]:
        return Work(self.parse, self.run, self.record, lambda item: {"thing": item})

    def retry(self) -> Retry:
        return Retry(base_seconds=30, shorten=self.shortened.__setitem__, chance=lambda: 0.999)


def batch(*bodies: str, receive_count: int = 1) -> dict[str, Any]:
    return {
        "Records": [
            {
                "messageId": f"m{number}",
                "receiptHandle": f"r{number}",
                "body": body,
                "attributes": {"ApproximateReceiveCount": str(receive_count)},
            }
            for number, body in enumerate(bodies)
        ]
    }


def failed_items(shop: Shop, event: Mapping[str, Any], remaining: int = PLENTY) -> list[str]:
    answer = process_batch(event, shop.work(), retry=shop.retry(), remaining_milliseconds=lambda: remaining)
    return [entry["itemIdentifier"] for entry in answer["batchItemFailures"]]


def logged(capsys: pytest.CaptureFixture[str]) -> list[dict[str, Any]]:
    return [json.loads(line) for line in capsys.readouterr().out.splitlines()]


def test_a_done_message_is_not_named() -> None:
    shop = Shop()
    assert failed_items(shop, batch("a", "b")) == []
    assert shop.done == ["a", "b"]


def test_a_transient_failure_goes_back_with_a_log_line_that_joins_it_to_its_cause(
    capsys: pytest.CaptureFixture[str],
) -> None:
    shop = Shop()
    assert failed_items(shop, batch("transient", receive_count=2)) == ["m0"]
    assert shop.shortened == {"r0": 60}
    (line,) = logged(capsys)
    assert line == {
        "level": "ERROR",
        "message": "goes back to the queue",
        "message_id": "m0",
        "receive_count": 2,
        "thing": "transient",
        "error_type": "ConnectionError",
        "error": "the source is away",
    }


def test_a_permanent_failure_is_recorded_and_done_with(capsys: pytest.CaptureFixture[str]) -> None:
    shop = Shop()
    assert failed_items(shop, batch("permanent")) == []
    assert shop.recorded == [("permanent", "gone")]
    assert shop.shortened == {}
    (line,) = logged(capsys)
    assert (line["message_id"], line["reason"], line["error_type"]) == ("m0", "gone", "PermanentError")


def test_a_permanent_failure_that_could_not_be_recorded_goes_back() -> None:
    shop = Shop(record_fails=True)
    assert failed_items(shop, batch("permanent")) == ["m0"]


def test_a_body_that_cannot_be_read_goes_back_because_nothing_can_be_recorded_under_it(
    capsys: pytest.CaptureFixture[str],
) -> None:
    shop = Shop()
    assert failed_items(shop, batch("poison")) == ["m0"]
    assert shop.recorded == []
    (line,) = logged(capsys)
    assert (line["message_id"], line["error_type"]) == ("m0", "ValueError")


@given(st.lists(st.sampled_from(["good", "transient", "permanent", "poison"]), max_size=10))
def test_no_message_touches_the_others(bodies: list[str]) -> None:
    shop = Shop()
    failed = failed_items(shop, batch(*bodies))
    assert failed == [f"m{at}" for at, body in enumerate(bodies) if body in ("transient", "poison")]
    assert len(shop.done) == bodies.count("good")
    assert len(shop.recorded) == bodies.count("permanent")
    assert set(shop.shortened) == {item.replace("m", "r") for item in failed}


def test_no_new_message_is_started_when_the_time_is_short_but_the_first_always_is(
    capsys: pytest.CaptureFixture[str],
) -> None:
    shop = Shop()
    assert failed_items(shop, batch("a", "b", "c"), remaining=9_999) == ["m1", "m2"]
    assert shop.done == ["a"]
    assert [line["message"] for line in logged(capsys)] == ["not started", "not started"]


def test_a_visibility_timeout_that_cannot_be_shortened_does_not_stop_the_batch() -> None:
    shop = Shop()

    def refuse(receipt_handle: str, seconds: int) -> None:
        raise ConnectionError("the queue is away")

    retry = Retry(30, refuse, lambda: 0.5)
    answer = process_batch(batch("transient", "a"), shop.work(), retry=retry, remaining_milliseconds=lambda: PLENTY)
    assert answer == {"batchItemFailures": [{"itemIdentifier": "m0"}]}
    assert shop.done == ["a"]


@given(st.integers(1, 100), st.integers(0, 900), st.floats(0, 1, exclude_max=True))
def test_the_wait_doubles_has_jitter_and_an_upper_bound(received: int, base: int, chance: float) -> None:
    seconds = Retry(base, lambda *_: None, lambda: chance).seconds(received)
    longest = min(LONGEST_WAIT_SECONDS, base * 2 ** (received - 1))
    assert longest / 2 <= seconds <= longest


@given(st.integers(2, 10), st.floats(0, 890))
def test_a_message_whose_item_is_taken_is_received_once_more_when_it_must_be_free(last: int, lease: float) -> None:
    retry = Retry(1, lambda *_: None, lambda: 0.0, last_receive=last)
    waits: list[int] = []
    for received in range(1, last):
        waits.append(retry.seconds(received, NotYet(lease - sum(waits), "taken")))
    assert lease <= sum(waits) <= lease + last


def test_a_taken_item_is_no_failure(capsys: pytest.CaptureFixture[str]) -> None:
    shop = ShopWithDeadLetters()
    assert failed_items(shop, batch("taken", "a")) == ["m0"]
    assert (shop.shortened, shop.done, shop.deferred) == ({"r0": 15}, ["a"], [])
    assert [line["level"] for line in logged(capsys)] == ["INFO"]


def test_two_messages_that_failed_together_come_back_apart() -> None:
    waits = {Retry(30, lambda *_: None, lambda at=at: at / 10).seconds(3) for at in range(10)}  # type: ignore[misc]
    assert len(waits) == 10


class ShopWithDeadLetters(Shop):
    """A shop that moves what has failed for good to the dead letters, and notes what goes back."""

    def __init__(self, *, refuses: bool = False) -> None:
        super().__init__()
        self.refuses = refuses
        self.dead_letters: list[tuple[str, str]] = []
        self.deferred: list[tuple[str, int, str]] = []

    def move_to_dead_letters(self, message: Message, error: PermanentError) -> None:
        if self.refuses:
            raise ConnectionError("the dead-letter queue is away")
        self.dead_letters.append((message.body, error.reason))

    def defer(self, item: str, message: Message, error: Exception) -> None:
        if self.refuses:
            raise ConnectionError("the table is away")
        self.deferred.append((item, message.receive_count, str(error)))

    def work(self) -> Work[str]:
        return replace(super().work(), move_to_dead_letters=self.move_to_dead_letters, defer=self.defer)


def test_what_has_failed_for_good_is_moved_to_the_dead_letters_and_done() -> None:
    shop = ShopWithDeadLetters()
    assert failed_items(shop, batch("poison", "a", "permanent")) == []
    assert shop.dead_letters == [("poison", "bad_message"), ("permanent", "gone")]
    assert shop.recorded == [("permanent", "gone")]
    assert shop.done == ["a"]


def test_what_cannot_be_moved_to_the_dead_letters_goes_back() -> None:
    assert failed_items(ShopWithDeadLetters(refuses=True), batch("poison", "permanent", "a")) == ["m0", "m1"]


def test_what_goes_back_is_noted_and_goes_back_even_if_that_fails() -> None:
    shop = ShopWithDeadLetters()
    assert failed_items(shop, batch("transient", receive_count=3)) == ["m0"]
    assert shop.deferred == [("transient", 3, "the source is away")]
    assert failed_items(ShopWithDeadLetters(refuses=True), batch("transient", "a")) == ["m0"]
