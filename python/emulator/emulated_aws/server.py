"""Serve the mended emulator on the loopback interface, sample and evaluate, write checkpoints, stop on SIGTERM."""

import asyncio
import json
import logging
import os
import signal
import time
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import ministack.app
from hypercorn.asyncio import serve as hypercorn_serve
from hypercorn.config import Config
from ministack.core import lambda_runtime

from emulated_aws.checkpoint import Checkpointer
from emulated_aws.plugin import alarm_evaluation, sqs
from emulated_aws.plugin.answer_pace import Send, paced

IDENTITY_PATH = "/_opsctl/identity"
CHECKPOINT_PATH = "/_opsctl/checkpoint"
MEASURE_SECONDS = 2.0
CHECKPOINT_SECONDS = 5.0
LARGEST_SHARE = 0.02
"""Checkpoints take at most this share of the time; a large state is written less often."""

logger = logging.getLogger("opsctl")

Receive = Callable[[], Awaitable[Mapping[str, Any]]]


@dataclass(frozen=True)
class Identity:
    """Who answers on the port: the process, the life of the account it holds, its version, since when."""

    pid: int
    state_id: str
    emulator: str
    started_at: float


async def run(port: int, state_dir: Path, state_id: str, version: str) -> None:
    """Serve until SIGTERM or SIGINT, then write a last checkpoint and end the functions' processes."""
    stop = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    checkpointer = Checkpointer(state_dir, state_id, version)
    identity = Identity(os.getpid(), state_id, version, time.time())
    background = [
        asyncio.create_task(_every(MEASURE_SECONDS, _measure)),
        asyncio.create_task(_every(CHECKPOINT_SECONDS, lambda: asyncio.to_thread(checkpointer.write))),
    ]
    config = Config()
    config.bind = [f"127.0.0.1:{port}"]
    config.keep_alive_timeout = 75
    try:
        await hypercorn_serve(_with_own_routes(identity, checkpointer), config, shutdown_trigger=stop.wait)
    finally:
        for task in background:
            task.cancel()
        checkpointer.write()
        lambda_runtime.reset()


async def _measure() -> None:
    sqs.record_metrics()
    alarm_evaluation.evaluate_all()


async def _every(seconds: float, work: Callable[[], Awaitable[object]]) -> None:
    while True:
        await asyncio.sleep(seconds)
        began = time.monotonic()
        try:
            await work()
        except Exception:
            logger.exception("%s failed; tried again in %g s", work, seconds)
        await asyncio.sleep((time.monotonic() - began) / LARGEST_SHARE)


def _with_own_routes(identity: Identity, checkpointer: Checkpointer) -> Any:
    async def who() -> Identity:
        return identity

    answers: Mapping[tuple[str, str], Callable[[], Awaitable[Any]]] = {
        ("GET", IDENTITY_PATH): who,
        ("POST", CHECKPOINT_PATH): lambda: asyncio.to_thread(checkpointer.write),
    }

    async def application(scope: Mapping[str, Any], receive: Receive, send: Send) -> None:
        answer = answers.get((scope.get("method", ""), scope.get("path", "")))
        if answer is None:
            await ministack.app.app(scope, receive, paced(scope, send))
            return
        body = json.dumps(asdict(await answer())).encode()
        headers = [(b"content-type", b"application/json"), (b"content-length", str(len(body)).encode())]
        await send({"type": "http.response.start", "status": 200, "headers": headers})
        await send({"type": "http.response.body", "body": body})

    return application
