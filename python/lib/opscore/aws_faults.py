"""What an error of an AWS client means: try again, go slower, or give up.

Errors are read by their shape (botocore's `ClientError` carries `response`), so that this library needs no botocore.
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
}
_TRANSIENT = {
    "InternalError",
    "InternalFailure",
    "InternalServerError",
    "ServiceUnavailable",
    "ServiceUnavailableException",
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


def code(error: BaseException) -> str:
    """Return AWS's error code without its old namespace, or "" when this is no answer of AWS."""
    response = getattr(error, "response", None)
    if not isinstance(response, dict):
        return ""
    full = str(response.get("Error", {}).get("Code", ""))
    return full.removeprefix("AWS.SimpleQueueService.")


def message(error: BaseException) -> str:
    """Return what AWS said, or what the exception says."""
    response = getattr(error, "response", None)
    said = response.get("Error", {}).get("Message") if isinstance(response, dict) else None
    return " ".join(str(said or error).split())


def is_throttling(error: BaseException) -> bool:
    """Say whether AWS asked for fewer requests."""
    said = code(error)
    return said in _THROTTLED or said.endswith("Throttled")  # such as KmsThrottled


def is_transient(error: BaseException) -> bool:
    """Say whether the same call may succeed later: throttled, a fault on AWS's side, or no answer at all."""
    return is_throttling(error) or may_have_worked(error)


def may_have_worked(error: BaseException) -> bool:
    """Say whether the call may have had its effect although it failed: AWS did not answer, or failed in the middle."""
    return code(error) in _TRANSIENT or _is_unanswered(error)


def is_absent(error: BaseException) -> bool:
    """Say whether the queue does not exist."""
    return code(error) in _ABSENT


def is_unknown_operation(error: BaseException) -> bool:
    """Say whether the endpoint does not know the operation at all, as emulators do."""
    return code(error) in _UNKNOWN_OPERATION


def is_too_long(error: BaseException) -> bool:
    """Say whether the batch as a whole was over the endpoint's size limit."""
    return code(error) == "BatchRequestTooLong"


def _is_unanswered(error: BaseException) -> bool:
    if isinstance(error, ConnectionError | TimeoutError):
        return True
    names = {base.__name__ for base in type(error).__mro__}
    return "HTTPClientError" in names  # botocore's, when a connection broke or no answer came in time
