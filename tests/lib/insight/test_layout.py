"""Keys: written in one place and read back to what they were written from."""

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from insight import layout
from insight.delivery import store
from insight.orders.request import ReportRequest

ACCOUNTS = st.from_regex(r"\A[A-Za-z0-9][A-Za-z0-9_-]{0,20}\Z")


@given(ACCOUNTS, st.dates())
def test_an_event_key_says_its_date(account: str, day: date) -> None:
    key = layout.events_key(account, day)
    assert key.startswith((layout.events_prefix(account), layout.events_day(account, day)))
    assert layout.event_date(key) == day


def test_keys_are_as_documented() -> None:
    request = ReportRequest("acme", date(2026, 10, 1), date(2026, 11, 1), "Europe/Berlin")
    prefix = "reports/account=acme/2026-10-01_2026-11-01/r_9336d006f0c19039ac635533/"
    assert store.prefix_of(request) == prefix
    assert layout.output_key(prefix, "f00", "usage.csv") == f"{prefix}f00/usage.csv"
    assert layout.ledger_key("2026-10") == "months/2026-10/ledger.json"
    assert layout.events_key("acme", date(2026, 10, 1)) == "events/account=acme/date=2026-10-01/events.jsonl"


@pytest.mark.parametrize("key", ["events/account=acme/date=2026-02-30/events.jsonl", "events/x", "events/a/b/c"])
def test_other_keys_are_no_event_files(key: str) -> None:
    assert layout.event_date(key) is None


def test_the_fingerprint_tells_where_one_content_ends_and_the_next_begins() -> None:
    assert layout.fingerprint([b"ab", b"c"]) != layout.fingerprint([b"a", b"bc"])
    assert layout.fingerprint([b"ab", b"c"]) == layout.fingerprint([b"ab", b"c"])
