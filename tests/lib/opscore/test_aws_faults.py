import pytest
from botocore.exceptions import ClientError, ReadTimeoutError

from ops_cli.frame import aws_errors
from opscore import aws_faults


def refusal(code: str) -> ClientError:
    return ClientError({"Error": {"Code": code, "Message": "no"}}, "SendMessageBatch")


@pytest.mark.parametrize(
    "code", ["SlowDown", "OverLimit", "ThrottledException", "KmsThrottled", "AWS.SimpleQueueService.RequestThrottled"]
)
def test_what_a_worker_takes_for_throttling_is_told_as_throttling(code: str) -> None:
    assert aws_faults.is_throttling(refusal(code))
    explained = aws_errors.explain(refusal(code))
    assert explained is not None
    assert "throttling SendMessageBatch" in str(explained)


@pytest.mark.parametrize("code", ["AccessDenied", "InternalError", "QueueDoesNotExist"])
def test_other_refusals_are_no_throttling(code: str) -> None:
    assert not aws_faults.is_throttling(refusal(code))


def test_a_call_without_an_answer_may_have_worked_and_a_throttled_one_has_not() -> None:
    assert aws_faults.may_have_worked(ReadTimeoutError(endpoint_url="https://sqs"))
    assert not aws_faults.may_have_worked(refusal("ThrottlingException"))
    assert aws_faults.is_transient(refusal("ThrottlingException"))
