"""Only what could be answered too soon is held back."""

import asyncio
from collections.abc import Mapping
from typing import Any

import pytest

from emulated_aws.plugin import answer_pace

GO = (b"User-Agent", b"APN/1.0 HashiCorp/1.0 Terraform/1.11.4 aws-sdk-go-v2/1.36.3 api/lambda#1.71.3")
PYTHON = (b"User-Agent", b"Botocore/1.43.106 md/Botocore#1.43.106")


@pytest.mark.parametrize(
    ("method", "header", "held"),
    [("POST", GO, True), ("PUT", GO, True), ("GET", GO, False), ("POST", PYTHON, False), ("DELETE", GO, False)],
)
def test_requests_of_the_go_sdk_with_a_body_are_held_back(method: str, header: Any, held: bool) -> None:
    scope = {"type": "http", "method": method, "headers": [(b"host", b"127.0.0.1"), header]}
    assert answer_pace.needs_pace(scope) is held


def test_other_protocols_are_let_through() -> None:
    assert not answer_pace.needs_pace({"type": "lifespan"})


def test_the_answer_is_complete_and_in_order(monkeypatch: pytest.MonkeyPatch) -> None:
    sent: list[str] = []
    slept: list[float] = []

    async def send(message: Mapping[str, Any]) -> None:
        sent.append(message["type"])

    async def sleep(seconds: float) -> None:
        assert not sent, "nothing may be sent before the pause"
        slept.append(seconds)

    async def answer() -> None:
        paced = answer_pace.paced({"method": "POST", "headers": [GO]}, send)
        await paced({"type": "http.response.start"})
        await paced({"type": "http.response.body"})

    monkeypatch.setattr(asyncio, "sleep", sleep)
    asyncio.run(answer())
    assert sent == ["http.response.start", "http.response.body"]
    assert slept == [answer_pace.SECONDS]
