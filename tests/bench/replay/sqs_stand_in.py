"""A stand-in for SQS in a process of its own: the JSON protocol over HTTP, a fixed latency, and two endless counters.

It hands out numbered messages and counts what is sent and deleted. A long poll brings ten messages while there are ten,
a short poll a sample of one to ten, as SQS does by asking some of its servers only. With `calls_a_second` it refuses
what is above that rate, in bursts of at most a tenth of a second's worth. Lean on purpose: it shares the machine with
what it measures.
"""

import asyncio
import itertools
import json
import multiprocessing
import random
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from multiprocessing.connection import Connection

BODY = json.dumps({"account": "acme", "note": "x" * 960})
_SENT = str(1_700_000_000_000)
_SHAPES = 20
_THROTTLED = b'{"__type":"com.amazon.coral.service#ThrottlingException","message":"Rate exceeded"}'


@dataclass
class _State:
    """What the queue has left, and what was done to it."""

    left: int
    latency: float
    shapes: bool
    numbers: Iterator[int]
    calls_a_second: float | None = None
    sent: int = 0
    deleted: int = 0
    tokens: float = 0.0
    filled_at: float = 0.0

    def allows_a_call(self) -> bool:
        """Count a call, and say whether it is within the rate."""
        if not self.calls_a_second:
            return True
        now = time.monotonic()
        more = (now - self.filled_at) * self.calls_a_second
        self.tokens, self.filled_at = min(self.calls_a_second / 10, self.tokens + more), now
        if self.tokens < 1:
            return False
        self.tokens -= 1
        return True


def _message(number: int, shapes: bool) -> str:
    body = json.dumps({f"kind_{chr(97 + number % _SHAPES)}": "x" * 900}) if shapes else BODY
    fields = {
        "MessageId": f"00000000-0000-4000-8000-{number:012d}",
        "ReceiptHandle": f"{number}-" + "h" * 350,
        "Body": body,
        "Attributes": {"SentTimestamp": _SENT, "ApproximateReceiveCount": "6"},
        "MessageAttributes": {"tenant": {"DataType": "String", "StringValue": "acme"}},
    }
    return json.dumps(fields)


def _answer(state: _State, action: str, body: bytes) -> str:
    if action == "ReceiveMessage":
        most = 10 if b'"WaitTimeSeconds": 0' not in body else random.randint(1, 10)
        count = min(most, state.left)
        state.left -= count
        return '{"Messages":[' + ",".join(_message(next(state.numbers), state.shapes) for _ in range(count)) + "]}"
    if action == "SendMessageBatch":
        count = body.count(b'"MessageBody"')
        state.sent += count
        done = (f'{{"Id":"{n}","MessageId":"s{state.sent + n}","MD5OfMessageBody":""}}' for n in range(count))
        return '{"Successful":[' + ",".join(done) + '],"Failed":[]}'
    if action in ("DeleteMessageBatch", "ChangeMessageVisibilityBatch"):
        count = body.count(b'"ReceiptHandle"')
        state.deleted += count if action == "DeleteMessageBatch" else 0
        return '{"Successful":[' + ",".join(f'{{"Id":"{n}"}}' for n in range(count)) + '],"Failed":[]}'
    attributes = {
        "QueueArn": "arn:aws:sqs:eu-west-1:111122223333:q",
        "ApproximateNumberOfMessages": str(state.left),
        "ApproximateNumberOfMessagesNotVisible": "0",
    }
    return json.dumps({"Attributes": attributes})


async def _serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, state: _State) -> None:
    while True:
        try:
            head = await reader.readuntil(b"\r\n\r\n")
        except (asyncio.IncompleteReadError, ConnectionError, asyncio.CancelledError):
            break  # the client is done, or the stand-in is told to end
        lower = head.lower()
        length = int(lower.split(b"content-length:", 1)[1].split(b"\r\n", 1)[0])
        action = head[lower.index(b"amazonsqs.") + 10 :].split(b"\r\n", 1)[0].decode().strip()
        body = await reader.readexactly(length)
        await asyncio.sleep(state.latency)
        allowed = state.allows_a_call()
        answer = _answer(state, action, body).encode() if allowed else _THROTTLED
        writer.write(
            (b"HTTP/1.1 200 OK" if allowed else b"HTTP/1.1 400 Bad Request")
            + b"\r\nContent-Type: application/x-amz-json-1.0\r\n"
            b"Date: Fri, 15 Jan 2027 08:00:00 GMT\r\nContent-Length: %d\r\n\r\n" % len(answer) + answer
        )
    writer.close()


def _run(channel: Connection, messages: int, latency: float, shapes: bool, calls_a_second: float | None) -> None:
    state = _State(messages, latency, shapes, itertools.count(), calls_a_second)

    async def main() -> None:
        server = await asyncio.start_server(lambda r, w: _serve(r, w, state), "127.0.0.1", 0)
        channel.send(server.sockets[0].getsockname()[1])
        await asyncio.get_running_loop().run_in_executor(None, channel.recv)
        channel.send((state.sent, state.deleted))

    asyncio.run(main())


class StandIn:
    """A running stand-in: its endpoint, and at the end what it counted."""

    def __init__(self, port: int, channel: Connection) -> None:
        self.endpoint = f"http://127.0.0.1:{port}"
        self._channel = channel

    def counts(self) -> tuple[int, int]:
        """Return how many messages were sent and how many deleted, and end the process."""
        self._channel.send(None)
        sent, deleted = self._channel.recv()
        return sent, deleted


@contextmanager
def stand_in(
    messages: int, *, latency: float, shapes: bool = False, calls_a_second: float | None = None
) -> Iterator[StandIn]:
    """Start a stand-in with `messages` in its queue."""
    ours, theirs = multiprocessing.Pipe()
    context = multiprocessing.get_context("spawn")
    process = context.Process(target=_run, args=(theirs, messages, latency, shapes, calls_a_second), daemon=True)
    process.start()
    try:
        yield StandIn(ours.recv(), ours)
    finally:
        process.terminate()
        process.join()
