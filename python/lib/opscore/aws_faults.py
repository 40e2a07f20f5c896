"""What an error of an AWS client means: try again, go slower, sign in again, give up; and may the call have worked.

Errors are read by their shape (botocore's `ClientError` carries `response`) and by the names of their classes, so that
this library needs no botocore.
"""

# Each service has a code of its own: SlowDown is S3's, OverLimit is SQS's for too many messages in flight.
_THROTTLED = {
    "Throttling",
    "ThrottlingException",
    "ThrottledException",
    "RequestThrottled",
    "RequestThrottledException",
    "RequestLimitExceeded",
    "TooManyRequestsException",
    "SlowDown",
    "OverLimit",
    "KMS.ThrottlingException",
    "429",
}
_TRANSIENT = {
    "InternalError",
    "InternalFailure",
    "InternalServerError",
    "ServiceUnavailable",
    "ServiceUnavailableException",
    "ServiceException",
    "RequestTimeout",
    "500",
    "502",
    "503",
    "504",
}
_ABSENT = {"QueueDoesNotExist", "NonExistentQueue"}
_UNKNOWN_OPERATION = {
    "InvalidAction",
    "UnknownOperation",
    "UnknownOperationException",
    "UnsupportedOperation",
    "NotImplemented",
    "InternalFailure",
}
EXPIRED = {"ExpiredToken", "ExpiredTokenException", "RequestExpired", "TokenRefreshRequired"}
UNKNOWN_KEY = {"InvalidClientTokenId", "UnrecognizedClientException", "InvalidAccessKeyId", "SignatureDoesNotMatch"}
"""What services say of credentials that have ended, and of a key that they do not know; temporary ones end as both.

https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/CommonErrors.html
"""

_UNREACHED = {"EndpointConnectionError", "ConnectTimeoutError", "NewConnectionError"}
"""Errors of connections that never came about: the call was not sent, so it had no effect. The last is urllib3's own.

botocore's SSLError and ProxyConnectionError are none of them: both also stand for a connection that broke while the
answer was awaited.
"""

_NO_TUNNEL = "Tunnel connection failed"  # the text of http.client's bare OSError when a proxy will not connect

_UNANSWERED = {"HTTPClientError", "ConnectionError", "IncompleteReadError"}
"""The bases of botocore's errors of connections: what breaks while connecting is no HTTPClientError."""

_CREDENTIALS = {
    "NoCredentialsError",
    "PartialCredentialsError",
    "CredentialRetrievalError",
    "UnknownCredentialError",
    "RefreshWithMFAUnsupportedError",
    "MetadataRetrievalError",
    "SSOError",
    "TokenRetrievalError",
    "NoAuthTokenError",
    "LoginError",
}
"""botocore's errors, with those that derive from them, when it has no credentials or cannot renew them."""

_STILL_EXPIRED = "refreshed credentials are still expired"  # the text of a bare RuntimeError of botocore


class EntryRefused(Exception):
    """What AWS said of one entry of a batch, in the shape of an error about a whole call."""

    def __init__(self, entry_code: str, text: str) -> None:
        super().__init__(f"{entry_code}: {text}")
        self.response = {"Error": {"Code": entry_code, "Message": text}}


def code(error: BaseException) -> str:
    """Return AWS's error code without its old namespace, or "" when this is no answer of AWS."""
    response = getattr(error, "response", None)
    if not isinstance(response, dict):
        return ""
    full = str(response.get("Error", {}).get("Code", ""))
    return full.removeprefix("AWS.SimpleQueueService.")


def name(error: BaseException) -> str:
    """Return AWS's error code, or the exception's name when AWS did not answer."""
    return code(error) or type(error).__name__


def message(error: BaseException) -> str:
    """Return what AWS said, or what the exception says."""
    response = getattr(error, "response", None)
    said = response.get("Error", {}).get("Message") if isinstance(response, dict) else None
    return " ".join(str(said or error).split())


def is_throttling(error: BaseException) -> bool:
    """Say whether AWS asked for fewer requests."""
    return is_throttling_code(code(error))


def is_throttling_code(said: str) -> bool:
    """Say the same of a bare code, such as an entry of a batch has."""
    return said in _THROTTLED or said.endswith("Throttled")  # such as KmsThrottled


def is_transient(error: BaseException) -> bool:
    """Say whether the same call may succeed later: throttled, a fault on AWS's side, or no connection or answer."""
    return is_throttling(error) or is_fault_code(code(error)) or is_unanswered(error)


def is_fault_code(said: str) -> bool:
    """Say whether a code is a fault on AWS's side, in the middle of the work."""
    return said in _TRANSIENT


def may_have_worked(error: BaseException) -> bool:
    """Say whether the call may have had its effect although it failed.

    AWS refused it clearly, or it was never sent: then it had none. Of every other error that cannot be said.
    """
    if said := code(error):
        return is_fault_code(said)
    return not (_was_never_sent(error) or is_of_credentials(error))


def _was_never_sent(error: BaseException) -> bool:
    """Say whether there was no connection to send a call over. Of a proxy's failure only its cause says so."""
    kept = getattr(error, "kwargs", {}).get("error")
    cause = getattr(kept, "original_error", None) if "ProxyConnectionError" in _names(error) else error
    return cause is not None and bool(_names(cause) & _UNREACHED or _NO_TUNNEL in str(cause))


def is_of_credentials(error: BaseException) -> bool:
    """Say whether there are no valid credentials (any more): nothing will succeed until somebody signs in again."""
    if said := code(error):
        return is_credentials_code(said)
    return bool(_names(error) & _CREDENTIALS) or (isinstance(error, RuntimeError) and _STILL_EXPIRED in str(error))


def is_credentials_code(said: str) -> bool:
    """Say the same of a bare code."""
    return said in EXPIRED or said in UNKNOWN_KEY


def is_of_aws(error: BaseException) -> bool:
    """Say whether an error came from AWS or from the way there, and not from this machine or this program."""
    return bool(code(error)) or is_unanswered(error) or is_of_credentials(error)


def is_absent(error: BaseException) -> bool:
    """Say whether the queue does not exist."""
    return code(error) in _ABSENT


def is_unknown_operation(error: BaseException) -> bool:
    """Say whether the endpoint does not know the operation at all, as emulators do."""
    return code(error) in _UNKNOWN_OPERATION


def is_too_long(error: BaseException) -> bool:
    """Say whether the batch as a whole was over the endpoint's size limit."""
    return code(error) == "BatchRequestTooLong"


def is_unanswered(error: BaseException) -> bool:
    """Say whether no answer came: no connection, one that broke, or none in time."""
    return isinstance(error, ConnectionError | TimeoutError) or bool(_names(error) & _UNANSWERED)


def _names(error: BaseException) -> set[str]:
    return {base.__name__ for base in type(error).__mro__}
