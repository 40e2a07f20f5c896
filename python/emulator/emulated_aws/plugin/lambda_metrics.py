"""Lambda: every invocation counts in the metrics, not only the synchronous ones, so that error alarms can ring.

https://docs.aws.amazon.com/lambda/latest/dg/monitoring-metrics-types.html

Modelled: Invocations, Errors, Throttles and Duration with the dimension FunctionName. A throttled request is no
invocation and no error. Not modelled: the dimensions Resource and ExecutedVersion, and every other metric.
"""

import time
from typing import Any

from ministack.services import cloudwatch, lambda_svc

from emulated_aws.replacement import replace

NAMESPACE = "AWS/Lambda"


def install() -> None:
    """Count where every executor passes, and drop the emulator's own count of the synchronous calls."""
    replace(lambda_svc, "_execute_function_dispatch", _counted)
    replace(lambda_svc, "_emit_lambda_metrics", lambda _: _count_throttles)


def _counted(stock: Any) -> Any:
    def dispatch(func: Any, config: Any, event: Any, request_id: str, started: float) -> Any:
        answer = stock(func, config, event, request_id, started)
        _record(config["FunctionName"], "Invocations", 1)
        _record(config["FunctionName"], "Errors", 1 if answer.get("error") else 0)
        _record(config["FunctionName"], "Duration", (time.time() - started) * 1000, "Milliseconds")
        return answer

    return dispatch


def _count_throttles(function_name: str, duration_ms: float, error: bool, throttle: bool) -> None:  # noqa: ARG001
    # A refused synchronous call is reported twice: where it is refused, with no duration, and again by the caller.
    if throttle and not duration_ms:
        _record(function_name, "Throttles", 1)


def _record(function_name: str, metric: str, value: float, unit: str = "Count") -> None:
    cloudwatch.record_metric(NAMESPACE, metric, value, unit, {"FunctionName": function_name})
