"""The ledger in the bucket: the first one stays, and a change is made only to what was read."""

from dataclasses import replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from insight.months.ledger import Entry, Ledger, make_ledger, read, replace_ledger, write_once

if TYPE_CHECKING:
    from tests.lib.insight.conftest import World

DAY_2 = datetime(2026, 11, 2, 6, tzinfo=UTC)


def ledger_of(*accounts: str) -> Ledger:
    return make_ledger("2026-10", DAY_2, [Entry(account, "Europe/Berlin") for account in accounts])


def test_the_first_ledger_of_a_month_stays(world: "World") -> None:
    first = write_once(world.s3, world.reports, ledger_of("acme", "nile"))
    assert first.ledger == ledger_of("acme", "nile")
    assert write_once(world.s3, world.reports, ledger_of("acme")) == first
    assert read(world.s3, world.reports, "2026-10") == first


def test_a_ledger_that_somebody_else_replaced_is_not_replaced(world: "World") -> None:
    kept = write_once(world.s3, world.reports, ledger_of("acme"))
    theirs, ours = ledger_of("acme", "nile"), replace(kept.ledger, scheduled_at="later")
    assert replace_ledger(world.s3, world.reports, kept, theirs)
    assert not replace_ledger(world.s3, world.reports, kept, ours)
    found = read(world.s3, world.reports, "2026-10")
    assert found is not None
    assert found.ledger == theirs
