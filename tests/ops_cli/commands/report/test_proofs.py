"""`opsctl report explain`, `diff`, `verify` and `show --chart` on delivered reports."""

import csv
import datetime as dt
import io
import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from insight import layout
from insight.delivery import deliver as delivery
from insight.delivery.deliver import Places
from insight.numbers.metrics import FIGURES, TABLES
from insight.orders.request import ReportRequest
from insight.orders.state_table import States
from insight.sources.accounts import Account
from tests.ops_cli.commands.conftest import Opsctl

REQUEST = ReportRequest("acme", dt.date(2026, 10, 1), dt.date(2026, 11, 1), "Europe/Berlin", ("csv",))
SECOND = replace(REQUEST, generation=2)
EVENTS, REPORTS = "opsctl-test-usage-events", "opsctl-test-reports"


@pytest.fixture
def deliver(aws: Callable[[str], Any]) -> Callable[..., None]:
    """Deliver the report of acme's sessions by these users."""
    s3, dynamodb = aws("s3"), aws("dynamodb")
    s3.put_bucket_versioning(Bucket=EVENTS, VersioningConfiguration={"Status": "Enabled"})
    account = Account("acme", "Acme", "Europe/Berlin", 4, "enterprise")
    dynamodb.put_item(TableName="opsctl-test-accounts", Item=account.to_item())
    states = States(dynamodb, "opsctl-test-report-states", lambda: dt.datetime(2026, 11, 2, tzinfo=dt.UTC))

    def run(request: ReportRequest, *users: str) -> None:
        common = {"account": "acme", "kind": "session_started", "at": "2026-10-05T09:00:00Z"}
        rows = [json.dumps({"event_id": f"e-{user}", "user": user, **common}) + "\n" for user in users]
        key = layout.events_key("acme", dt.date(2026, 10, 5))
        s3.put_object(Bucket=EVENTS, Key=key, Body="".join(rows).encode())
        states.ask(request)
        assert delivery.deliver(request, Places(s3, dynamodb, REPORTS, EVENTS, "opsctl-test-accounts"))
        states.deliver(request, 1)

    return run


def test_a_number_is_explained_down_to_its_rows(opsctl: Opsctl, deliver: Callable[..., None]) -> None:
    deliver(REQUEST, "ann", "bob")
    answer = opsctl("report", "explain", REQUEST.report_id, "sessions", "--output", "json")
    assert answer.code == 0, answer.err
    assert answer.data["metric"] == [{"metric": "sessions", "label": "Sessions", "value": 2}]
    assert [row["user"] for row in answer.data["rows"]] == ["ann", "bob"]
    assert "2 of 2 rows" in answer.err
    table = opsctl("report", "explain", REQUEST.report_id, "sessions")
    assert "`session_started` events." in table.out
    assert "SELECT coalesce(sum(sessions), 0) FROM user_days" in table.out


def test_an_unknown_metric_names_the_nearest(opsctl: Opsctl, deliver: Callable[..., None]) -> None:
    deliver(REQUEST, "ann")
    answer = opsctl("report", "explain", REQUEST.report_id, "session")
    assert answer.code == 4
    assert "Did you mean sessions" in answer.err


@pytest.mark.parametrize("typed", ["nope", ""])
def test_a_metric_that_looks_like_none_is_answered_with_all(
    opsctl: Opsctl, deliver: Callable[..., None], typed: str
) -> None:
    deliver(REQUEST, "ann")
    answer = opsctl("report", "explain", REQUEST.report_id, typed)
    assert answer.code == 4
    assert all(metric in answer.err for metric in (*FIGURES, *TABLES))


def test_what_moved_between_two_reports_is_shown_with_its_rows(opsctl: Opsctl, deliver: Callable[..., None]) -> None:
    deliver(REQUEST, "ann")
    deliver(SECOND, "ann", "bob")
    answer = opsctl("report", "diff", REQUEST.report_id, SECOND.report_id, "--output", "json")
    assert answer.code == 0, answer.err
    moved = {row["metric"]: (row["before"], row["after"], row["rows_added"]) for row in answer.data["figures"]}
    assert moved["active_users"] == (1, 2, 1)
    assert [row["is"] for row in answer.data["files"]] == ["changed"]
    assert "1 row came, 0 went" in answer.err


def test_a_report_that_holds_and_one_that_does_not(
    opsctl: Opsctl, deliver: Callable[..., None], aws: Callable[[str], Any]
) -> None:
    deliver(REQUEST, "ann")
    answer = opsctl("report", "verify", REQUEST.report_id)
    assert answer.code == 0, answer.err
    assert "all hold" in answer.err
    s3 = aws("s3")
    key = next(
        entry["Key"] for entry in s3.list_objects_v2(Bucket=REPORTS)["Contents"] if entry["Key"].endswith("usage.csv")
    )
    s3.put_object(Bucket=REPORTS, Key=key, Body=b"forged")
    answer = opsctl("report", "verify", REQUEST.report_id)
    assert answer.code == 3
    assert "1 of" in answer.err


def test_the_trend_is_drawn_in_the_terminal(opsctl: Opsctl, deliver: Callable[..., None]) -> None:
    deliver(REQUEST, "ann", "bob")
    answer = opsctl("report", "show", REQUEST.report_id, "--chart")
    assert answer.code == 0, answer.err
    lines = answer.out.splitlines()
    assert len(lines) == 13
    assert lines[0] == "2025-10  (no data)"
    assert lines[-1] == f"2026-10  {'█' * 50} 2"
    rows = opsctl("report", "show", REQUEST.report_id, "--chart", "--output", "ndjson").out.splitlines()
    assert json.loads(rows[-1]) == {"month": "2026-10", "active_users": 2}


def test_the_trend_for_a_program_is_one_document(opsctl: Opsctl, deliver: Callable[..., None]) -> None:
    deliver(REQUEST, "ann", "bob")
    chart = ("report", "show", REQUEST.report_id, "--chart")
    rows = opsctl(*chart, "--output", "json").data
    assert (len(rows), rows[0]["active_users"], rows[-1]["active_users"]) == (13, None, 2)
    table = list(csv.DictReader(io.StringIO(opsctl(*chart, "--output", "csv").out)))
    assert (len(table), table[-1]) == (13, {"month": "2026-10", "active_users": "2"})
    assert opsctl(*chart, "--output", "json", "--query", "[-1].active_users").data == 2


def test_a_chart_and_a_download_are_not_mixed(opsctl: Opsctl, deliver: Callable[..., None], tmp_path: Path) -> None:
    deliver(REQUEST, "ann")
    answer = opsctl("report", "show", REQUEST.report_id, "--chart", "--download", str(tmp_path))
    assert (answer.code, answer.out, list(tmp_path.glob("acme*"))) == (2, "", [])


def test_a_report_that_is_not_delivered_cannot_be_asked(opsctl: Opsctl, deliver: Callable[..., None]) -> None:
    deliver(REQUEST, "ann")
    assert opsctl("report", "verify", SECOND.report_id).code == 4
