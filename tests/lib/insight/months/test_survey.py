"""Which month a scheduled time means, and how far late data has moved a report's inputs."""

from datetime import UTC, datetime, timedelta, timezone
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from insight.manifest import InputFile
from insight.months.late import FileNow, drift
from insight.months.ledger import BadLedger, Entry, Ledger, make_ledger
from insight.months.survey import MonthOrder, NotOver, check_over, month_before
from insight.payloads import BadRequest
from insight.periods import Period, parse_month

DAY_2 = datetime(2026, 11, 2, 6, tzinfo=UTC)


@pytest.mark.parametrize(
    ("scheduled", "month"),
    [
        (DAY_2, "2026-10"),
        (datetime(2027, 1, 2, 6, tzinfo=UTC), "2026-12"),
        (datetime(2026, 3, 31, 23, 59, tzinfo=UTC), "2026-02"),
        (datetime(2026, 11, 1, 1, tzinfo=timezone(timedelta(hours=2))), "2026-09"),
    ],
)
def test_the_period_comes_from_the_scheduled_time_in_utc(scheduled: datetime, month: str) -> None:
    assert month_before(scheduled) == month


@given(st.integers(1990, 2040), st.integers(1, 12), st.integers(0, 40))
def test_a_run_that_starts_late_means_the_month_it_was_scheduled_for(year: int, month: int, days_late: int) -> None:
    """Retried for days, even over the next month's end: the event still says when it was scheduled."""
    scheduled = datetime(year, month, 2, 6, tzinfo=UTC)
    order = MonthOrder.from_payload({"scheduled_at": scheduled.isoformat()})
    assert parse_month(order.month)[1].strftime("%Y-%m") == f"{scheduled:%Y-%m}"


@pytest.mark.parametrize(
    "zone", ["America/Los_Angeles", "Europe/Berlin", "Pacific/Apia", "Etc/GMT+12", "Pacific/Kiritimati"]
)
@pytest.mark.parametrize("month", ["2026-03", "2026-10", "2026-11", "2027-02", "2028-02"])
def test_on_day_2_at_six_a_month_is_over_in_every_zone_clock_change_or_not(zone: str, month: str) -> None:
    start, end = parse_month(month)
    scheduled = datetime(end.year, end.month, 2, 6, tzinfo=UTC)
    check_over(month, scheduled)
    assert Period(start, end, zone).ends_at <= scheduled
    assert scheduled.astimezone(ZoneInfo(zone)).month == end.month


def test_a_month_that_goes_on_somewhere_is_refused() -> None:
    check_over("2026-10", datetime(2026, 11, 1, 12, tzinfo=UTC))
    with pytest.raises(NotOver, match="2026-11-01 12:00 UTC"):
        check_over("2026-10", datetime(2026, 11, 1, 11, 59, tzinfo=UTC))
    with pytest.raises(NotOver):
        MonthOrder(DAY_2, "2026-11")


def test_an_order_survives_the_wire() -> None:
    order = MonthOrder(DAY_2, "2026-09", ("acme",), again=True, requested_by="ada", reason="audit")
    assert MonthOrder.from_payload(order.to_payload()) == order


@pytest.mark.parametrize(
    "change",
    [{"scheduled_at": "now"}, {"scheduled_at": "2026-11-02T06:00:00"}, {"colour": "red"}, {"accounts": "acme"}],
)
def test_an_order_is_read_strictly(change: dict[str, object]) -> None:
    with pytest.raises(BadRequest):
        MonthOrder.from_payload({"scheduled_at": DAY_2.isoformat(), **change})


def test_a_ledger_survives_its_file_and_knows_its_requests() -> None:
    ledger = make_ledger("2026-10", DAY_2, [Entry("b", "UTC"), Entry("a", problem="bad")])
    assert [entry.account for entry in ledger.entries] == ["a", "b"]
    assert Ledger.from_json(ledger.to_json()) == ledger
    assert ledger.request(ledger.entries[1]).report_id == ledger.entries[1].report_id


@pytest.mark.parametrize("text", [b"", b"{}", b"[]", b'{"schema_version":2}', b'{"schema_version":1}', b"\xff"])
def test_a_ledger_that_cannot_be_read_is_told(text: bytes) -> None:
    with pytest.raises(BadLedger):
        Ledger.from_json(text)


FILES = st.dictionaries(st.sampled_from("abcdef"), st.tuples(st.sampled_from("xyz"), st.integers(0, 1000)), max_size=6)


def inputs(files: dict[str, tuple[str, int]]) -> list[InputFile]:
    return [InputFile(key, etag, "", size, 1) for key, (etag, size) in files.items()]


def now(files: dict[str, tuple[str, int]]) -> dict[str, FileNow]:
    return {key: FileNow(etag, size) for key, (etag, size) in files.items()}


@given(FILES)
def test_files_that_stayed_have_not_moved(files: dict[str, tuple[str, int]]) -> None:
    assert drift(inputs(files), now(files)).share == 0


@given(FILES, FILES)
def test_whatever_changed_has_moved_unless_it_was_and_is_empty(
    before: dict[str, tuple[str, int]], after: dict[str, tuple[str, int]]
) -> None:
    found = drift(inputs(before), now(after))
    changed = {key for key in before.keys() | after.keys() if before.get(key) != after.get(key)}
    assert found.files == len(changed)
    assert (found.share > 0) == any(before.get(key, ("", 0))[1] or after.get(key, ("", 0))[1] for key in changed)


def test_compacting_a_months_files_is_no_change_and_what_comes_on_top_of_it_is() -> None:
    def line(day: int) -> str:
        return f"events/account=acme/date=2026-10-{day:02}/events.jsonl"

    compacted = "compacted/account=acme/month=2026-10/events.parquet"
    before = {line(1): ("x", 100), line(2): ("x", 100)}
    assert drift(inputs(before), now({compacted: ("p", 70)})).share == 0
    assert drift(inputs(before), now({**before, compacted: ("p", 70)})).share == 0
    assert drift(inputs(before), now({compacted: ("p", 70), line(3): ("y", 20)})).bytes == 20
    assert drift(inputs({compacted: ("p", 70)}), now({compacted: ("q", 80)})).bytes == 10
    assert drift(inputs({}), now({compacted: ("p", 70)})).bytes == 70


def test_what_grew_counts_its_growth_and_what_was_rewritten_counts_whole() -> None:
    before = {"grew": ("x", 100), "rewritten": ("x", 50), "gone": ("x", 50)}
    after = {"grew": ("y", 110), "rewritten": ("y", 50), "new": ("x", 5)}
    found = drift(inputs(before), now(after))
    assert (found.files, found.bytes, found.share) == (4, 10 + 50 + 50 + 5, 115 / 200)
