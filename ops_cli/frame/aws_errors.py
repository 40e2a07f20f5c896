"""What AWS's refusals mean for an operator: one sentence and one next step each."""

import re
from urllib.parse import urlsplit

import botocore.exceptions as boto

from ops_cli.frame.environments import Environment
from opscore.aws_faults import EXPIRED, UNKNOWN_KEY, is_of_credentials, is_throttling
from opscore.errors import ExitCode, NotFound, OpsError, RefusedByAws, UsageProblem

_DENIED = {"AccessDenied", "AccessDeniedException", "UnauthorizedOperation", "403", "AuthorizationError"}
_SKEWED = "RequestTimeTooSkewed"

_CONNECTION = {"HTTPClientError", "ConnectionError", "IncompleteReadError"}
"""Two bases, as botocore has them: what fails while connecting is no HTTPClientError."""

_SIGN_IN = {"SSOError", "TokenRetrievalError", "NoAuthTokenError", "LoginError"}
_DAMAGED = {"ChecksumError", "FlexibleChecksumError", "AwsChunkedWrapperError"}
_CONFIGURATION = {
    "ConfigParseError",
    "ConfigNotFound",
    "InvalidChecksumConfigError",
    "InvalidConfigError",
    "InvalidEndpointConfigurationError",
    "InvalidEndpointDiscoveryConfigurationError",
    "InvalidIMDSEndpointError",
    "InvalidIMDSEndpointModeError",
    "InvalidProxiesConfigError",
    "InvalidRetryConfigurationError",
    "InvalidS3AddressingStyleError",
    "InvalidS3UsEast1RegionalEndpointConfigError",
    "InvalidSTSRegionalEndpointsConfigError",
    "InvalidDefaultsMode",
    "UnknownTokenProviderError",
    "UnknownSignatureVersionError",
    "UnsupportedSignatureVersionError",
    "UnsupportedS3ConfigurationError",
    "MD5UnavailableError",
    "MissingDependencyException",
    "BaseEndpointResolverError",
    "EndpointProviderError",
    "InvalidRegionError",
    "ServiceNotInRegionError",
    "UnknownRegionError",
}
"""Names of botocore's errors, which stand for those that derive from them: not each botocore has all of them."""

_LOGIN = "`aws sso login --profile NAME` (or your own way to get new credentials), then run the command again."


def explain(error: Exception, environment: Environment | None = None) -> OpsError | None:
    """Return the `OpsError` behind an exception of botocore, or None when it is not botocore's.

    `environment` is the chosen one, if that is known.
    """
    names = {base.__name__ for base in type(error).__mro__ if base.__module__ == boto.__name__}
    if isinstance(error, boto.ClientError):
        return _client_error(error)
    if names & _CONNECTION:
        return _unreachable(error, environment)
    if isinstance(error, boto.ProfileNotFound):
        return UsageProblem(_sentence(error), hint="`aws configure list-profiles` lists the profiles.")
    if isinstance(error, boto.NoRegionError):
        return UsageProblem("No region is set.", hint="Say --region, or give the environment one.")
    if names & _SIGN_IN:
        return RefusedByAws(f"You are not signed in, or no longer: {_sentence(error)}", hint=_LOGIN)
    if is_of_credentials(error):
        return RefusedByAws(f"No usable AWS credentials: {_sentence(error)}", hint=_LOGIN)
    if names & _CONFIGURATION or _is_bad_endpoint(error, environment):
        return UsageProblem(
            f"The AWS configuration cannot be used: {_sentence(error)}",
            hint="Correct the environment (`opsctl env list` shows it), the options, or ~/.aws/config.",
        )
    if names & _DAMAGED:
        hint = "Run the command again. Does it happen again, a proxy between may change what it passes on."
        return RefusedByAws(f"An answer of AWS was damaged on its way: {_sentence(error)}", hint=hint)
    if isinstance(error, boto.ParamValidationError):
        return OpsError(f"AWS would not take the request: {_sentence(error)}")
    return None


def _is_bad_endpoint(error: Exception, environment: Environment | None) -> bool:
    """Say whether an endpoint is no URL: botocore and the standard library raise a bare ValueError."""
    endpoint = environment.endpoint if environment else None
    if not isinstance(error, ValueError):
        return False
    return str(error).startswith("Invalid endpoint") or not (endpoint is None or _is_url(endpoint))


def _is_url(text: str) -> bool:
    try:
        parts = urlsplit(text)
        return bool(parts.hostname) and parts.port != 0
    except ValueError:
        return False


def _unreachable(error: Exception, environment: Environment | None) -> RefusedByAws:
    asked = _asked(error) or (environment and environment.endpoint) or ""
    host = urlsplit(asked).netloc if _is_url(asked) else asked
    return RefusedByAws(
        f"{host or 'AWS'} cannot be reached: {_sentence(error)}", hint=_way_to(error, asked, environment)
    )


def _way_to(error: Exception, asked: str, environment: Environment | None) -> str:
    """Say what to check: the proxy, the certificates, the sandbox, another emulator, or the way to AWS."""
    if isinstance(error, boto.ProxyConnectionError):
        return "HTTPS_PROXY names the proxy, NO_PROXY what is reached without it: are both right?"
    if isinstance(error, boto.SSLError):
        return "Does a proxy stand between? AWS_CA_BUNDLE names the file with its certificate authority."
    if Environment("", endpoint=asked).is_local:
        if environment is None or environment.clone:
            return "Is the sandbox running? `opsctl sandbox status` says so, `opsctl sandbox up` starts it."
        return f"Does anything listen there? `opsctl env list` shows the endpoint of {environment.name}."
    region = f"the region {environment.region}" if environment and environment.region else "the region's name"
    return f"Check the network, the VPN or proxy, and {region}; `opsctl doctor` says what can be reached."


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
