"""What AWS's refusals mean for an operator: one sentence and one next step each."""

import re
from urllib.parse import urlsplit

import botocore.exceptions as boto

from ops_cli.frame.environments import Environment
from opscore.aws_faults import EXPIRED, UNKNOWN_KEY, is_of_credentials, is_throttling
from opscore.errors import ExitCode, NotFound, OpsError, RefusedByAws, UsageProblem

_DENIED = {"AccessDenied", "AccessDeniedException", "UnauthorizedOperation", "403", "AuthorizationError"}
_SKEWED = "RequestTimeTooSkewed"

_CONNECTION = (boto.HTTPClientError, boto.ConnectionError, boto.IncompleteReadError)
"""Two bases, as botocore has them: what fails while connecting is no HTTPClientError."""

_SIGN_IN = (
    boto.SSOError,
    boto.TokenRetrievalError,
    boto.NoAuthTokenError,
    getattr(boto, "LoginError", boto.SSOError),  # `aws login` came with botocore 1.41
)
_CONFIGURATION = (
    boto.ConfigParseError,
    boto.ConfigNotFound,
    boto.InvalidConfigError,
    boto.InvalidProxiesConfigError,
    boto.InvalidRetryConfigurationError,
    boto.InvalidDefaultsMode,
    boto.UnknownTokenProviderError,
    boto.MissingDependencyException,
    boto.BaseEndpointResolverError,
    boto.EndpointProviderError,
    boto.InvalidRegionError,
    boto.UnknownRegionError,
)

_LOGIN = "`aws sso login --profile NAME` (or your own way to get new credentials), then run the command again."


def explain(error: Exception, endpoint: str | None = None) -> OpsError | None:
    """Return the `OpsError` behind an exception of botocore, or None when it is not botocore's.

    `endpoint` is the URL that the chosen environment has instead of AWS's own, if it has one.
    """
    if isinstance(error, boto.ClientError):
        return _client_error(error)
    if isinstance(error, _CONNECTION):
        return _unreachable(error, endpoint)
    if isinstance(error, boto.ProfileNotFound):
        return UsageProblem(_sentence(error), hint="`aws configure list-profiles` lists the profiles.")
    if isinstance(error, boto.NoRegionError):
        return UsageProblem("No region is set.", hint="Say --region, or give the environment one.")
    if isinstance(error, _SIGN_IN):
        return RefusedByAws(f"You are not signed in, or no longer: {_sentence(error)}", hint=_LOGIN)
    if is_of_credentials(error):
        return RefusedByAws(f"No usable AWS credentials: {_sentence(error)}", hint=_LOGIN)
    if isinstance(error, _CONFIGURATION) or _is_bad_endpoint(error, endpoint):
        return UsageProblem(
            f"The AWS configuration cannot be used: {_sentence(error)}",
            hint="Correct the environment (`opsctl env list` shows it), the options, or ~/.aws/config.",
        )
    if isinstance(error, boto.ParamValidationError):
        return OpsError(f"AWS would not take the request: {_sentence(error)}")
    return None


def _is_bad_endpoint(error: Exception, endpoint: str | None) -> bool:
    """Say whether an endpoint is no URL: botocore and the standard library raise a bare ValueError."""
    if not isinstance(error, ValueError):
        return False
    return str(error).startswith("Invalid endpoint") or not (endpoint is None or _is_url(endpoint))


def _is_url(text: str) -> bool:
    try:
        parts = urlsplit(text)
        return bool(parts.hostname) and parts.port != 0
    except ValueError:
        return False


def _unreachable(error: Exception, endpoint: str | None) -> RefusedByAws:
    if isinstance(error, boto.ProxyConnectionError):
        hint = "HTTPS_PROXY names the proxy, NO_PROXY what is reached without it: are both right?"
    elif isinstance(error, boto.SSLError):
        hint = "Does a proxy stand between? AWS_CA_BUNDLE names the file with its certificate authority."
    elif Environment("", endpoint=_asked(error) or endpoint).is_local:
        hint = "Is the sandbox running? `opsctl sandbox status` says so, `opsctl sandbox up` starts it."
    else:
        hint = "Check the network, the VPN or proxy, and the region's name; `opsctl doctor` says what can be reached."
    return RefusedByAws(f"The endpoint cannot be reached: {_sentence(error)}", hint=hint)


def _asked(error: Exception) -> str | None:
    """Return the URL that was asked, when botocore says which."""
    return str(getattr(error, "kwargs", {}).get("endpoint_url") or "") or None


def _client_error(error: boto.ClientError) -> OpsError:
    code = str(error.response.get("Error", {}).get("Code", ""))
    message = str(error.response.get("Error", {}).get("Message", "")) or code
    if code in EXPIRED:
        return RefusedByAws("The AWS credentials have expired.", hint=_LOGIN)
    if code in UNKNOWN_KEY:
        return RefusedByAws(f"AWS does not know these credentials ({code}).", hint=_LOGIN)
    if code in _DENIED:
        return RefusedByAws(
            f"Not allowed: {_action(error, message)}.",
            hint="Ask for that action, or use a profile that has it.",
        )
    if is_throttling(error):
        return RefusedByAws(
            f"AWS is throttling {error.operation_name} and kept doing so over several tries.",
            hint="Wait a minute, then run the command again.",
        )
    if code == _SKEWED:
        return RefusedByAws("This machine's clock is wrong.", hint="Set the clock; `opsctl doctor` shows the skew.")
    if "NotFound" in code or "NonExistent" in code or "DoesNotExist" in code or code.startswith("NoSuch"):
        return NotFound(f"{error.operation_name}: {message}", hint="`opsctl doctor` checks the stack.")
    return OpsError(f"{error.operation_name} failed ({code}): {message}", exit_code=ExitCode.REFUSED)


def _action(error: boto.ClientError, message: str) -> str:
    """Name the IAM action that was denied: from the message when it is there, else from the operation."""
    named = re.search(r"perform:? ([a-z0-9-]+:[A-Za-z]+)(?: on resource:? (\S+))?", message)
    if not named:
        return f"{error.operation_name} ({message})"
    action, resource = named.groups()
    return f"{action} on {resource}" if resource else action


def _sentence(error: Exception) -> str:
    return " ".join(str(error).split())
