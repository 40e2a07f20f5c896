"""The made-up population: the same everywhere, whole, and as untidy as it says."""

import json
from collections import Counter
from collections.abc import Iterator
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from insight import duck, layout
from insight.delivery import deliver
from insight.delivery.deliver import Places
from insight.numbers import analysis
from insight.numbers.facts.local import compute_facts
from insight.numbers.facts.sql import Selection
from insight.orders.request import ReportRequest
from insight.periods import Period, zone
from insight.sources import event_tables
from insight.sources.accounts import Account, find_account
from insight.sources.event_files import EventFile, LocalFile
from insight.sources.events import Dropped, UsageEvent, read_lines
from insight.sources.made_up import population
from insight.sources.made_up.population_usage import END, FIRST, AdoptionCurve
from insight.sources.members import read_members

if TYPE_CHECKING:
    from tests.lib.insight.conftest import World

EVERY_ACCOUNT = pytest.mark.parametrize("account", population.accounts(9), ids=lambda account: account.account)
ACME = population.ACCOUNTS[0]


def rows(account: Account) -> list[dict[str, Any]]:
    return [json.loads(line) for _, content, _ in population.event_files(account) for line in content.splitlines()]


def compacted(account: Account, folder: Path) -> list[tuple[str, bytes, int]]:
    with duck.connect(folder) as connection:
        return list(population.compacted_files(account, connection, folder))


@EVERY_ACCOUNT
def test_the_files_are_the_same_each_time(account: Account, tmp_path: Path) -> None:
    assert list(population.event_files(account)) == list(population.event_files(account))
    assert compacted(account, tmp_path) == compacted(account, tmp_path)


@EVERY_ACCOUNT
def test_lines_are_filed_by_utc_date_and_every_event_lies_in_the_months_of_the_account(account: Account) -> None:
    period = Period(FIRST, END, account.time_zone)
    for key, content, count in population.event_files(account):
        lines = [json.loads(line) for line in content.splitlines()]
        assert {line["at"][:10] for line in lines} == {str(layout.event_date(key))}
        assert len(lines) == count
    assert None not in [period.day_of(event.at) for event in _events(account)]


def test_rows_come_twice_late_and_out_of_order_and_some_name_no_user_or_a_newer_kind() -> None:
    lines = rows(ACME)
    assert set(Counter(line["event_id"] for line in lines).values()) == {1, 2}
    assert [line["at"] for line in lines] != sorted(line["at"] for line in lines)
    assert 0 < sum("user" not in line for line in lines) < len(lines) / 50
    assert 0 < sum(line["kind"] == "tour_ended" for line in lines) < len(lines) / 50
    documents = {line["document"] for line in lines if line["kind"] == "document_created"}
    assert {line["document"] for line in lines if line["kind"] == "document_scored"} - documents


def _events(account: Account) -> Iterator[UsageEvent]:
    for key, content, _ in population.event_files(account):
        yield from (event for event in read_lines(key, content.splitlines()) if event)


def test_the_compacted_months_go_before_the_lines_and_hold_what_a_report_needs(tmp_path: Path) -> None:
    files = compacted(ACME, tmp_path)
    months = [month for month in (layout.compacted_month(key) for key, _, _ in files) if month]
    assert (min(months), max(months), len(months)) == (date(2025, 10, 1), date(2026, 7, 1), 10)
    path = tmp_path / "month.parquet"
    key, content, count = files[3]
    path.write_bytes(content)
    with duck.connect(tmp_path) as connection:
        event_tables.load(connection, [LocalFile(path, EventFile(key, months[3], "", len(content)), "", 0)])
        compute_facts(connection, Selection("acme", Period(date(2026, 1, 1), date(2026, 2, 1), ACME.time_zone)))
        counts = analysis.row_counts(connection, 0)
    assert counts.read == count
    assert set(counts.dropped) >= {Dropped.DUPLICATE, Dropped.UNKNOWN_KIND}
    assert counts.late


def test_accounts_grow_decline_begin_and_leave() -> None:
    curves = [population.curve_of(account) for account in population.accounts(200)]
    assert set(curves) == set(AdoptionCurve)
    assert [AdoptionCurve.CHURNED.share(day) > 0 for day in (FIRST, END)] == [True, False]
    assert [AdoptionCurve.NEW.share(day) > 0 for day in (FIRST, END)] == [False, True]


def test_hundreds_of_accounts_begin_with_the_six_that_have_names() -> None:
    many = population.accounts(300)
    assert many[:6] == population.ACCOUNTS
    assert len({account.account for account in many}) == 300
    assert len({account.time_zone for account in many}) == 9
    assert {account.segment for account in many} == {"enterprise", "mid-market", "small"}


def test_the_zones_hold_a_skipped_midnight_and_clock_changes_both_ways() -> None:
    periods = [Period(population.START, date(2026, 11, 1), account.time_zone) for account in population.ACCOUNTS]
    first_hours = {start.astimezone(zone(period.time_zone)).hour for period in periods for start in period.day_starts}
    assert first_hours == {0, 1}
    hours = {(period.ends_at - period.starts_at).total_seconds() / 3600 for period in periods}
    assert hours == {92 * 24 - 1, 92 * 24, 92 * 24 + 1}


def test_writing_it_twice_changes_nothing_and_mends_what_was_damaged(world: "World") -> None:
    chosen = population.accounts(8)[1:4:2]

    def write() -> population.Seeded:
        said: list[str] = []
        seeded = population.write_population(
            world.s3, world.events, world.dynamodb, world.accounts, said.append, chosen
        )
        assert len(said) == seeded.accounts == 2
        return seeded

    first = write()
    assert first.written == first.files > 150
    assert first.events > 20_000
    second = write()
    assert (second.written, second.files, second.events) == (0, first.files, first.events)
    world.s3.put_object(Bucket=world.events, Key=layout.events_key("borealis", date(2026, 10, 6)), Body=b"torn")
    assert write().written == 1
    _reports_can_be_made_of_it(world, chosen)


def _reports_can_be_made_of_it(world: "World", chosen: tuple[Account, ...]) -> None:
    for account in chosen:
        assert find_account(world.dynamodb, world.accounts, account.account) == account
        _, members = read_members(world.s3, world.events, account.account)
        assert len(members) == account.seats - 1
        assert sum(member.has_left for member in members) == 1
        request = ReportRequest(account.account, date(2026, 10, 1), date(2026, 11, 1), account.time_zone)
        made = deliver.make(request, Places(world.s3, world.dynamodb, world.reports, world.events, world.accounts))
        assert all(month.figures and month.figures["active_users"] for month in made.months)
