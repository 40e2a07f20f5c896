"""Mappings from queues in the sandbox: what Lambda refuses."""

from typing import Any

import pytest

from tests.emulator.emulated_account import Account

SOURCE = """
    def handle(event, context):
        return event
"""


def test_a_visibility_timeout_below_the_functions_timeout_is_refused(account: Account) -> None:
    client, function = account.client("lambda"), account.function(SOURCE, Timeout=31)

    def mapped(visibility: str, name: str = function) -> dict[str, Any]:
        _url, arn = account.queue(VisibilityTimeout=visibility)
        answer: dict[str, Any] = client.create_event_source_mapping(EventSourceArn=arn, FunctionName=name)
        return answer

    with pytest.raises(client.exceptions.InvalidParameterValueException, match=r"30 seconds is less .* 31 seconds"):
        mapped("30")
    assert mapped("31")["FunctionArn"].endswith(function)
    quick = account.function(SOURCE, Timeout=5)
    mapping = mapped("30", quick)["UUID"]
    with pytest.raises(client.exceptions.InvalidParameterValueException, match="visibility timeout"):
        client.update_event_source_mapping(UUID=mapping, FunctionName=function)
    client.update_event_source_mapping(UUID=mapping, FunctionName=quick, BatchSize=1)
