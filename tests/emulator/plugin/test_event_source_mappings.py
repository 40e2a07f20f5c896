"""Mappings from queues in the sandbox: what Lambda refuses."""

from typing import Any

import pytest

from emulated_aws.plugin.event_source_mappings import is_report
from tests.emulator.emulated_account import Account, eventually

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


IDS = frozenset({"a", "b"})


@pytest.mark.parametrize("answer", [None, "", {}, {"batchItemFailures": None}, {"batchItemFailures": []}])
def test_an_empty_report_is_a_success(answer: object) -> None:
    assert is_report(answer, IDS)


@pytest.mark.parametrize(
    "item", [{"itemIdentifier": "c"}, {"itemIdentifier": ""}, {"itemIdentifier": None}, {"messageId": "a"}, "a"]
)
def test_a_report_on_no_item_of_the_batch_fails_it(item: object) -> None:
    assert is_report({"batchItemFailures": [{"itemIdentifier": "a"}]}, IDS)
    assert not is_report({"batchItemFailures": [{"itemIdentifier": "a"}, item]}, IDS)
    assert not is_report('{"batchItemFailures": ', IDS)


def test_a_batch_whose_report_names_a_stranger_comes_back(account: Account) -> None:
    source = """
        def handle(event, context):
            print("seen")
            return {"batchItemFailures": [{"itemIdentifier": "stranger"}]}
    """
    url, arn = account.queue(VisibilityTimeout="5")
    take = ["sqs:ReceiveMessage", "sqs:DeleteMessage", "sqs:GetQueueAttributes"]
    role = account.role({"Effect": "Allow", "Action": take, "Resource": arn})
    function = account.function(source, Timeout=5, role=role)
    account.client("lambda").create_event_source_mapping(
        EventSourceArn=arn, FunctionName=function, FunctionResponseTypes=["ReportBatchItemFailures"]
    )
    account.client("sqs").send_message(QueueUrl=url, MessageBody="one")

    def runs() -> int:
        groups = account.client("logs").describe_log_groups(logGroupNamePrefix=f"/aws/lambda/{function}")["logGroups"]
        return len([line for line in account.log(function) if "seen" in line]) if groups else 0

    eventually(lambda: runs() > 1, "the return of the batch")
