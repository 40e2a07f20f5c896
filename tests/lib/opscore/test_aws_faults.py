import string
from http.client import RemoteDisconnected
from socket import gaierror
from unittest.mock import Mock

import botocore.exceptions as boto
import pytest
from botocore.exceptions import ClientError, ReadTimeoutError
from urllib3.exceptions import NameResolutionError, NewConnectionError, ProxyError

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


def botocore_error(name: str) -> Exception:
    kind = getattr(boto, name)
    fields = {field for _, field, _, _ in string.Formatter().parse(kind.fmt) if field}
    made: Exception = kind(**dict.fromkeys(fields, "x"))
    return made


@pytest.mark.parametrize(
    ("name", "may_have_worked"),
    [
        ("EndpointConnectionError", False),
        ("ConnectTimeoutError", False),
        ("ProxyConnectionError", True),
        ("SSLError", True),
        ("ReadTimeoutError", True),
        ("ConnectionClosedError", True),
        ("HTTPClientError", True),
        ("ResponseStreamingError", True),
        ("IncompleteReadError", True),
    ],
)
def test_every_trouble_of_a_connection_may_pass(name: str, may_have_worked: bool) -> None:
    error = botocore_error(name)
    assert aws_faults.is_transient(error)
    assert aws_faults.is_of_aws(error)
    assert not aws_faults.is_of_credentials(error)
    assert aws_faults.may_have_worked(error) is may_have_worked


@pytest.mark.parametrize(
    ("cause", "may_have_worked"),
    [
        (NewConnectionError(Mock(), "refused"), False),
        (NameResolutionError("proxy", Mock(), gaierror("unknown")), False),
        (OSError("Tunnel connection failed: 503 Service Unavailable"), False),
        (RemoteDisconnected("Remote end closed connection without response"), True),
        (ConnectionResetError("reset"), True),
    ],
)
def test_a_proxy_that_was_not_reached_has_sent_nothing_on_and_one_that_was_may_have(
    cause: Exception, may_have_worked: bool
) -> None:
    error = boto.ProxyConnectionError(proxy_url="http://proxy", error=ProxyError("Unable to connect to proxy", cause))
    assert aws_faults.may_have_worked(error) is may_have_worked


@pytest.mark.parametrize(
    "error",
    [
        *map(refusal, ["ExpiredToken", "ExpiredTokenException", "RequestExpired"]),
        *map(refusal, ["UnrecognizedClientException", "InvalidClientTokenId"]),
        *map(botocore_error, ["UnauthorizedSSOTokenError", "SSOTokenLoadError", "TokenRetrievalError"]),
        *map(botocore_error, ["CredentialRetrievalError", "NoCredentialsError", "RefreshWithMFAUnsupportedError"]),
        RuntimeError("Credentials were refreshed, but the refreshed credentials are still expired."),
    ],
    ids=str,
)
def test_credentials_that_end_are_known_and_do_not_pass_by_themselves(error: Exception) -> None:
    assert aws_faults.is_of_credentials(error)
    assert not aws_faults.is_transient(error)
    assert not aws_faults.may_have_worked(error)
    explained = aws_errors.explain(error)
    assert explained is not None
    assert "aws sso login" in explained.hint


@pytest.mark.parametrize("error", [OSError(28, "No space left on device"), RuntimeError("odd"), KeyError("odd")])
def test_what_is_of_this_machine_is_not_of_aws_and_nobody_knows_what_it_did(error: Exception) -> None:
    assert not aws_faults.is_of_aws(error)
    assert not aws_faults.is_transient(error)
    assert aws_faults.may_have_worked(error)
