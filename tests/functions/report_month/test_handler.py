"""The entry point with its real wiring: the schedule's event in, messages on the queue."""

import json
from collections.abc import Iterator
from typing import TYPE_CHECKING

import pytest
from report_month import handler

from insight.payloads import BadRequest

if TYPE_CHECKING:
    from tests.functions.conftest import World


@pytest.fixture(autouse=True)
def _fresh_wiring() -> Iterator[None]:
    handler._wiring.cache_clear()
    yield
    handler._wiring.cache_clear()


@pytest.fixture(autouse=True)
def _environment(world: "World", monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("REPORT_QUEUE_URL", world.queue_url)
    monkeypatch.setenv("REPORTS_BUCKET", world.reports)
    monkeypatch.setenv("ACCOUNTS_TABLE", world.accounts)
    monkeypatch.setenv("REPORTS_TABLE", world.table)
    monkeypatch.setenv("PATIENCE_SECONDS", "3600")


def test_the_schedules_event_puts_a_request_on_the_queue(world: "World", capsys: pytest.CaptureFixture[str]) -> None:
    answer = handler.handle({"scheduled_at": "2026-11-02T06:00:00Z"}, None)
    assert (answer["month"], answer["expected"], answer["asked"]) == ("2026-10", 1, {"missing": 1})
    (body,) = world.take_messages()
    assert json.loads(body)["account"] == "acme"
    (line,) = map(json.loads, capsys.readouterr().out.splitlines())
    assert (line["level"], line["month"]) == ("INFO", "2026-10")


@pytest.mark.parametrize("event", [{}, {"scheduled_at": "<aws.scheduler.scheduled-time>"}, {"month": "2026-10"}])
def test_an_event_without_a_scheduled_time_is_an_error_and_no_guess_at_the_clock(event: object) -> None:
    with pytest.raises(BadRequest, match="scheduled_at"):
        handler.handle(event, None)
