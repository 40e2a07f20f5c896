"""The real command against the emulator: thousands of dead letters, a consumer that rejects some, and `kill -9`.

It takes two minutes of waiting: so long does a killed process hide the messages it had received.
"""

import json
import os
import subprocess
import sys
import threading
import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from ops_cli.clone.record import REGION
from opscore.dead_letters.engine.run_state import read_state
from tests.emulator.emulated_account import Account

MESSAGES = 10_000
REJECTED_EVERY = 100
OPSCTL = [sys.executable, "-c", "from ops_cli.main import main; main()"]


class Consumer:
    """Takes what comes into the work queue, keeps count, and rejects some: those go back to the dead letters."""

    def __init__(self, sqs: Any, url: str) -> None:
        self.taken: Counter[int] = Counter()
        self._sqs, self._url = sqs, url
        self._stopped = threading.Event()
        self._thread = threading.Thread(target=self._work)

    def __enter__(self) -> "Consumer":
        self._thread.start()
        return self

    def __exit__(self, *_error: object) -> None:
        self._stopped.set()
        self._thread.join()

    def _work(self) -> None:
        while not self._stopped.is_set():
            answer = self._sqs.receive_message(
                QueueUrl=self._url, MaxNumberOfMessages=10, WaitTimeSeconds=1, VisibilityTimeout=1
            )
            messages = answer.get("Messages", [])
            accepted = [message for message in messages if int(message["Body"]) % REJECTED_EVERY]
            self.taken.update(int(message["Body"]) for message in accepted)
            if accepted:
                entries = [{"Id": str(n), "ReceiptHandle": m["ReceiptHandle"]} for n, m in enumerate(accepted)]
                self._sqs.delete_message_batch(QueueUrl=self._url, Entries=entries)


class Queues:
    """A dead-letter queue full of old messages, its work queue, and opsctl set up to work on them."""

    def __init__(self, account: Account, home: Path) -> None:
        self.sqs = account.client("sqs")
        self.dead = self.sqs.create_queue(QueueName="killed-dead-letter")["QueueUrl"]
        arn = self.sqs.get_queue_attributes(QueueUrl=self.dead, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
        policy = json.dumps({"deadLetterTargetArn": arn, "maxReceiveCount": 1})
        self.work = self.sqs.create_queue(QueueName="killed", Attributes={"RedrivePolicy": policy})["QueueUrl"]
        queues = {"killed": {"name": "killed", "dead_letter": "killed-dead-letter", "consumer": "worker"}}
        described: dict[str, Any] = {key: {} for key in ("state_machines", "tables", "buckets", "fleets")}
        described |= {"schema_version": 1, "project": "opsctl", "environment": "here", "queues": queues}
        described |= {
            "account_id": "000000000000",
            "region": REGION,
            "functions": {"worker": {"name": "worker"}},
        }
        account.client("ssm").put_parameter(Name="/opsctl/here/stack", Value=json.dumps(described), Type="String")
        config = home / "config" / "opsctl"
        config.mkdir(parents=True)
        (config / "environments.toml").write_text(
            f'[here]\nendpoint = "{account.emulator.endpoint}"\nregion = "{REGION}"\n', encoding="utf-8"
        )
        self.journals = home / "state" / "opsctl" / "replays"
        self._environment = os.environ | {
            "XDG_CONFIG_HOME": str(home / "config"),
            "XDG_STATE_HOME": str(home / "state"),
        }

    def start(self, *arguments: str) -> "subprocess.Popen[str]":
        command = [*OPSCTL, "--env", "here", *arguments]
        pipe = subprocess.PIPE
        return subprocess.Popen(command, env=self._environment, stdout=pipe, stderr=pipe, text=True)

    def fill(self) -> None:
        for first in range(0, MESSAGES, 10):
            entries = [{"Id": str(n), "MessageBody": str(n)} for n in range(first, first + 10)]
            self.sqs.send_message_batch(QueueUrl=self.dead, Entries=entries)

    def left(self) -> set[int]:
        found: set[int] = set()
        while messages := self.sqs.receive_message(QueueUrl=self.dead, MaxNumberOfMessages=10).get("Messages", []):
            found |= {int(message["Body"]) for message in messages}
        return found


@pytest.fixture
def queues(account: Account, tmp_path: Path) -> Iterator[Queues]:
    made = Queues(account, tmp_path)
    yield made
    for url in (made.dead, made.work):
        made.sqs.delete_queue(QueueUrl=url)


@pytest.mark.e2e
def test_a_killed_replay_is_resumed_and_nothing_is_lost(queues: Queues) -> None:
    queues.fill()
    time.sleep(1.1)  # SQS's date header has whole seconds: the messages must be older than the run
    with Consumer(queues.sqs, queues.work) as consumer:
        process = queues.start("replay-dlq", "killed", "--yes", "--rate", "1500/s")
        journal = await_half(queues.journals, process)
        process.kill()
        process.communicate()
        state = read_state(journal.read_bytes().splitlines())
        assert 0 < len(state.arrived) < MESSAGES

        resumed = queues.start("dlq", "resume", journal.stem, "--yes", "--output", "json")
        out, err = resumed.communicate(timeout=400)
        assert resumed.returncode == 0, err
        tally = json.loads(out)
        await_rejected(queues)
    rejected = set(range(0, MESSAGES, REJECTED_EVERY))
    assert set(consumer.taken) == set(range(MESSAGES)) - rejected
    assert queues.left() == rejected
    twice = sum(count - 1 for count in consumer.taken.values())
    assert twice <= len(state.in_doubt) <= 10 * 64
    assert tally["possibly_twice"] <= len(state.in_doubt)


def await_half(journals: Path, process: "subprocess.Popen[str]") -> Path:
    while process.poll() is None:
        for journal in journals.glob("*.ndjson"):
            if len(read_state(journal.read_bytes().splitlines()).arrived) > MESSAGES // 2:
                return journal
        time.sleep(0.05)
    raise AssertionError(f"ended before it was half done: {process.communicate()}")


def await_rejected(queues: Queues) -> None:
    """Wait until the work queue is empty: what was rejected is then a dead letter again."""
    names: Any = ["ApproximateNumberOfMessages", "ApproximateNumberOfMessagesNotVisible"]
    deadline = time.monotonic() + 180
    while time.monotonic() < deadline:
        attributes = queues.sqs.get_queue_attributes(QueueUrl=queues.work, AttributeNames=names)["Attributes"]
        if not any(map(int, attributes.values())):
            return
        time.sleep(0.2)
    raise AssertionError("the consumer did not work off the queue")
