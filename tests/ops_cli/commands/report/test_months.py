"""`opsctl report month` and `plan` on a small stack."""

import datetime as dt
import io
import json
from collections.abc import Callable
from typing import Any

import pytest

from insight.months import ledger
from insight.months.ledger import Entry
from insight.months.survey import MonthOrder
from insight.orders.state_table import States
from tests.ops_cli.commands.conftest import Opsctl

NOON = dt.datetime(2026, 11, 2, 12, tzinfo=dt.UTC)
ENTRIES = [
    Entry("acme", "Europe/Berlin"),
    Entry("borealis", "UTC"),
    Entry("dunedin", "UTC"),
    Entry("ember", problem="Bad zone."),
]


@pytest.fixture
def month(aws: Callable[[str], Any]) -> States:
    """October: acme delivered, borealis failed, dunedin missing, ember without a usable record."""
    owed = ledger.make_ledger("2026-10", NOON, ENTRIES)
    ledger.write_once(aws("s3"), "opsctl-test-reports", owed)
    states = States(aws("dynamodb"), "opsctl-test-report-states", lambda: NOON)
    acme, borealis = (owed.request(entry) for entry in owed.entries[:2])
    states.ask(acme)
    states.deliver(acme, 2.0)
    states.claim(borealis, "worker", NOON)
    states.fail(borealis, "worker", "unknown_account", "There is no account 'borealis'.")
    return states


@pytest.mark.usefixtures("month")
def test_a_month_shows_delivered_pending_and_failed_with_the_reason(opsctl: Opsctl) -> None:
    answer = opsctl("report", "month", "2026-10", "--output", "json")
    assert [(row["account"], row["state"], row["reason"]) for row in answer.data] == [
        ("acme", "DELIVERED", ""),
        ("borealis", "FAILED", "There is no account 'borealis'."),
        ("dunedin", "MISSING", ""),
        ("ember", "FAILED", "Bad zone."),
    ]
    assert "1 of 4 delivered, 2 failed, 1 missing." in answer.err


@pytest.mark.usefixtures("month")
def test_only_what_is_open_and_only_one_account(opsctl: Opsctl) -> None:
    rows = opsctl("report", "month", "2026-10", "--open", "--output", "json").data
    assert [row["account"] for row in rows] == ["borealis", "dunedin", "ember"]
    rows = opsctl("report", "month", "2026-10", "--account", "dunedin", "--output", "json").data
    assert [row["account"] for row in rows] == ["dunedin"]
    answer = opsctl("report", "month", "2026-10", "--account", "acne")
    assert (answer.code, "Did you mean acme" in answer.err) == (4, True)


@pytest.mark.parametrize(("month", "code"), [("2026-09", 4), ("2026-13", 2), ("october", 2)])
def test_a_month_that_was_never_opened_or_is_none(opsctl: Opsctl, month: str, code: int) -> None:
    answer = opsctl("report", "month", month)
    assert answer.code == code
    assert code != 4 or f"opsctl report month {month} --request" in answer.err


class Functions:
    """Stands in for Lambda."""

    def __init__(self) -> None:
        self.payloads: list[Any] = []

    def invoke(self, **request: Any) -> dict[str, Any]:
        self.payloads.append(json.loads(request["Payload"]))
        return {"Payload": io.BytesIO(json.dumps({"asked": {"failed": 1, "missing": 1}}).encode())}

    def list_event_source_mappings(self, **_: Any) -> dict[str, Any]:
        scaling = {"MaximumConcurrency": 5}
        return {"EventSourceMappings": [{"BatchSize": 1, "ScalingConfig": scaling}]}

    def get_function_concurrency(self, **_: Any) -> dict[str, Any]:
        return {"ReservedConcurrentExecutions": 5}


@pytest.mark.usefixtures("month")
def test_request_asks_for_what_is_missing_and_for_what_has_failed(opsctl: Opsctl) -> None:
    functions = Functions()
    answer = opsctl("report", "month", "2026-10", "--request", "--account", "dunedin", lambda_client=functions)
    assert answer.code == 0
    assert "Asked for: 1 failed, 1 missing." in answer.err
    order = MonthOrder.from_payload(functions.payloads[0])
    assert (order.month, order.again, order.accounts) == ("2026-10", True, ("dunedin",))


def test_a_month_that_is_not_over_is_not_asked_for(opsctl: Opsctl) -> None:
    functions = Functions()
    answer = opsctl("report", "month", "9990-01", "--request", lambda_client=functions)
    assert answer.code == 1
    assert "is over everywhere only at" in answer.err
    assert functions.payloads == []


@pytest.mark.usefixtures("month")
def test_a_plan_uses_what_was_measured_and_what_is_deployed(opsctl: Opsctl, aws: Callable[[str], Any]) -> None:
    url = aws("sqs").get_queue_url(QueueName="opsctl-test-report-requests")["QueueUrl"]
    aws("sqs").set_queue_attributes(QueueUrl=url, Attributes={"VisibilityTimeout": "360"})
    plan = opsctl(
        "report", "plan", "--month", "2026-11", "--accounts", "100", "--output", "json", lambda_client=Functions()
    ).data
    assert (plan["reports"], plan["measured_reports"], plan["seconds_per_report"]) == (100, 1, 2.0)
    assert (plan["peak_concurrency"], plan["run_seconds"], plan["dead_letter_chance"]) == (5, 40.0, 0.0)


def test_a_plan_without_any_measure_asks_for_one(opsctl: Opsctl) -> None:
    answer = opsctl("report", "plan", "--month", "2026-11", "--accounts", "9", lambda_client=Functions())
    assert (answer.code, "--seconds" in answer.err) == (2, True)


def test_waiting_ends_when_all_is_delivered_or_has_failed(opsctl: Opsctl, month: States) -> None:
    answer = opsctl("report", "month", "2026-10", "--account", "acme", "--wait")
    assert answer.code == 0
    answer = opsctl("report", "month", "2026-10", "--account", "acme", "--account", "borealis", "--wait")
    assert (answer.code, "1 failed." in answer.err) == (3, True)
    answer = opsctl("report", "month", "2026-10", "--account", "dunedin", "--wait", "--timeout", "0")
    assert (answer.code, "0 of 1 delivered, 1 missing." in answer.err) == (6, True)
    assert "--open` shows what is left" in answer.err
