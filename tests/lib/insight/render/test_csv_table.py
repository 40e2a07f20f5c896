"""The CSV: every number there, no cell that a spreadsheet would run."""

import csv
import io
from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from insight.numbers.report import Report
from insight.render import csv_table as render_csv
from insight.render.csv_table import safe_text

FULL_WIDTH = ("\uff1d", "\uff0b", "\uff0d", "\uff20")
STARTS = ("=", "+", "-", "@", *FULL_WIDTH)
FORMULAS = st.tuples(st.text(" \t\u00a0", max_size=2), st.sampled_from(STARTS), st.text(max_size=5)).map("".join)
TEXTS = st.text(st.characters(codec="utf-8"), max_size=30) | FORMULAS


def rows(content: bytes) -> list[list[str]]:
    return list(csv.reader(io.StringIO(content.decode(), newline="")))


def test_the_numbers_are_there_a_row_each(report_with: Callable[..., Report]) -> None:
    table = rows(render_csv.render(report_with()))
    assert table[0] == ["section", "name", "value"]
    assert {tuple(row) for row in table} >= {
        ("report", "first_day", "2026-10-01"),
        ("report", "last_day", "2026-10-03"),
        ("usage", "active_users", "7"),
        ("usage", "seat_utilisation", "0.175"),
        ("usage", "mean_score_uplift", "-1.25"),
        ("documents_by_kind.created", "job post", "3"),
        ("report", "complete", "no"),
        ("daily_active_users", "2026-10-02", "0"),
        ("rows_read", "Usage events", "12"),
        ("rows_counted", "Usage events", "9"),
        ("rows_not_counted", "Usage events: same event id as another row", "2"),
    }
    assert {len(row) for row in table} == {3}


@given(TEXTS)
def test_no_text_becomes_a_formula_and_none_is_lost(text: str) -> None:
    cell = safe_text(text)
    assert cell in (text, "'" + text)
    assert not cell.lstrip().startswith(STARTS)
    assert cell[:1] not in ("\t", "\r", "\n")


@pytest.mark.parametrize("text", ["=1+1", "+49", "-1", "@A1", "\t=1", "\r=1", " =1", "\uff1d1", "\n", "\u00a0=1"])
def test_what_a_spreadsheet_would_run_gets_an_apostrophe(text: str) -> None:
    assert safe_text(text) == "'" + text


@pytest.mark.parametrize("text", ["Acme", "a=b", "3-4", "", "'x"])
def test_any_other_text_stays_as_it_is(text: str) -> None:
    assert safe_text(text) == text


def test_every_text_of_a_report_goes_through_that(report_with: Callable[..., Report]) -> None:
    evil = '=HYPERLINK("http://x";"y")'
    table = rows(render_csv.render(report_with(name=evil, segment=evil, kind=evil, note=evil, users=0)))
    assert sum(cell == "'" + evil for row in table for cell in row) == 6
    assert not [cell for row in table for cell in row if cell.startswith("=")]


def test_equal_reports_are_equal_bytes(report_with: Callable[..., Report]) -> None:
    assert render_csv.render(report_with()) == render_csv.render(report_with())
