import io
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from insight.requests import ReportOrder
from tests.ops_cli.commands.conftest import Opsctl

ORDER = ("report", "start", "--account", "acme", "--from", "2026-10")


class RequestFunction:
    """Stands in for Lambda: keeps the payload it was invoked with and answers what it was told to."""

    def __init__(self, answer: object, *, error: bool = False) -> None:
        self.answer, self.error = answer, error
        self.invoked: list[dict[str, Any]] = []

    def invoke(self, **request: Any) -> dict[str, Any]:
        self.invoked.append(request)
        failure = {"FunctionError": "Unhandled"} if self.error else {}
        return {"Payload": io.BytesIO(json.dumps(self.answer).encode()), **failure}


def requested(report_id: str = "r_1") -> RequestFunction:
    return RequestFunction({"status": "requested", "report_id": report_id, "reason": "", "message": ""})


def refused(reason: str, message: str) -> RequestFunction:
    return RequestFunction({"status": "refused", "report_id": "", "reason": reason, "message": message})


def test_a_month_is_asked_for_as_the_half_open_range_of_its_days(opsctl: Opsctl) -> None:
    function = requested()
    answer = opsctl(*ORDER, "--output", "json", lambda_client=function)
    assert (answer.code, answer.data["report_id"]) == (0, "r_1")
    [call] = function.invoked
    assert (call["FunctionName"], call["Qualifier"]) == ("opsctl-test-report-request", "live")
    order = ReportOrder.from_payload(json.loads(call["Payload"]))
    assert (str(order.start), str(order.end), order.account) == ("2026-10-01", "2026-11-01", "acme")


@pytest.mark.parametrize(
    ("dates", "says"),
    [
        (("2026-10-05", "2026-10-01"), "ends (2026-10-01) before it starts (2026-10-05)"),
        (("2026-13", "2026-10"), "neither a day nor a month"),
        (("2020-01", "2026-10"), "400 at most"),
    ],
)
def test_dates_that_make_no_period_are_usage_errors_before_anything_is_called(
    opsctl: Opsctl, dates: tuple[str, str], says: str
) -> None:
    function = requested()
    first, last = dates
    answer = opsctl("report", "start", "--account", "acme", "--from", first, "--to", last, lambda_client=function)
    assert answer.code == 2
    assert says in answer.err
    assert function.invoked == []


def test_an_unknown_account_names_the_nearest(opsctl: Opsctl, aws: Callable[[str], Any]) -> None:
    aws("dynamodb").put_item(TableName="opsctl-test-accounts", Item={"account": {"S": "acme-eu"}})
    answer = opsctl(*ORDER, lambda_client=refused("unknown_account", "There is no account 'acme'."))
    assert answer.code == 4
    assert "Did you mean acme-eu?" in answer.err


def test_any_other_refusal_is_a_usage_error_with_the_functions_own_sentence(opsctl: Opsctl) -> None:
    answer = opsctl(*ORDER, lambda_client=refused("period_too_long", "Too many days."))
    assert (answer.code, "Too many days." in answer.err) == (2, True)


def test_a_failure_in_the_function_points_to_its_log(opsctl: Opsctl) -> None:
    answer = opsctl(*ORDER, lambda_client=RequestFunction({"errorMessage": "no queue"}, error=True))
    assert answer.code == 1
    assert "no queue" in answer.err
    assert "opsctl logs report-request" in answer.err


def put(aws: Callable[[str], Any], name: str, body: bytes = b"{}") -> None:
    prefix = f"reports/account=acme/2026-10-01_2026-11-01/r_{'0' * 24}/"
    aws("s3").put_object(Bucket="opsctl-test-reports", Key=prefix + name, Body=body)


def test_reports_are_listed_with_their_last_day_included(opsctl: Opsctl, aws: Callable[[str], Any]) -> None:
    put(aws, "request.json")
    [row] = opsctl("report", "list", "--output", "json").data
    assert (row["state"], row["first_day"], row["last_day"]) == ("REQUESTED", "2026-10-01", "2026-10-31")


def test_waiting_for_a_failed_report_says_why(opsctl: Opsctl, aws: Callable[[str], Any]) -> None:
    put(aws, "request.json")
    put(aws, "failure.json", b'{"message": "The account is gone."}')
    answer = opsctl("report", "show", f"r_{'0' * 24}", "--wait")
    assert answer.code == 1
    assert "The account is gone." in answer.err


def test_a_report_that_does_not_come_in_time_exits_with_six(opsctl: Opsctl, aws: Callable[[str], Any]) -> None:
    put(aws, "request.json")
    answer = opsctl("report", "show", f"r_{'0' * 24}", "--wait", "--timeout", "0")
    assert answer.code == 6
    assert "opsctl dlq show" in answer.err


def test_downloading_what_is_not_delivered_is_refused(
    opsctl: Opsctl, aws: Callable[[str], Any], tmp_path: Path
) -> None:
    put(aws, "request.json")
    answer = opsctl("report", "show", f"r_{'0' * 24}", "--download", str(tmp_path))
    assert answer.code == 1
    assert "REQUESTED, not DELIVERED" in answer.err
    assert list(tmp_path.glob("acme*")) == []


def test_an_unknown_report_is_not_found(opsctl: Opsctl) -> None:
    assert opsctl("report", "show", "r_nothing").code == 4
