"""Every error of botocore that an operator can meet is a sentence with a next step."""

import inspect
import string

import botocore.exceptions as boto
import pytest

from ops_cli.frame.aws_errors import explain
from opscore.errors import ExitCode, UsageProblem

LOCAL, REMOTE = "http://127.0.0.1:4566", "https://sqs.eu-west-1.amazonaws.com"


def made(kind: type[Exception]) -> Exception:
    """Return an error of that kind, with something in every field of its text."""
    fields = {field for _, field, _, _ in string.Formatter().parse(getattr(kind, "fmt", "")) if field}
    return kind(**dict.fromkeys(fields, "x"))


def kinds(*bases: type[Exception]) -> list[type[Exception]]:
    found = [kind for _, kind in inspect.getmembers(boto, inspect.isclass) if issubclass(kind, bases)]
    assert set(bases) <= set(found)
    return found


@pytest.mark.parametrize("kind", kinds(boto.HTTPClientError, boto.ConnectionError))
def test_every_failed_connection_is_told_as_one(kind: type[Exception]) -> None:
    known = explain(made(kind))
    assert known is not None
    assert known.message.startswith("The endpoint cannot be reached: ")
    assert known.exit_code is ExitCode.REFUSED
    assert known.hint


@pytest.mark.parametrize("kind", kinds(boto.SSOError, boto.TokenRetrievalError, boto.NoAuthTokenError))
def test_every_lapsed_sign_in_says_how_to_sign_in(kind: type[Exception]) -> None:
    known = explain(made(kind))
    assert known is not None
    assert "aws sso login" in known.hint


@pytest.mark.parametrize("kind", kinds(boto.BaseEndpointResolverError, boto.ConfigParseError, boto.InvalidConfigError))
def test_every_unusable_configuration_is_a_wrong_usage(kind: type[Exception]) -> None:
    assert isinstance(explain(made(kind)), UsageProblem)


@pytest.mark.parametrize(
    ("asked", "environment", "sandbox"),
    [
        (LOCAL, LOCAL, True),
        (None, LOCAL, True),
        (LOCAL, None, True),  # a command that works on the sandbox whatever is chosen
        (REMOTE, None, False),
        (None, None, False),
        (None, REMOTE, False),
    ],
)
def test_only_a_local_endpoint_is_asked_whether_the_sandbox_runs(
    asked: str | None, environment: str | None, sandbox: bool
) -> None:
    error = boto.EndpointConnectionError(endpoint_url=asked) if asked else boto.HTTPClientError(error="no answer")
    known = explain(error, environment)
    assert known is not None
    assert ("sandbox" in known.hint) is sandbox
    assert ("network" in known.hint) is not sandbox


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
    assert explain(error, LOCAL) is None
