"""The sweep: what got lost is asked for again, what late data changed is made again, nothing else is touched."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest
from report_generator.core import report_work
from report_generator.lifecycle import Lifecycle
from report_sweep.core import Dependencies, sweep

from insight import layout
from insight.delivery.deliver import Places
from insight.months import ledger
from insight.months.ledger import Entry
from insight.months.survey import MonthOrder
from insight.numbers import peers
from insight.orders.request import ReportRequest
from insight.orders.states import State
from insight.sources.accounts import Account
from opscore.queues.worker import Retry, process_batch
from tests.functions.test_interruptions import EVERY_INTERRUPTION, Calls, Interruption, Killed, Watched

if TYPE_CHECKING:
    from tests.functions.conftest import World

ORDER = MonthOrder(datetime(2026, 11, 3, 12, tzinfo=UTC))


class Platform:
    """The sweeper's queue with a generator at its end."""

    def __init__(self, world: "World", batch_of: Any) -> None:
        self.world, self.batch_of = world, batch_of
        self.sent: list[str] = []
        self.opened: list[str] = []
        owed = ledger.make_ledger(
            "2026-10", ORDER.scheduled_at, [Entry("acme", "Europe/Berlin"), Entry("ember", "UTC")]
        )
        self.owed = ledger.write_once(world.s3, world.reports, owed).ledger
        self.acme, self.ember = (owed.request(entry) for entry in owed.entries)
        world.put_account(Account("ember", "Ember", "UTC", 1, "x"))

    def deps(self, share: float = 0.01, generations: int = 10, calls: Calls | None = None) -> Dependencies:
        world, watch = self.world, calls or Calls()
        s3: Any = Watched(world.s3, watch)
        return Dependencies(
            s3,
            world.states_by(Watched(world.dynamodb, watch)),
            lambda bodies: watch.make(lambda: self.sent.extend(bodies)),
            lambda order: self.opened.append(order.month),
            lambda: self.opened.append("counted"),
            lambda: world.now,
            world.reports,
            world.events,
            3600,
            share,
            generations,
        )

    def sweep(self, **settings: Any) -> dict[str, int]:
        return dict(sweep(ORDER, self.deps(**settings)).asked)

    def make(self) -> None:
        """Let the generator work off what was sent."""
        world, bodies = self.world, list(self.sent)
        self.sent.clear()
        places = Places(world.s3, world.dynamodb, world.reports, world.events, world.accounts)
        lifecycle = Lifecycle(
            report_work(places), world.states, lambda _: None, lambda *_: None, lambda: world.now, 5, lambda: 60_000
        )
        process_batch(
            self.batch_of(*bodies),
            lifecycle.work(),
            retry=Retry(0, lambda *_: None, lambda: 0.0),
            remaining_milliseconds=lambda: 60_000,
        )


@pytest.fixture
def platform(world: "World", batch_of: Any) -> Platform:
    return Platform(world, batch_of)


def test_what_is_missing_is_asked_for_until_it_is_there(world: "World", platform: Platform) -> None:
    assert platform.sweep() == {"missing": 2}
    assert platform.sweep() == {}
    platform.sent.clear()  # the messages are lost
    world.now += timedelta(hours=2)
    assert platform.sweep() == {"stalled": 2}
    platform.make()
    assert (world.state_of(platform.acme), world.state_of(platform.ember)) == (State.DELIVERED, State.DELIVERED)
    assert platform.sweep() == {}


def delivered(platform: Platform) -> None:
    platform.sweep()
    platform.make()


def generation(platform: Platform, number: int) -> ReportRequest:
    return platform.acme.of_generation(number)


def test_late_data_makes_a_report_again_and_the_old_one_is_marked(world: "World", platform: Platform) -> None:
    delivered(platform)
    world.put_events("a", "b", "a", "c", "d")
    (why,) = platform.sweep()
    assert why.startswith("late data: 1 files")
    platform.make()
    second = generation(platform, 2)
    assert (world.state_of(platform.acme), world.state_of(second)) == (State.REISSUED, State.DELIVERED)
    assert world.states.get(second.report_id).why == why  # type: ignore[union-attr]
    assert platform.sweep() == {}


def test_a_source_that_was_late_altogether_is_a_reason(world: "World", platform: Platform) -> None:
    delivered(platform)
    key = "events/account=ember/date=2026-10-07/events.jsonl"
    line = b'{"event_id":"1","account":"ember","user":"u","kind":"session_started","at":"2026-10-07T09:00:00Z"}\n'
    world.s3.put_object(Bucket=world.events, Key=key, Body=line)
    assert list(platform.sweep()) == [f"late data: 1 files, {len(line)} bytes, all of them new"]


def test_data_of_another_month_is_no_reason(world: "World", platform: Platform) -> None:
    delivered(platform)
    for day in ("2026-09-29", "2026-11-02"):
        world.s3.put_object(Bucket=world.events, Key=f"events/account=acme/date={day}/events.jsonl", Body=b"x" * 999)
    assert platform.sweep() == {}


def test_less_than_the_threshold_is_no_reason(world: "World", platform: Platform) -> None:
    world.put_events(*(str(number) for number in range(300)))
    delivered(platform)
    world.put_events(*(str(number) for number in range(301)))
    assert platform.sweep(share=0.01) == {}
    assert len(platform.sweep(share=0.001)) == 1


def test_a_reissue_whose_message_was_lost_is_asked_for_again(world: "World", platform: Platform) -> None:
    delivered(platform)
    world.put_events("z")

    def lose(_bodies: list[str]) -> None:
        raise ConnectionError("the queue is away")

    with pytest.raises(ConnectionError):
        sweep(ORDER, replace(platform.deps(), send=lose))
    assert platform.sweep() == {"missing": 1}
    platform.make()
    assert world.state_of(generation(platform, 2)) is State.DELIVERED


@EVERY_INTERRUPTION
def test_killed_at_any_call_and_swept_again_a_late_report_is_made_again_once(
    world: "World", platform: Platform, interruption: Interruption
) -> None:
    delivered(platform)
    world.put_events("late")
    calls = Calls()
    platform.sweep(calls=calls)
    platform.make()
    for number in range(calls.count):
        before = world.states.newest(platform.acme)
        world.put_events(f"later-{number}")
        with pytest.raises(Killed):
            platform.sweep(calls=interruption(number, Killed()), generations=1000)
        platform.sweep(generations=1000)
        platform.make()
        newest = world.states.newest(platform.acme)
        assert newest.generation == before.generation + 1
        assert (world.state_of(before), world.state_of(newest)) == (State.REISSUED, State.DELIVERED)


def test_a_delivered_report_whose_manifest_is_gone_is_asked_for_again(world: "World", platform: Platform) -> None:
    delivered(platform)
    (key,) = [key for key in world.report_keys() if "account=acme" in key and key.endswith("manifest.json")]
    world.s3.delete_object(Bucket=world.reports, Key=key)
    assert platform.sweep() == {"its manifest is gone": 1}
    platform.make()
    assert key in world.report_keys()
    assert world.state_of(platform.acme) is State.DELIVERED
    assert platform.sweep() == {}


def test_generations_have_an_end(world: "World", platform: Platform) -> None:
    delivered(platform)
    for number in range(4):
        world.put_events(*(f"{number}-{row}" for row in range(5 * (number + 1))))
        platform.sweep(generations=3)
        platform.make()
    assert world.state_of(generation(platform, 3)) is State.DELIVERED
    assert world.state_of(generation(platform, 4)) is None


def test_a_month_of_which_nothing_is_open_gets_its_table_of_peers(world: "World", platform: Platform) -> None:
    month, names = date(2026, 10, 1), [f"peer-{number}" for number in range(peers.FEWEST_ACCOUNTS)]
    for name in names:
        world.put_account(Account(name, name, "UTC", 10, "small"))
    owed = ledger.make_ledger("2026-10", ORDER.scheduled_at, [Entry(name, "UTC", segment="small") for name in names])
    world.s3.delete_object(Bucket=world.reports, Key=layout.ledger_key("2026-10"))
    ledger.write_once(world.s3, world.reports, owed)
    platform.sweep()
    assert peers.find(world.s3, world.reports, month, "small") is None
    platform.make()
    platform.sweep()
    found = peers.find(world.s3, world.reports, month, "small")
    assert found
    assert (found.accounts, found.quartiles["active_users"]) == (len(names), [0, 0, 0])


def test_a_failure_is_left_to_people(world: "World", platform: Platform) -> None:
    world.forget_account("ember")
    delivered(platform)
    assert world.state_of(platform.ember) is State.FAILED
    world.now += timedelta(days=1)
    assert platform.sweep() == {}


def test_a_month_that_was_never_opened_is_counted_and_opened(platform: Platform) -> None:
    outcome = sweep(replace(ORDER, month="2026-09"), platform.deps())
    assert (platform.opened, platform.sent) == (["counted", "2026-09"], [])
    assert outcome.to_payload() == {"month": "2026-09", "expected": 0, "states": {}, "asked": {}}


def test_a_month_that_is_open_is_never_opened_again(platform: Platform) -> None:
    platform.sweep()
    assert platform.opened == []
