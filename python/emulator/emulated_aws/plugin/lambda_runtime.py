"""Lambda: the Python runtime as AWS documents it.

Mended: the class of an exception is the error's `errorType`, with message, request id and stack trace
(https://docs.aws.amazon.com/lambda/latest/dg/python-exceptions.html); an exception leaves the execution environment
alive (https://docs.aws.amazon.com/lambda/latest/dg/lambda-runtime-environment.html); the root logger writes to the
function's log with level, time and request id (https://docs.aws.amazon.com/lambda/latest/dg/python-logging.html);
a handler that logs nothing is not waited for; the environment holds the documented variables and the function's own
(https://docs.aws.amazon.com/lambda/latest/dg/configuration-envvars.html), and the path the zip, the standard library
and the SDK (https://docs.aws.amazon.com/lambda/latest/dg/python-package.html).

Not modelled, and refused when a function starts: SnapStart. Not modelled, and not pretended: memory limits, the JSON
log format, one event for a record of several lines, INIT_START lines.
"""

import os
import queue
import subprocess
import time
from pathlib import Path
from typing import Any

from ministack.core import lambda_runtime
from ministack.services import lambda_svc

from emulated_aws.plugin import runtime_packages, worker
from emulated_aws.replacement import replace

DRAIN_SECONDS = 2.0
"""How long to wait for the end of an invocation's log: the mark is written before the answer, so it is on its way."""

DRAIN_SECONDS_OF_A_DEAD_WORKER = 0.1
END_SECONDS = 2.0


def install() -> None:
    """Give every Python function our worker, and its errors their real class."""
    os.environ[worker.RUNTIME_DIR_VARIABLE] = str(runtime_packages.provide(Path(os.environ["TMPDIR"])))
    script = Path(worker.__file__).read_text(encoding="utf-8")
    replace(lambda_runtime, "_PYTHON_WORKER_SCRIPT", lambda _: lambda_runtime.INVOKE_DEPTH_BOOTSTRAP + script)
    replace(lambda_runtime.Worker, "_drain_stderr_bounded", _drain_to_the_mark)
    replace(lambda_svc, "_execute_function_warm", _with_real_errors)


def _drain_to_the_mark(stock: Any) -> Any:
    def drain(self: Any, *args: Any, **kwargs: Any) -> str:
        if not str(self.config.get("Runtime", "")).startswith("python"):
            return str(stock(self, *args, **kwargs))
        seconds = DRAIN_SECONDS if self._proc else DRAIN_SECONDS_OF_A_DEAD_WORKER
        found, mark = _lines_until_mark(self._stderr_queue, seconds)
        if mark == worker.END_OF_ENVIRONMENT and self._proc:
            _end(self._proc)
        return "\n".join(found)

    return drain


def _end(process: "subprocess.Popen[str]") -> None:
    """Wait for a process that is about to end: an invocation that came before would be given to it."""
    try:
        process.wait(END_SECONDS)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()


def _lines_until_mark(lines: "queue.Queue[str]", seconds: float) -> tuple[list[str], str]:
    """Return the log of an invocation and the mark that ended it, empty when none came in time."""
    found: list[str] = []
    deadline = time.monotonic() + seconds
    while True:
        try:
            line = lines.get(timeout=max(0.0, deadline - time.monotonic()))
        except queue.Empty:
            return found, ""
        if line in (worker.END_OF_INVOCATION, worker.END_OF_ENVIRONMENT):
            return found, line
        found.append(line)


def _with_real_errors(stock: Any) -> Any:
    def execute(func: Any, event: Any, request_id: str) -> Any:
        answer = stock(func, event, request_id)
        body = answer.get("body")
        if isinstance(body, dict) and worker.ERROR_KEY in body:
            return {"body": body[worker.ERROR_KEY], "error": True, "log": answer.get("log", "")}
        return answer

    return execute
