"""Keys: written in one place and read back to what they were written from."""

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from insight import layout
from insight.requests import ReportRequest

ACCOUNTS = st.from_regex(r"\A[A-Za-z0-9][A-Za-z0-9_-]{0,20}\Z")


@given(ACCOUNTS, st.dates(date(1970, 1, 2), date(9998, 1, 1)))
def test_a_report_key_says_what_it_was_made_from(account: str, start: date) -> None:
    request = ReportRequest(account, start, date(9998, 12, 31), "UTC")
    key = layout.parse_report_key(layout.report_prefix(request) + layout.MANIFEST)
    assert key == layout.ReportKey(
        layout.report_prefix(request), account, start, date(9998, 12, 31), request.report_id, "manifest.json"
    )


@given(ACCOUNTS, st.dates())
def test_an_event_key_says_its_date(account: str, day: date) -> None:
    key = layout.events_key(account, day)
    assert key.startswith((layout.events_prefix(account), layout.events_day(account, day)))
    assert layout.event_date(key) == day


def test_keys_are_as_documented() -> None:
    request = ReportRequest("acme", date(2026, 10, 1), date(2026, 11, 1), "Europe/Berlin")
    prefix = "reports/account=acme/2026-10-01_2026-11-01/r_9336d006f0c19039ac635533/"
    assert layout.report_prefix(request) == prefix
    assert layout.output_key(prefix, "f00", "usage.csv") == f"{prefix}f00/usage.csv"
    assert layout.events_key("acme", date(2026, 10, 1)) == "events/account=acme/date=2026-10-01/events.jsonl"


@pytest.mark.parametrize(
    "key",
    [
        "reports/account=acme/2026-10-01_2026-11-01/r_9336d006f0c19039ac635533/f00/usage.csv",
        "reports/account=acme/2026-13-01_2026-11-01/r_9336d006f0c19039ac635533/manifest.json",
        "reports/account=acme/2026-10-01_2026-11-01/r_short/manifest.json",
        "reports/index.html",
        "",
    ],
)
def test_other_keys_are_no_reports(key: str) -> None:
    assert layout.parse_report_key(key) is None


@pytest.mark.parametrize("key", ["events/account=acme/date=2026-02-30/events.jsonl", "events/x", "events/a/b/c"])
def test_other_keys_are_no_event_files(key: str) -> None:
    assert layout.event_date(key) is None


def test_the_fingerprint_tells_where_one_content_ends_and_the_next_begins() -> None:
    assert layout.fingerprint([b"ab", b"c"]) != layout.fingerprint([b"a", b"bc"])
    assert layout.fingerprint([b"ab", b"c"]) == layout.fingerprint([b"ab", b"c"])
