"""The ways to replay that are compared: ours, one serial loop, and workers that do not know of each other."""

import tempfile
import threading
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import botocore.session
from botocore.config import Config

from ops_cli.frame.lean_sqs import LeanSqs
from opscore.dead_letters.engine.attempts import Attempts
from opscore.dead_letters.engine.engine import ClientEngine, Pace
from opscore.dead_letters.engine.journal import FileStorage, RunJournal
from opscore.dead_letters.engine.schedule import Limits
from opscore.dead_letters.looking.queue import describe
from opscore.dead_letters.sending.admission import Admission
from opscore.dead_letters.sending.destinations import Confirmation, Outcome, SqsDestination
from tests.bench.replay.sqs_stand_in import stand_in

EVER = 2_000_000_000_000


@dataclass(frozen=True)
class Speed:
    """How many messages were moved, in how long."""

    messages: int
    seconds: float

    @property
    def rate(self) -> float:
        """Messages a second."""
        return self.messages / self.seconds


def client(endpoint: str) -> Any:
    """Return botocore's client, which the peers use."""
    session = botocore.session.Session()
    session.set_credentials("test", "test")
    config = Config(max_pool_connections=64, retries={"mode": "standard", "total_max_attempts": 4})
    return session.create_client("sqs", region_name="eu-west-1", endpoint_url=endpoint, config=config)


def lean_client(inner: Any) -> Any:
    """Return the client that opsctl replays with."""
    return LeanSqs(inner)


def engine(
    messages: int,
    latency: float,
    *,
    workers: int = 16,
    maximum: int = 64,
    known: int = 0,
    calls_a_second: float | None = None,
) -> Speed:
    """Replay with the client engine and a journal on the disk; `known` messages are taken over from an earlier run."""
    with (
        stand_in(messages, latency=latency, calls_a_second=calls_a_second) as server,
        tempfile.TemporaryDirectory() as folder,
    ):
        sqs = lean_client(client(server.endpoint))
        queue = describe(sqs, "http://127.0.0.1/1/q")
        destination = SqsDestination(sqs, queue)
        attempts = Attempts()
        for number in range(known):
            attempts.settle(Outcome({f"known-{number}": Confirmation(f"known-{number}")}))
            attempts.deleted([f"known-{number}"])
        with FileStorage(Path(folder) / "run.ndjson") as storage:
            run = ClientEngine(
                sqs,
                queue,
                Admission("bench", EVER, lambda _letter: destination),
                RunJournal(storage),
                limits=Limits(),
                pace=Pace(workers, maximum),
                attempts=attempts,
            )
            began = time.perf_counter()
            moved = run.run().moved - known
            seconds = time.perf_counter() - began
        sent, deleted = server.counts()
        if not moved == sent == deleted == messages:
            raise AssertionError(f"{moved} moved, {sent} sent, {deleted} deleted of {messages}")
        return Speed(moved, seconds)


def coupled_workers(messages: int, latency: float, *, workers: int, wait_seconds: int, lean: bool = False) -> Speed:
    """Replay with workers that each receive, send and delete in turn; one worker is the serial loop.

    They use botocore's client, or our `lean` one.
    """
    with stand_in(messages, latency=latency) as server:
        sqs = client(server.endpoint)
        sqs = lean_client(sqs) if lean else sqs
        threads = [threading.Thread(target=_couple, args=(sqs, wait_seconds)) for _ in range(workers)]
        began = time.perf_counter()
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        return Speed(messages, time.perf_counter() - began)


def _couple(sqs: Any, wait_seconds: int) -> None:
    url = "http://127.0.0.1/1/q"
    names = {"MessageAttributeNames": ["All"], "MessageSystemAttributeNames": ["All"]}
    while True:
        answer = sqs.receive_message(
            QueueUrl=url, MaxNumberOfMessages=10, VisibilityTimeout=120, WaitTimeSeconds=wait_seconds, **names
        )
        messages = answer.get("Messages")
        if not messages:
            return
        entries = [
            {"Id": str(n), "MessageBody": message["Body"], "MessageAttributes": message["MessageAttributes"]}
            for n, message in enumerate(messages)
        ]
        sqs.send_message_batch(QueueUrl=url, Entries=entries)
        handles = [{"Id": str(n), "ReceiptHandle": message["ReceiptHandle"]} for n, message in enumerate(messages)]
        sqs.delete_message_batch(QueueUrl=url, Entries=handles)
