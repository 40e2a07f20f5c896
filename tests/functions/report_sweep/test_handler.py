"""The entry point with its real wiring: a forgotten month reaches the function that opens it, and the alarm."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import boto3
import pytest
from report_sweep import handler

from insight.months.survey import MonthOrder

if TYPE_CHECKING:
    from tests.functions.conftest import World


ROOT = Path(__file__).parents[3]


class FakeFunctions:
    """Keeps what it is invoked with."""

    def __init__(self) -> None:
        self.calls: list[dict[str, Any]] = []

    def invoke(self, **call: Any) -> None:
        self.calls.append(call)


@pytest.fixture(autouse=True)
def _fresh_wiring() -> Iterator[None]:
    handler._wiring.cache_clear()
    yield
    handler._wiring.cache_clear()


@pytest.fixture
def functions(world: "World", monkeypatch: pytest.MonkeyPatch) -> FakeFunctions:
    values = {
        "REPORT_QUEUE_URL": world.queue_url,
        "REPORTS_BUCKET": world.reports,
        "USAGE_EVENTS_BUCKET": world.events,
        "REPORTS_TABLE": world.table,
        "PATIENCE_SECONDS": "3600",
        "REISSUE_SHARE": "0.01",
        "MAXIMUM_GENERATIONS": "10",
        "REPORT_MONTH_ALIAS": "arn:aws:lambda:eu-west-1:123456789012:function:acme-report-month:live",
        "STACK": "acme-prod",
    }
    for name, value in values.items():
        monkeypatch.setenv(name, value)
    fake, real = FakeFunctions(), boto3.client
    monkeypatch.setattr(boto3, "client", lambda name, **rest: fake if name == "lambda" else real(name, **rest))
    return fake


def test_a_forgotten_month_is_ordered_from_the_function_that_opens_months(
    functions: FakeFunctions, capsys: pytest.CaptureFixture[str]
) -> None:
    answer = handler.handle({"scheduled_at": "2026-11-02T12:00:00Z"}, None)
    assert (answer["month"], answer["expected"]) == ("2026-10", 0)
    (call,) = functions.calls
    assert (call["InvocationType"], call["FunctionName"].rsplit(":", 1)[1]) == ("Event", "live")
    assert MonthOrder.from_payload(json.loads(call["Payload"])).month == "2026-10"
    first, _ = map(json.loads, capsys.readouterr().out.splitlines())
    assert (first["level"], first["month"]) == ("ERROR", "2026-10")


def test_the_alarm_on_forgotten_months_gets_its_value(functions: FakeFunctions) -> None:
    handler.handle({"scheduled_at": "2026-11-02T12:00:00Z"}, None)
    (found,) = boto3.client("cloudwatch").list_metrics(Namespace=handler.NAMESPACE)["Metrics"]
    assert found["MetricName"] == handler.FORGOTTEN
    assert found["Dimensions"] == [{"Name": "Stack", "Value": "acme-prod"}]
    module = "".join(path.read_text() for path in (ROOT / "modules/report-sweep").glob("*.tf"))
    assert f'metric_name         = "{handler.FORGOTTEN}"' in module
    assert f'namespace = "{handler.NAMESPACE}"' in module
