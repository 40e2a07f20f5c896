"""Every message is taken by the queue, or the caller is told."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from opscore.queues.sender import ATTEMPTS, Unsent, send_all


class Queue:
    """Answers a batch as SQS does; `refusals` are taken from the front, one for each offered entry."""

    def __init__(self, refusals: list[bool]) -> None:
        self.refusals = refusals
        self.taken: list[str] = []
        self.batches: list[int] = []

    def send_message_batch(self, QueueUrl: str, Entries: list[dict[str, str]]) -> dict[str, Any]:  # noqa: N803
        self.batches.append(len(Entries))
        successful, failed = [], []
        for entry in Entries:
            if self.refusals and self.refusals.pop(0):
                failed.append({"Id": entry["Id"], "Code": "InternalError", "SenderFault": False})
            else:
                self.taken.append(entry["MessageBody"])
                successful.append({"Id": entry["Id"]})
        return {"Successful": successful, "Failed": failed}


def send(queue: Queue, bodies: list[str]) -> list[float]:
    slept: list[float] = []
    send_all(queue, "url", bodies, sleep=slept.append)  # type: ignore[arg-type]
    return slept


@given(st.integers(0, 45), st.lists(st.booleans(), max_size=60))
def test_each_message_is_taken_once_or_the_caller_is_told(count: int, refusals: list[bool]) -> None:
    queue, bodies = Queue(list(refusals)), [str(number) for number in range(count)]
    try:
        send(queue, bodies)
    except Unsent:
        assert sum(refusals) >= ATTEMPTS
        assert len(queue.taken) < count
    else:
        assert sorted(queue.taken) == sorted(bodies)
    assert len(set(queue.taken)) == len(queue.taken)


def test_batches_hold_ten_entries() -> None:
    queue = Queue([])
    assert send(queue, [str(number) for number in range(23)]) == []
    assert queue.batches == [10, 10, 3]


def test_only_what_was_refused_is_offered_again_after_a_pause() -> None:
    queue = Queue([False, True, False])
    assert len(send(queue, ["a", "b", "c"])) == 1
    assert queue.taken == ["a", "c", "b"]


def test_what_is_never_taken_is_counted_and_named() -> None:
    with pytest.raises(Unsent, match=r"did not take 1 of 2 messages: InternalError") as caught:
        send(Queue([True, False, *[True] * 9]), ["a", "b"])
    assert "Run it again" in caught.value.hint


def test_an_entry_without_an_answer_counts_as_refused() -> None:
    class Silent(Queue):
        def send_message_batch(self, QueueUrl: str, Entries: list[dict[str, str]]) -> dict[str, Any]:  # noqa: N803
            return {"Successful": [], "Failed": []}

    with pytest.raises(Unsent, match="no answer for the entry"):
        send(Silent([]), [json.dumps("a")])
