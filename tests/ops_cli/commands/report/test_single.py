import csv
import datetime as dt
import io
import json
import urllib.parse
from collections.abc import Callable
from pathlib import Path
from typing import Any

import click
import pytest
import yaml

from insight.delivery import store
from insight.delivery.store import Output
from insight.manifest import Manifest
from insight.orders.request import FORMATS, ReportOrder, ReportRequest
from insight.orders.state_table import States
from ops_cli.commands.report.completing import complete_report
from ops_cli.commands.report.single import show
from ops_cli.frame.context import Ops
from ops_cli.frame.options import Choices
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


REQUEST = ReportRequest("acme", dt.date(2026, 10, 1), dt.date(2026, 11, 1), "Europe/Berlin")
NOON = dt.datetime(2026, 11, 2, 12, tzinfo=dt.UTC)


@pytest.fixture
def states(aws: Callable[[str], Any]) -> States:
    found = States(aws("dynamodb"), "opsctl-test-report-states", lambda: NOON)
    found.ask(REQUEST)
    return found


def deliver(aws: Callable[[str], Any], states: States) -> None:
    s3, bucket = aws("s3"), "opsctl-test-reports"
    outputs = store.save_outputs(s3, bucket, REQUEST, [Output("report.html", "text/html", b"<p>")])
    manifest = Manifest(
        REQUEST.report_id, REQUEST.identity(), "a", "b", "duckdb", {}, {"read": 1}, (), outputs, {}, {}, {}
    )
    store.save_manifest(s3, bucket, REQUEST, manifest.to_json())
    states.deliver(REQUEST, 1)


@pytest.mark.usefixtures("states")
def test_reports_are_listed_with_their_last_day_included(opsctl: Opsctl) -> None:
    [row] = opsctl("report", "list", "--output", "json").data
    assert (row["state"], row["first_day"], row["last_day"]) == ("REQUESTED", "2026-10-01", "2026-10-31")


def test_waiting_for_a_failed_report_says_why(opsctl: Opsctl, states: States) -> None:
    states.claim(REQUEST, "worker", NOON)
    states.fail(REQUEST, "worker", "unknown_account", "The account is gone.")
    answer = opsctl("report", "show", REQUEST.report_id, "--wait")
    assert answer.code == 1
    assert "The account is gone." in answer.err


def test_a_report_that_does_not_come_in_time_exits_with_six(opsctl: Opsctl, states: States) -> None:
    states.claim(REQUEST, "worker", NOON)
    answer = opsctl("report", "show", REQUEST.report_id, "--wait", "--timeout", "0")
    assert answer.code == 6
    assert "opsctl dlq show" in answer.err


@pytest.mark.usefixtures("states")
def test_downloading_what_is_not_delivered_is_refused(opsctl: Opsctl, tmp_path: Path) -> None:
    answer = opsctl("report", "show", REQUEST.report_id, "--download", str(tmp_path))
    assert answer.code == 1
    assert "REQUESTED, not DELIVERED" in answer.err
    assert list(tmp_path.glob("acme*")) == []


def test_an_unknown_report_is_not_found(opsctl: Opsctl) -> None:
    assert opsctl("report", "show", "r_nothing").code == 4


@pytest.mark.usefixtures("states")
@pytest.mark.parametrize("command", [("show",), ("link",), ("verify",), ("explain",)])
def test_an_empty_id_is_met_with_a_sentence(opsctl: Opsctl, command: tuple[str, ...]) -> None:
    arguments = ("", "seats") if command == ("explain",) else ("",)
    answer = opsctl("report", *command, *arguments)
    assert (answer.code, answer.out) == (2, "")
    assert "opsctl report list" in answer.err
    assert "ValidationException" not in answer.err


@pytest.mark.usefixtures("states")
def test_the_beginning_of_an_id_stands_for_the_report(opsctl: Opsctl) -> None:
    answer = opsctl("report", "show", REQUEST.report_id[:12], "--output", "json")
    assert (answer.code, answer.data["report_id"]) == (0, REQUEST.report_id)


@pytest.mark.usefixtures("states")
@pytest.mark.parametrize("account", ["", "a b", "=1"])
def test_a_list_for_what_is_no_account_id_is_refused(opsctl: Opsctl, account: str) -> None:
    answer = opsctl("report", "list", "--account", account)
    assert (answer.code, answer.out) == (2, "")
    assert "no account id" in answer.err


@pytest.mark.parametrize("arguments", [("--format", "CSV", "--format", "html"), ("--format", "csv,Html")])
def test_formats_may_be_typed_in_any_case_and_with_commas(opsctl: Opsctl, arguments: tuple[str, ...]) -> None:
    function = requested()
    assert opsctl(*ORDER, *arguments, lambda_client=function).code == 0
    assert ReportOrder.from_payload(json.loads(function.invoked[0]["Payload"])).formats == ("csv", "html")


def test_the_help_names_every_format(opsctl: Opsctl) -> None:
    text = opsctl("report", "start", "--help").out
    assert all(name in text for name in FORMATS)


@pytest.mark.usefixtures("states")
def test_a_negative_timeout_is_refused(opsctl: Opsctl) -> None:
    assert opsctl("report", "show", REQUEST.report_id, "--wait", "--timeout", "-1").code == 2


@pytest.mark.usefixtures("states")
def test_report_ids_complete(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    context = click.Context(show, obj=Ops(Choices(env="test")))
    for _ in range(2):
        [item] = complete_report(context, show.params[0], REQUEST.report_id[:5])
        assert item.value == REQUEST.report_id
    assert complete_report(context, show.params[0], "x") == []


def test_force_is_part_of_the_order(opsctl: Opsctl) -> None:
    function = requested()
    opsctl(*ORDER, "--force", lambda_client=function)
    assert ReportOrder.from_payload(json.loads(function.invoked[0]["Payload"])).force


def test_a_link_is_printed_alone_and_lasts_minutes(opsctl: Opsctl, aws: Callable[[str], Any], states: States) -> None:
    deliver(aws, states)
    answer = opsctl("report", "link", REQUEST.report_id, "--minutes", "5")
    assert answer.code == 0
    query = urllib.parse.parse_qs(urllib.parse.urlsplit(answer.out.strip()).query)
    assert query["X-Amz-Expires"] == ["300"]
    assert "5 minutes" in answer.err


@pytest.mark.parametrize("output", ["json", "yaml", "csv"])
def test_a_link_for_a_program_is_one_document(
    opsctl: Opsctl, aws: Callable[[str], Any], states: States, output: str
) -> None:
    deliver(aws, states)
    answer = opsctl("report", "link", REQUEST.report_id, "--output", output)
    read: dict[str, Callable[[str], Any]] = {
        "json": json.loads,
        "yaml": yaml.safe_load,
        "csv": lambda text: next(csv.DictReader(io.StringIO(text))),
    }
    assert read[output](answer.out)["report_id"] == REQUEST.report_id


@pytest.mark.parametrize("minutes", ["0", "61", "x"])
def test_a_link_that_lasts_is_refused(opsctl: Opsctl, minutes: str) -> None:
    assert opsctl("report", "link", REQUEST.report_id, "--minutes", minutes).code == 2
