"""The Python runtime of the sandbox's functions: one process is one execution environment.

It runs on its own, without this project: the standard library only. It speaks the emulator's protocol, one JSON
object a line: the first line in is the start-up record, the first out says "ready"; then an invocation in, an answer
out. What the function prints or logs goes to stderr; a mark ends the log of each invocation.
"""

import importlib
import json
import logging
import os
import sys
import sysconfig
import time
import traceback
from types import TracebackType
from typing import Any, TextIO

END_OF_INVOCATION = "\x1eend of invocation"
END_OF_ENVIRONMENT = "\x1eend of environment"
"""In place of the other mark when this process ends with its answer: the next invocation needs a new one."""

ERROR_KEY = "__opsctl_function_error__"
RUNTIME_DIR_VARIABLE = "OPSCTL_LAMBDA_RUNTIME_DIR"

RUNTIME_VARIABLES = frozenset(
    {
        "AWS_ACCESS_KEY_ID",
        "AWS_SECRET_ACCESS_KEY",
        "AWS_SESSION_TOKEN",
        "AWS_REGION",
        "AWS_DEFAULT_REGION",
        "AWS_ENDPOINT_URL",
        "AWS_DISABLE_HOST_PREFIX_INJECTION",
        "AWS_LAMBDA_FUNCTION_NAME",
        "AWS_LAMBDA_FUNCTION_MEMORY_SIZE",
        "AWS_LAMBDA_FUNCTION_VERSION",
        "AWS_LAMBDA_LOG_STREAM_NAME",
        "LAMBDA_TASK_ROOT",
        "LANG",
        "PATH",
        "TZ",
    }
)
"""What a function may see of its process's own environment; AWS_ENDPOINT_URL is the one that AWS does not set."""


class Context:
    """The context object (https://docs.aws.amazon.com/lambda/latest/dg/python-context.html)."""

    identity = None
    client_context = None

    def __init__(self, init: dict[str, Any], ctx: dict[str, Any]) -> None:
        self.function_name = init["function_name"]
        self.function_version = os.environ.get("AWS_LAMBDA_FUNCTION_VERSION", "$LATEST")
        self.memory_limit_in_mb = str(init["memory"])
        self.invoked_function_arn = ctx.get("invoked_function_arn") or init["arn"]
        self.aws_request_id = ctx["request_id"]
        self.log_group_name = os.environ["AWS_LAMBDA_LOG_GROUP_NAME"]
        self.log_stream_name = os.environ.get("AWS_LAMBDA_LOG_STREAM_NAME", "")
        self._deadline = time.monotonic() + ctx["timeout_ms"] / 1000

    def get_remaining_time_in_millis(self) -> int:
        """Return the milliseconds that are left before the function times out."""
        return max(0, int((self._deadline - time.monotonic()) * 1000))


class LogHandler(logging.StreamHandler[TextIO]):
    """The root logger's handler: level, UTC time, request id, message, parted by tabs."""

    request_id = ""

    def __init__(self) -> None:
        super().__init__(sys.stderr)
        form = "[%(levelname)s]\t%(asctime)s.%(msecs)03dZ\t%(aws_request_id)s\t%(message)s"
        formatter = logging.Formatter(form, "%Y-%m-%dT%H:%M:%S")
        formatter.converter = time.gmtime
        self.setFormatter(formatter)

    def emit(self, record: logging.LogRecord) -> None:
        """Write `record` with the request that is being served."""
        record.aws_request_id = self.request_id
        super().emit(record)


def main() -> None:
    """Load the function, then serve invocations until the emulator closes the pipe."""
    answers = _keep_stdout_for_answers()
    init = json.loads(sys.stdin.readline())
    log = LogHandler()
    logging.getLogger().addHandler(log)
    _clean_environment(init)
    _clean_path(init["code_dir"])
    globals().get("_ms_install_invoke_depth", lambda: None)()
    function, failure = _load(init)
    _answer(answers, {"status": "ready", "cold": True})
    while line := sys.stdin.readline():
        message = json.loads(line)
        ctx = message["ctx"]
        log.request_id = ctx["request_id"]
        _set_invocation_variables(ctx)
        result, alive = _invoke(function, failure, message["event"], Context(init, ctx))
        sys.stderr.write(f"{END_OF_INVOCATION if alive else END_OF_ENVIRONMENT}\n")
        sys.stderr.flush()
        _answer(answers, {"status": "ok", "result": result})
        if not alive:
            return


def _keep_stdout_for_answers() -> TextIO:
    """Return a stream to the emulator, and send everything else that is written to stdout to the log."""
    answers = os.fdopen(os.dup(1), "w", encoding="utf-8")
    os.dup2(2, 1)
    sys.stdout = sys.stderr
    return answers


def _answer(answers: TextIO, message: dict[str, Any]) -> None:
    answers.write(json.dumps(message) + "\n")
    answers.flush()


def _clean_environment(init: dict[str, Any]) -> None:
    kept = {name: value for name, value in os.environ.items() if name in RUNTIME_VARIABLES}
    runtime_dir = os.environ[RUNTIME_DIR_VARIABLE]
    layers = os.environ.get("_LAMBDA_LAYERS_DIRS", "")
    os.environ.clear()
    os.environ.update(kept)
    os.environ.update(init["env"])
    os.environ.update(
        _HANDLER=f"{init['module']}.{init['handler']}",
        AWS_EXECUTION_ENV=f"AWS_Lambda_python3.{sys.version_info.minor}",
        AWS_LAMBDA_LOG_GROUP_NAME=f"/aws/lambda/{init['function_name']}",
        LAMBDA_RUNTIME_DIR=runtime_dir,
        TZ=":UTC",
    )
    time.tzset()
    if layers:
        raise SystemExit("the sandbox does not model Lambda layers")
    if init.get("snapstart"):
        raise SystemExit("the sandbox does not model Lambda SnapStart")


def _clean_path(code_dir: str) -> None:
    """Put the zip before the standard library and the runtime's SDK after it; leave out every site folder."""
    own = {sysconfig.get_path("stdlib"), sysconfig.get_path("platstdlib")}
    standard = [
        entry
        for entry in sys.path
        if entry in own or entry.endswith(".zip") or os.path.basename(entry) == "lib-dynload"  # noqa: PTH119
    ]
    sys.path[:] = [code_dir, *standard, os.environ["LAMBDA_RUNTIME_DIR"]]
    sys.meta_path[:] = [finder for finder in sys.meta_path if "editable" not in type(finder).__module__]


def _load(init: dict[str, Any]) -> tuple[Any, dict[str, Any] | None]:
    """Import the handler; a failure is kept and answered to the invocation that started this environment."""
    module_name, name = init["module"], init["handler"]
    try:
        module = importlib.import_module(module_name)
    except ImportError as error:
        return None, _failure("Runtime.ImportModuleError", f"Unable to import module '{module_name}': {error}", error)
    except SyntaxError as error:
        return None, _failure("Runtime.UserCodeSyntaxError", f"Syntax error in module '{module_name}': {error}", error)
    except Exception as error:  # noqa: BLE001 - whatever user code raises is the answer
        return None, _failure(type(error).__name__, str(error), error)
    if not hasattr(module, name):
        message = f"Handler '{name}' missing on module '{module_name}'"
        return None, _failure("Runtime.HandlerNotFound", message, None)
    return getattr(module, name), None


def _set_invocation_variables(ctx: dict[str, Any]) -> None:
    for name, value in (("_X_AMZN_TRACE_ID", ctx.get("trace_id")), ("_MINISTACK_INVOKE_DEPTH", ctx.get("depth"))):
        os.environ.pop(name, None)
        if value is not None:
            os.environ[name] = str(value)


def _invoke(function: Any, failure: dict[str, Any] | None, event: Any, context: Context) -> tuple[Any, bool]:
    """Return what the handler returned, or its error, and whether this environment can serve again."""
    if failure is not None:
        return _report(failure, context), False
    try:
        result = function(event, context)
    except SystemExit as error:
        message = f"RequestId: {context.aws_request_id} Error: Runtime exited with error: exit status {error.code}"
        return _report(_failure("Runtime.ExitError", message, None), context), False
    except BaseException as error:  # noqa: BLE001 - whatever user code raises is the answer
        return _report(_failure(type(error).__name__, str(error), error), context), True
    try:
        json.dumps(result)
    except (TypeError, ValueError) as error:
        message = f"Unable to marshal response: {error}"
        return _report(_failure("Runtime.MarshalError", message, None), context), True
    return result, True


def _failure(kind: str, message: str, error: BaseException | None) -> dict[str, Any]:
    frames = traceback.format_tb(_without_own_frames(error.__traceback__)) if error else []
    return {"errorType": kind, "errorMessage": message, "stackTrace": frames}


def _without_own_frames(trace: TracebackType | None) -> TracebackType | None:
    while trace is not None and trace.tb_frame.f_code.co_filename == __file__:
        trace = trace.tb_next
    return trace


def _report(failure: dict[str, Any], context: Context) -> dict[str, Any]:
    """Log `failure` as the runtime does and return it in the form the emulator's side takes apart."""
    frames = "".join(failure["stackTrace"])
    trace = f"Traceback (most recent call last):\n{frames}" if frames else ""
    sys.stderr.write(f"[ERROR] {failure['errorType']}: {failure['errorMessage']}\n{trace}".rstrip() + "\n")
    return {ERROR_KEY: {**failure, "requestId": context.aws_request_id}}


if __name__ == "__main__":
    main()
