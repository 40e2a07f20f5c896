"""The made-up population: the same everywhere, whole, and as untidy as it says."""

import json
from collections import Counter
from collections.abc import Iterator
from datetime import date
from typing import TYPE_CHECKING, Any

import pytest

from insight import layout, population
from insight.accounts import Account, find_account
from insight.events import UsageEvent, read_lines
from insight.members import read_members
from insight.periods import Period, zone

if TYPE_CHECKING:
    from tests.lib.insight.conftest import World

EVERY_ACCOUNT = pytest.mark.parametrize("account", population.ACCOUNTS, ids=lambda account: account.account)


def rows(account: Account) -> list[dict[str, Any]]:
    return [json.loads(line) for _, content in population.event_files(account) for line in content.splitlines()]


@EVERY_ACCOUNT
def test_the_files_are_the_same_each_time(account: Account) -> None:
    assert list(population.event_files(account)) == list(population.event_files(account))


@EVERY_ACCOUNT
def test_rows_come_twice_and_out_of_order_and_are_filed_by_utc_date(account: Account) -> None:
    for key, content in population.event_files(account):
        lines = [json.loads(line) for line in content.splitlines()]
        assert {line["at"][:10] for line in lines} == {str(layout.event_date(key))}
    everything = rows(account)
    ids = Counter(line["event_id"] for line in everything)
    assert set(ids.values()) == {1, 2}
    assert [line["at"] for line in everything] != sorted(line["at"] for line in everything)


@EVERY_ACCOUNT
def test_every_event_lies_in_the_three_months_of_the_account(account: Account) -> None:
    period = Period(date(2026, 8, 1), date(2026, 11, 1), account.time_zone)
    days = [period.day_of(event.at) for event in _events(account)]
    assert None not in days
    assert {day.month for day in days if day} == {8, 9, 10}


def _events(account: Account) -> Iterator[UsageEvent]:
    for key, content in population.event_files(account):
        yield from (event for event in read_lines(key, content.splitlines()) if event)


def test_the_zones_hold_a_skipped_midnight_and_clock_changes_both_ways() -> None:
    periods = [Period(population.START, population.END, account.time_zone) for account in population.ACCOUNTS]
    first_hours = {start.astimezone(zone(period.time_zone)).hour for period in periods for start in period.day_starts}
    assert first_hours == {0, 1}
    hours = {(period.ends_at - period.starts_at).total_seconds() / 3600 for period in periods}
    assert hours == {92 * 24 - 1, 92 * 24, 92 * 24 + 1}


def test_writing_it_twice_changes_nothing_and_mends_what_was_damaged(world: "World") -> None:
    def write() -> population.Seeded:
        said: list[str] = []
        seeded = population.write_population(world.s3, world.events, world.dynamodb, world.accounts, said.append)
        assert len(said) == seeded.accounts == 6
        return seeded

    first = write()
    assert first.written == first.files > 400
    assert first.events > 20_000
    second = write()
    assert (second.written, second.files, second.events) == (0, first.files, first.events)
    world.s3.put_object(Bucket=world.events, Key=layout.events_key("acme", date(2026, 10, 6)), Body=b"torn")
    assert write().written == 1
    _reports_can_be_made_of_it(world)


def _reports_can_be_made_of_it(world: "World") -> None:
    for account in population.ACCOUNTS:
        assert find_account(world.dynamodb, world.accounts, account.account) == account
        _, members = read_members(world.s3, world.events, account.account)
        assert len(members) == account.seats - 1
        assert sum(member.has_left for member in members) == 1
