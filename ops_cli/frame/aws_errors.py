"""What AWS's refusals mean for an operator: one sentence and one next step each."""

import re

import botocore.exceptions as boto

from opscore import aws_faults
from opscore.errors import ExitCode, NotFound, OpsError, RefusedByAws, UsageProblem

_EXPIRED = {"ExpiredToken", "ExpiredTokenException", "RequestExpired", "TokenRefreshRequired"}
_BAD_KEY = {
    "InvalidClientTokenId",
    "UnrecognizedClientException",
    "InvalidAccessKeyId",
    "SignatureDoesNotMatch",
}
_DENIED = {"AccessDenied", "AccessDeniedException", "UnauthorizedOperation", "403", "AuthorizationError"}
_LOGIN = "`aws sso login --profile NAME` (or your own way to get new credentials), then run the command again."
_SKEWED = "RequestTimeTooSkewed"


def explain(error: Exception) -> OpsError | None:
    """Return the `OpsError` behind an exception of botocore, or None when it is not botocore's."""
    if isinstance(error, boto.ClientError):
        return _client_error(error)
    if isinstance(error, boto.ProfileNotFound):
        return UsageProblem(f"{_sentence(error)}", hint="`aws configure list-profiles` lists the profiles.")
    if isinstance(error, boto.NoRegionError):
        return UsageProblem("No region is set.", hint="Say --region, or give the environment one.")
    if isinstance(error, boto.NoCredentialsError | boto.PartialCredentialsError | boto.CredentialRetrievalError):
        return RefusedByAws(f"No usable AWS credentials: {_sentence(error)}", hint=_LOGIN)
    if isinstance(error, boto.UnauthorizedSSOTokenError | boto.SSOTokenLoadError | boto.TokenRetrievalError):
        return RefusedByAws("The sign-in has expired.", hint=_LOGIN)
    if isinstance(error, boto.HTTPClientError | boto.EndpointConnectionError):
        return RefusedByAws(
            f"The endpoint cannot be reached: {_sentence(error)}",
            hint="Is the sandbox running (`opsctl sandbox status`), or the network down? `opsctl doctor` checks.",
        )
    if isinstance(error, boto.ParamValidationError):
        return OpsError(f"AWS would not take the request: {_sentence(error)}")
    return None


def _client_error(error: boto.ClientError) -> OpsError:
    code = str(error.response.get("Error", {}).get("Code", ""))
    message = str(error.response.get("Error", {}).get("Message", "")) or code
    if code in _EXPIRED:
        return RefusedByAws("The AWS credentials have expired.", hint=_LOGIN)
    if code in _BAD_KEY:
        return RefusedByAws(f"AWS does not know these credentials ({code}).", hint=_LOGIN)
    if code in _DENIED:
        return RefusedByAws(
            f"Not allowed: {_action(error, message)}.",
            hint="Ask for that action, or use a profile that has it.",
        )
    if aws_faults.is_throttling(error):
        return RefusedByAws(
            f"AWS is throttling {error.operation_name} and kept doing so over several tries.",
            hint="Wait a minute, then run the command again.",
        )
    if code == _SKEWED:
        return RefusedByAws("This machine's clock is wrong.", hint="Set the clock; `opsctl doctor` shows the skew.")
    if "NotFound" in code or "NonExistent" in code or code.startswith("NoSuch"):
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
