"""Every error of botocore that an operator can meet is a sentence with a next step."""

import inspect
import string

import botocore.exceptions as boto
import pytest

from ops_cli.frame.aws_errors import explain
from ops_cli.frame.environments import Environment
from opscore.errors import ExitCode, UsageProblem

LOCAL, REMOTE = "http://127.0.0.1:4566", "https://sqs.eu-west-1.amazonaws.com"

A_SANDBOX = Environment("sandbox", endpoint=LOCAL, clone="/work/ops")
AN_EMULATOR = Environment("mine", endpoint=LOCAL)
AN_ACCOUNT = Environment("prod", profile="ops", region="eu-west-1")
ELSEWHERE = Environment("lab", endpoint="http://lab.example:4566")

OURS = (
    "AliasConflictParameterError",
    "ApiVersionNotFoundError",
    "BotoCoreError",
    "CapacityNotAvailableError",
    "DataNotFoundError",
    "InvalidDNSNameError",
    "InvalidExpressionError",
    "InvalidHostLabelError",
    "MissingParametersError",
    "MissingServiceIdError",
    "OperationNotPageableError",
    "PaginationError",
    "RangeError",
    "StubAssertionError",
    "StubResponseError",
    "UnStubbedResponseError",
    "UndefinedModelAttributeError",
    "UnknownClientMethodError",
    "UnknownKeyError",
    "UnknownParameterError",
    "UnknownServiceError",
    "UnknownServiceStyle",
    "UnseekableStreamError",
    "UnsupportedOutpostResourceError",
    "UnsupportedS3AccesspointConfigurationError",
    "UnsupportedS3ArnError",
    "UnsupportedS3ControlArnError",
    "UnsupportedS3ControlConfigurationError",
    "UnsupportedServiceProtocolsError",
    "ValidationError",
    "WaiterConfigError",
    "WaiterError",
)
"""Errors that only a fault in opsctl (or its installation) can cause."""


def made(kind: type[Exception]) -> Exception:
    """Return an error of that kind, with something in every field of its text."""
    fields = {field for _, field, _, _ in string.Formatter().parse(getattr(kind, "fmt", "")) if field}
    if kind is boto.WaiterError:
        return boto.WaiterError("x", "x", {})
    return kind(**dict.fromkeys(fields, "x"))


def kinds(*bases: type[Exception]) -> list[type[Exception]]:
    return [
        kind
        for _, kind in inspect.getmembers(boto, inspect.isclass)
        if kind.__module__ == boto.__name__
        and issubclass(kind, bases or Exception)
        and not issubclass(kind, boto.ClientError | Warning)
    ]


@pytest.mark.parametrize("kind", kinds())
@pytest.mark.parametrize("environment", [None, A_SANDBOX, AN_EMULATOR, AN_ACCOUNT])
def test_every_error_of_botocore_is_a_sentence_or_a_fault_of_ours(
    kind: type[Exception], environment: Environment | None
) -> None:
    known = explain(made(kind), environment)
    assert (known is None) is (kind.__name__ in OURS)
    if known:
        assert known.message.strip()
        assert known.hint or kind is boto.ParamValidationError


@pytest.mark.parametrize("kind", kinds(boto.HTTPClientError, boto.ConnectionError, boto.IncompleteReadError))
def test_every_failed_connection_is_told_as_one(kind: type[Exception]) -> None:
    known = explain(made(kind), AN_ACCOUNT)
    assert known is not None
    assert " cannot be reached: " in known.message
    assert known.exit_code is ExitCode.REFUSED
    assert "sandbox" not in known.hint


@pytest.mark.parametrize("kind", kinds(boto.SSOError, boto.TokenRetrievalError, boto.NoAuthTokenError, boto.LoginError))
def test_every_lapsed_sign_in_says_how_to_sign_in(kind: type[Exception]) -> None:
    known = explain(made(kind))
    assert known is not None
    assert known.message.startswith("You are not signed in")
    assert "aws sso login" in known.hint


@pytest.mark.parametrize("kind", kinds(boto.BaseEndpointResolverError, boto.ConfigParseError, boto.InvalidConfigError))
def test_every_unusable_configuration_is_a_wrong_usage(kind: type[Exception]) -> None:
    assert isinstance(explain(made(kind)), UsageProblem)


@pytest.mark.parametrize(
    ("asked", "environment", "says"),
    [
        (LOCAL, A_SANDBOX, "Is the sandbox running?"),
        (None, A_SANDBOX, "Is the sandbox running?"),
        (LOCAL, None, "Is the sandbox running?"),  # a command that works on the sandbox whatever is chosen
        (LOCAL, AN_EMULATOR, "the endpoint of mine"),
        (None, AN_EMULATOR, "the endpoint of mine"),
        (LOCAL, AN_ACCOUNT, "the endpoint of prod"),  # its profile names an endpoint, such as the end of a tunnel
        (REMOTE, AN_ACCOUNT, "the VPN or proxy, and the region eu-west-1"),
        (None, AN_ACCOUNT, "the VPN or proxy, and the region eu-west-1"),
        (None, ELSEWHERE, "Check the network"),
        (REMOTE, A_SANDBOX, "Check the network"),
        (REMOTE, None, "Check the network"),
        (None, None, "Check the network"),
    ],
)
def test_only_a_sandbox_is_asked_whether_it_runs(asked: str | None, environment: Environment | None, says: str) -> None:
    error = boto.EndpointConnectionError(endpoint_url=asked) if asked else boto.HTTPClientError(error="no answer")
    known = explain(error, environment)
    assert known is not None
    assert says in known.hint
    assert ("sandbox" in known.hint) is says.startswith("Is the sandbox")


@pytest.mark.parametrize(
    ("asked", "environment", "host"),
    [
        (REMOTE, AN_ACCOUNT, "sqs.eu-west-1.amazonaws.com"),
        (None, ELSEWHERE, "lab.example:4566"),
        (None, AN_ACCOUNT, "AWS"),
        ("http://[", None, "http://["),
    ],
)
def test_the_host_that_cannot_be_reached_is_named(asked: str | None, environment: Environment, host: str) -> None:
    error = boto.ConnectTimeoutError(endpoint_url=asked) if asked else boto.HTTPClientError(error="no answer")
    known = explain(error, environment)
    assert known is not None
    assert known.message.startswith(f"{host} cannot be reached: ")


@pytest.mark.parametrize(
    ("error", "says"),
    [
        (boto.ProxyConnectionError(proxy_url="http://p", error=OSError("x")), "NO_PROXY"),
        (boto.SSLError(endpoint_url=REMOTE, error=OSError("x")), "AWS_CA_BUNDLE"),
    ],
)
def test_a_proxy_and_a_certificate_have_steps_of_their_own(error: Exception, says: str) -> None:
    known = explain(error)
    assert known is not None
    assert says in known.hint


@pytest.mark.parametrize("code", ["Throttling", "RequestThrottled", "TooManyRequestsException", "SlowDown"])
def test_every_throttle_code_is_told_as_throttling(code: str) -> None:
    known = explain(boto.ClientError({"Error": {"Code": code}}, "SendMessage"))
    assert known is not None
    assert known.message.startswith("AWS is throttling SendMessage")


@pytest.mark.parametrize("error", [ValueError("odd"), RuntimeError("odd"), KeyError("odd")])
def test_what_is_not_botocores_is_not_explained(error: Exception) -> None:
    assert explain(error) is None
    assert explain(error, AN_EMULATOR) is None
