"""Lambda: a mapping from a queue needs a visibility timeout that is at least its function's timeout.

https://docs.aws.amazon.com/lambda/latest/dg/services-sqs-configure.html
https://docs.aws.amazon.com/lambda/latest/api/API_CreateEventSourceMapping.html (InvalidParameterValueException)

Looked at when a mapping is made and when it gets another function; who changes the queue or the function afterwards is
not stopped.
"""

from collections.abc import Mapping
from typing import Any

from ministack.core.responses import error_response_json
from ministack.services import lambda_svc, sqs

from emulated_aws.replacement import replace


def install() -> None:
    """Refuse a mapping whose messages would come back while the function still has them."""
    replace(lambda_svc, "_create_esm", _checked_new)
    replace(lambda_svc, "_update_esm", _checked_changed)


def _checked_new(stock: Any) -> Any:
    def create(data: Mapping[str, Any]) -> Any:
        return _problem(data.get("EventSourceArn"), data.get("FunctionName")) or stock(data)

    return create


def _checked_changed(stock: Any) -> Any:
    def update(mapping_id: str, data: Mapping[str, Any]) -> Any:
        mapping = lambda_svc._esms.get(mapping_id) or {}
        return _problem(mapping.get("EventSourceArn"), data.get("FunctionName")) or stock(mapping_id, data)

    return update


def _problem(source: Any, function: Any) -> Any:
    """Return the answer that refuses the pair; None when it is fine, or when one of the two does not exist."""
    queue = sqs._queue_by_arn(str(source or ""))
    _found, configuration, _name = lambda_svc._get_func_record_for_ref(str(function)) if function else (None, None, "")
    if queue is None or not configuration:
        return None
    hidden, longest = int(queue["attributes"].get("VisibilityTimeout", 30)), int(configuration.get("Timeout", 3))
    if hidden >= longest:
        return None
    message = f"Queue visibility timeout: {hidden} seconds is less than Function timeout: {longest} seconds"
    return error_response_json("InvalidParameterValueException", message, 400)
