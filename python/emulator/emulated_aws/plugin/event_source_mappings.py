"""Lambda: which mappings from queues there may be, and what a function may answer to a batch.

https://docs.aws.amazon.com/lambda/latest/dg/services-sqs-configure.html
https://docs.aws.amazon.com/lambda/latest/api/API_CreateEventSourceMapping.html (InvalidParameterValueException)
https://docs.aws.amazon.com/lambda/latest/dg/services-sqs-errorhandling.html (success and failure conditions)

A queue's visibility timeout is at least its function's timeout. Looked at when a mapping is made and when it gets
another function; who changes the queue or the function afterwards is not stopped. A report of failed items that names
no item, or one that is not in the batch, fails the whole batch.
"""

import json
from collections.abc import Mapping
from contextvars import ContextVar
from typing import Any

from ministack.core.responses import error_response_json
from ministack.services import lambda_svc, sqs

from emulated_aws.replacement import replace

_items: ContextVar[frozenset[str] | None] = ContextVar("items", default=None)
"""The message ids of the batch that a function reports on; None when it reports on none."""


def install() -> None:
    """Refuse a mapping whose messages would come back while the function still has them."""
    replace(lambda_svc, "_create_esm", _checked_new)
    replace(lambda_svc, "_update_esm", _checked_changed)
    replace(lambda_svc, "_run_sqs_batch", _noting_the_batch)
    replace(lambda_svc, "_execute_function", _checking_the_report)


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


def _noting_the_batch(stock: Any) -> Any:
    def run(mapping: Mapping[str, Any], function: Any, event: Any, batch: Any, *more: Any) -> None:
        reports = "ReportBatchItemFailures" in (mapping.get("FunctionResponseTypes") or ())
        token = _items.set(frozenset(record["messageId"] for record in event["Records"]) if reports else None)
        try:
            stock(mapping, function, event, batch, *more)
        finally:
            _items.reset(token)

    return run


def _checking_the_report(stock: Any) -> Any:
    def execute(*given: Any, **named: Any) -> Any:
        result, items = stock(*given, **named), _items.get()
        if items is None or result.get("error") or is_report(result.get("body"), items):
            return result
        wrong = {"errorType": "InvalidBatchItemFailures", "errorMessage": "The report names no item of the batch."}
        return {**result, "error": True, "body": wrong}

    return execute


def is_report(answer: Any, items: frozenset[str]) -> bool:
    """Whether an answer is none, or reports on items of the batch alone."""
    try:
        said = json.loads(answer) if isinstance(answer, str | bytes) and answer else answer
    except ValueError:
        return False
    failures = said.get("batchItemFailures") if isinstance(said, Mapping) else None
    return all(isinstance(one, Mapping) and one.get("itemIdentifier") in items for one in failures or ())
