"""The numbers, against a computation that keeps everything and counts in the plainest way."""

import tempfile
from collections.abc import Sequence
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from insight import duck
from insight.numbers import analysis
from insight.numbers.facts.local import compute_facts
from insight.numbers.facts.sql import LATE_AFTER, Selection
from insight.numbers.metrics import FIGURES, TABLES
from insight.periods import Period
from insight.sources import event_tables
from insight.sources.events import UsageEvent
from insight.sources.members import Member
from tests.lib.insight import plain
from tests.lib.insight.event_data import json_line, jsonl, parquet, usage

if TYPE_CHECKING:
    from insight.numbers.analysis import RowCounts

MEMBERS = (Member("ann", "Ann", "sales"), Member("eve", "Eve", "sales"), Member("bob"), Member("fay", has_left=True))


def compute(
    period: Period, lines: Sequence[UsageEvent], rows: Sequence[UsageEvent], seats: int
) -> tuple["RowCounts", dict[str, Any], dict[str, Any]]:
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name).resolve()
        with duck.connect(folder) as connection:
            files = [jsonl(folder, "a", b"".join(json_line(event) for event in lines)), parquet(folder, "b", rows)]
            loaded = event_tables.load(connection, files)
            compute_facts(connection, Selection("acme", period))
            analysis.describe_account(connection, period, seats, MEMBERS)
            figures = analysis.figures(connection)
            return analysis.row_counts(connection, loaded.torn), figures, analysis.tables(connection)


@settings(max_examples=60, deadline=None)
@given(usage(), st.integers(0, 5), st.integers(0, 40))
def test_the_numbers_are_those_of_a_plain_computation(
    drawn: tuple[Period, list[UsageEvent]], seats: int, cut: int
) -> None:
    period, events = drawn
    kept, dropped = plain.screen(events, "acme", period)
    counts, figures, tables = compute(period, events[:cut], events[cut:], seats)
    assert (counts.read, counts.counted, counts.dropped) == (len(events), len(kept), dropped)
    assert figures == pytest.approx(plain.figures(kept, period, seats))
    for key, rows in plain.tables(kept, period, MEMBERS).items():
        assert [pytest.approx(row) for row in rows] == list(tables[key]), key
    passed = [event for event in events if plain.reason(event, "acme", period) is None]
    assert counts.newest == max((event.at.replace(tzinfo=None) for event in passed), default=None)
    assert counts.late == sum(map(plain.late, passed))


@settings(max_examples=15, deadline=None)
@given(usage(), st.randoms(use_true_random=False))
def test_neither_order_nor_format_nor_file_changes_a_number(drawn: tuple[Period, list[UsageEvent]], order: Any) -> None:
    period, events = drawn
    shuffled = list(events)
    order.shuffle(shuffled)
    assert compute(period, events, [], 3) == compute(period, [], shuffled, 3)


def test_nothing_happened_is_zeros_and_no_number_out_of_nothing() -> None:
    period = Period(date(2026, 9, 5), date(2026, 9, 7), "America/Santiago")
    counts, figures, tables = compute(period, [], [], seats=0)
    assert (counts.read, counts.counted, counts.dropped, counts.newest) == (0, 0, {}, None)
    assert {key for key, value in figures.items() if value is None} == {
        "seat_utilisation",
        "seat_days_used",
        "mean_score_uplift",
        "documents_improved",
        "phrase_acceptance",
        "concentration",
    }
    assert tables["daily_active_users"] == ((date(2026, 9, 5), 0), (date(2026, 9, 6), 0))


def test_late_rows_and_rows_without_a_user_are_counted_and_told() -> None:
    period = Period(date(2026, 10, 1), date(2026, 11, 1), "UTC")
    at = period.starts_at
    events = [
        UsageEvent("late", "acme", "ann", "session_started", at, received_at=at + 2 * LATE_AFTER),
        UsageEvent("in time", "acme", "ann", "session_started", at, received_at=at + LATE_AFTER),
        UsageEvent("nobody's", "acme", None, "session_started", at),
    ]
    counts, figures, _ = compute(period, events, [], seats=2)
    assert (counts.counted, counts.late, counts.without_user) == (3, 1, 1)
    assert counts.watermark == (at + 2 * LATE_AFTER).replace(tzinfo=None)
    assert (figures["sessions"], figures["active_users"]) == (3, 1)


def test_users_who_are_not_on_record_stand_beside_the_teams() -> None:
    period = Period(date(2026, 10, 1), date(2026, 10, 2), "UTC")
    events = [UsageEvent(f"e{user}", "acme", user, "session_started", period.starts_at) for user in ("ann", "zoe")]
    _, _, tables = compute(period, events, [], seats=2)
    assert tables["adoption_by_team"] == (
        ("(no team)", 1, 0, 0.0, "not adopted"),
        ("(not on record)", 0, 1, None, ""),
        ("sales", 2, 1, 0.5, "partial"),
    )
    assert [row[:3] for row in tables["top_users"]] == [("ann", "Ann", "sales"), ("zoe", "", "")]


@pytest.mark.parametrize("metric", [*FIGURES.values(), *TABLES.values()], ids=lambda metric: metric.key)
def test_every_metric_says_what_is_counted(metric: Any) -> None:
    assert len(metric.definition) > 15
    assert metric.definition.endswith(".")
