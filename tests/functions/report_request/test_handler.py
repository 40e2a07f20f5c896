"""The entry point with its real wiring: environment in, clients made once, one JSON answer."""

import json
from collections.abc import Iterator
from typing import TYPE_CHECKING

import pytest
from report_request import handler

from insight.orders.request import ReportAnswer, Status
from opscore.settings import BadSettings

if TYPE_CHECKING:
    from tests.functions.conftest import World

ORDER = {"account": "acme", "from": "2026-10-01", "to": "2026-11-01"}


@pytest.fixture(autouse=True)
def _fresh_wiring() -> Iterator[None]:
    handler._wiring.cache_clear()
    yield
    handler._wiring.cache_clear()


@pytest.fixture
def environment(world: "World", monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("REPORT_QUEUE_URL", world.queue_url)
    monkeypatch.setenv("REPORTS_BUCKET", world.reports)
    monkeypatch.setenv("ACCOUNTS_TABLE", world.accounts)
    monkeypatch.setenv("REPORTS_TABLE", world.table)
    monkeypatch.setenv("MAXIMUM_PERIOD_DAYS", "31")
    monkeypatch.setenv("FORMATS", "csv,html")


@pytest.mark.usefixtures("environment")
def test_an_order_reaches_the_queue_and_leaves_one_log_line(world: "World", capsys: pytest.CaptureFixture[str]) -> None:
    answer = ReportAnswer.from_payload(json.loads(json.dumps(handler.handle(ORDER, None))))
    assert answer.status is Status.REQUESTED
    (body,) = world.take_messages()
    assert json.loads(body)["time_zone"] == "Europe/Berlin"
    (line,) = map(json.loads, capsys.readouterr().out.splitlines())
    assert (line["level"], line["status"], line["report_id"]) == ("INFO", "requested", answer.report_id)


@pytest.mark.usefixtures("environment")
def test_the_limit_is_the_settings(world: "World") -> None:
    answer = handler.handle({**ORDER, "to": "2026-11-02"}, None)
    assert (answer["status"], answer["reason"]) == ("refused", "period_too_long")


def test_a_missing_variable_is_named_by_the_first_call_not_at_import() -> None:
    with pytest.raises(BadSettings, match=r"REPORT_QUEUE_URL is missing.*ACCOUNTS_TABLE is missing"):
        handler.handle(ORDER, None)
