"""Functions in the sandbox behave as AWS documents for the Python runtime."""

import datetime as dt
import json
import re
from typing import Any

import pytest

from tests.emulator.emulated_account import Account, eventually, zipped


@pytest.fixture(scope="module")
def raiser(account: Account) -> str:
    return account.function(
        """
        class NoSuchAccountError(Exception):
            pass

        calls = 0

        def deeper():
            raise NoSuchAccountError("acme is unknown")

        def handle(event, context):
            global calls
            calls += 1
            if event == "calls":
                return calls
            deeper()
        """
    )


def test_the_class_of_an_exception_is_the_error_type(account: Account, raiser: str) -> None:
    payload, failed = account.invoke(raiser)
    assert failed == "Unhandled"
    assert payload["errorType"] == "NoSuchAccountError"
    assert payload["errorMessage"] == "acme is unknown"
    assert re.fullmatch(r"[0-9a-f-]{36}", payload["requestId"])
    assert [line.split(", in ")[1].split("\n")[0] for line in payload["stackTrace"]] == ["handle", "deeper"]


def test_an_exception_leaves_the_execution_environment_alive(account: Account, raiser: str) -> None:
    before, _ = account.invoke(raiser, "calls")
    account.invoke(raiser)
    assert account.invoke(raiser, "calls") == (before + 2, None)


def test_an_exception_is_in_the_log_with_its_traceback(account: Account, raiser: str) -> None:
    account.invoke(raiser)
    lines = account.log(raiser)
    assert "[ERROR] NoSuchAccountError: acme is unknown" in lines
    assert any(line.startswith("NoSuchAccountError") or "in deeper" in line for line in lines)


LOGGER = """
import logging
logging.getLogger().setLevel(logging.INFO)

def handle(event, context):
    logging.getLogger("reports").info("report %s is ready", event)
    logging.debug("not this")
    print("printed")
    return context.aws_request_id
"""


def test_the_root_logger_writes_level_time_request_and_message(account: Account) -> None:
    function = account.function(LOGGER)
    request_id, _ = account.invoke(function, "ä")
    lines = account.log(function)
    written = [line for line in lines if "is ready" in line]
    assert len(written) == 1
    level, at, logged_id, message = written[0].split("\t")
    assert (level, logged_id, message) == ("[INFO]", request_id, "report ä is ready")
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z", at)
    assert "printed" in lines
    assert not [line for line in lines if "not this" in line or "end of invocation" in line]
    assert [line.split()[2] for line in lines if line.startswith(("START", "END"))] == [request_id] * 2


def test_each_invocation_logs_its_own_lines_only(account: Account) -> None:
    function = account.function("def handle(event, context):\n    print(f'says {event}')")
    for number in range(3):
        account.invoke(function, number)
    by_stream: dict[str, list[str]] = {}
    events = account.client("logs").filter_log_events(logGroupName=f"/aws/lambda/{function}")["events"]
    for event in events:
        by_stream.setdefault(event["logStreamName"], []).append(event["message"])
    assert sorted(line for lines in by_stream.values() for line in lines if "says" in line) == [
        "says 0",
        "says 1",
        "says 2",
    ]
    assert all(len([line for line in lines if "says" in line]) == 1 for lines in by_stream.values())


ENVIRONMENT = """
import os, sys

def handle(event, context):
    found = {}
    for name in ("boto3", "dateutil", "ministack", "click", "pytest", "ops_cli", "insight"):
        try:
            found[name] = bool(__import__(name))
        except ImportError:
            found[name] = False
    return {"environ": dict(os.environ), "path": sys.path, "importable": found}
"""


def test_a_function_sees_its_own_and_the_documented_variables_only(account: Account) -> None:
    function = account.function(ENVIRONMENT, Environment={"Variables": {"REPORTS_BUCKET": "reports"}})
    environ = account.invoke(function)[0]["environ"]
    assert environ["REPORTS_BUCKET"] == "reports"
    assert environ["AWS_LAMBDA_FUNCTION_NAME"] == function
    assert environ["AWS_ENDPOINT_URL"] == account.emulator.endpoint
    documented = re.compile(r"_?AWS_|LAMBDA_|_HANDLER|_X_AMZN_TRACE_ID|LANG|PATH|TZ|LC_CTYPE|REPORTS_BUCKET|_MINISTACK")
    assert not [name for name in environ if not documented.match(name)]
    assert environ["AWS_ACCESS_KEY_ID"] != "test"


def test_a_function_imports_the_sdk_but_nothing_else_of_this_machine(account: Account) -> None:
    importable = account.invoke(account.function(ENVIRONMENT))[0]["importable"]
    assert {name for name, there in importable.items() if there} == {"boto3", "dateutil"}


@pytest.mark.parametrize(
    ("source", "error_type", "message"),
    [
        ("import nothing_like_it", "Runtime.ImportModuleError", "Unable to import module 'function': No module named"),
        ("def handle(:", "Runtime.UserCodeSyntaxError", "Syntax error in module 'function'"),
        ("def other(event, context): pass", "Runtime.HandlerNotFound", "Handler 'handle' missing on module 'function'"),
        ("raise KeyError('REPORTS_BUCKET')", "KeyError", "'REPORTS_BUCKET'"),
        ("def handle(event, context): return {1, 2}", "Runtime.MarshalError", "Unable to marshal response"),
        ("import sys\ndef handle(event, context): sys.exit(3)", "Runtime.ExitError", "exit status 3"),
        ("import os\ndef handle(event, context): return os.system('echo to stdout')", None, ""),
    ],
)
def test_what_can_go_wrong_has_its_documented_name(
    account: Account, source: str, error_type: str | None, message: str
) -> None:
    function, client = account.function(source), account.client("lambda")
    for _ in range(2):  # the second, at once, finds a new execution environment, or the old one whole
        answer = client.invoke(FunctionName=function)
        payload, failed = json.loads(answer["Payload"].read()), answer.get("FunctionError")
        if error_type is None:
            assert (payload, failed) == (0, None)
        else:
            assert (payload["errorType"], failed) == (error_type, "Unhandled")
            assert message in payload["errorMessage"]


def test_new_code_serves_the_next_invocation(account: Account) -> None:
    function = account.function("def handle(event, context): return 'old'")
    assert account.invoke(function)[0] == "old"
    code = zipped(function="def handle(event, context): return 'new'")
    account.client("lambda").update_function_code(FunctionName=function, ZipFile=code)
    assert account.invoke(function)[0] == "new"


def test_a_timeout_is_an_error_and_is_logged(account: Account) -> None:
    function = account.function("import time\ndef handle(event, context): print('begun'); time.sleep(9)", Timeout=1)
    payload, failed = account.invoke(function)
    assert (payload["errorType"], failed) == ("Sandbox.Timedout", "Unhandled")
    assert "begun" in account.log(function)
    assert [line for line in account.log(function) if "Task timed out after 1.00 seconds" in line]


READ_A_BUCKET = """
import boto3

def handle(bucket, context):
    return boto3.client("s3").list_objects_v2(Bucket=bucket)["KeyCount"]
"""


def test_a_role_may_do_what_its_policy_says_and_nothing_else(account: Account) -> None:
    account.client("s3").create_bucket(
        Bucket="role-test", CreateBucketConfiguration={"LocationConstraint": "eu-west-1"}
    )
    allowed = account.role({"Effect": "Allow", "Action": "s3:ListBucket", "Resource": "arn:aws:s3:::role-test"})
    assert account.invoke(account.function(READ_A_BUCKET, role=allowed), "role-test") == (0, None)
    payload, failed = account.invoke(account.function(READ_A_BUCKET), "role-test")
    assert (payload["errorType"], failed) == ("AccessDenied", "Unhandled")
    assert "s3:ListBucket" in payload["errorMessage"]


def test_an_asynchronous_failure_counts_in_the_errors_metric(account: Account) -> None:
    function = account.function("def handle(event, context): raise ValueError")
    settings: dict[str, Any] = {"FunctionName": function, "MaximumRetryAttempts": 0}
    account.client("lambda").put_function_event_invoke_config(**settings)
    account.client("lambda").invoke(FunctionName=function, InvocationType="Event", Payload=json.dumps({}))
    assert eventually(lambda: metric_sum(account, function, "Errors"), "an error") == 1
    assert metric_sum(account, function, "Invocations") == 1


def test_a_synchronous_invocation_counts_once(account: Account) -> None:
    function = account.function("def handle(event, context): return 1")
    account.invoke(function)
    assert metric_sum(account, function, "Invocations") == 1
    assert metric_sum(account, function, "Errors") == 0


def metric_sum(account: Account, function: str, metric: str) -> float:
    now = dt.datetime.now(dt.UTC)
    answer = account.client("cloudwatch").get_metric_statistics(
        Namespace="AWS/Lambda",
        MetricName=metric,
        Dimensions=[{"Name": "FunctionName", "Value": function}],
        StartTime=now - dt.timedelta(minutes=10),
        EndTime=now + dt.timedelta(minutes=1),
        Period=3600,
        Statistics=["Sum"],
    )
    return float(sum(point["Sum"] for point in answer["Datapoints"]))
