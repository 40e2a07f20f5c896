"""Step Functions: starting an execution again is idempotent while it runs, and its input is JSON.

https://docs.aws.amazon.com/step-functions/latest/apireference/API_StartExecution.html

With the name and the input of a STANDARD execution that runs, the answer is that of its start. With another input, or
when it has ended, it is ExecutionAlreadyExists; an EXPRESS name that exists always is. Inputs are compared as texts.
AWS lets a name be used again 90 days after its end, the emulator never. An input that is no JSON, or larger than 256
KiB, is InvalidExecutionInput.
"""

import json
from collections.abc import Mapping
from typing import Any

from ministack.core.responses import error_response_json, get_account_id, get_region, json_response
from ministack.services import stepfunctions

from emulated_aws.replacement import replace

LARGEST_INPUT = 256 * 1024
"""In bytes of UTF-8: https://docs.aws.amazon.com/step-functions/latest/dg/service-quotas.html."""


def install() -> None:
    """Answer a repeated start as the first."""
    replace(stepfunctions, "_start_execution", _idempotent)


def _idempotent(stock: Any) -> Any:
    def start(data: Mapping[str, Any]) -> Any:
        if problem := _problem_of(str(data.get("input", "{}"))):
            return error_response_json("InvalidExecutionInput", problem, 400)
        running = _same_execution(data)
        if running:
            return json_response({name: running[name] for name in ("executionArn", "startDate")})
        return stock(data)

    return start


def _problem_of(given: str) -> str:
    """Return what is wrong with an input; empty when nothing is."""
    if len(given.encode()) > LARGEST_INPUT:
        return f"Invalid State Machine Execution Input: it is larger than {LARGEST_INPUT} bytes"
    try:
        json.loads(given)
    except ValueError as error:
        return f"Invalid State Machine Execution Input: '{error}'"
    return ""


def _same_execution(data: Mapping[str, Any]) -> Mapping[str, Any] | None:
    """Return the execution that runs with this name and this input; None when none does."""
    arn = stepfunctions._resolve_state_machine_arn(str(data.get("stateMachineArn", "")).partition("#")[0])
    machine = stepfunctions._state_machines.get(arn) if arn else None
    if machine is None or not data.get("name") or machine.get("type") == "EXPRESS":
        return None
    named = f"arn:aws:states:{get_region()}:{get_account_id()}:execution:{machine['name']}:{data['name']}"
    found: Mapping[str, Any] | None = stepfunctions._executions.get(named)
    same = found is not None and found["status"] == "RUNNING" and found["input"] == data.get("input", "{}")
    return found if same else None
