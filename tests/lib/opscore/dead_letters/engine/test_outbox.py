import random
from collections.abc import Sequence

from hypothesis import given
from hypothesis import strategies as st

from opscore.dead_letters.engine.outbox import LINGER_SECONDS, open_outbox
from opscore.dead_letters.message import DeadLetter
from opscore.dead_letters.sending.destinations import Outcome, Refusal
from opscore.dead_letters.sending.outgoing import Outgoing


class Target:
    label, batch_entries, batch_bytes = "t", 10, 1000

    def __init__(self, *, fifo: bool) -> None:
        self.fifo = fifo

    def objection(self, message: Outgoing) -> Refusal | None:
        return None

    def send(self, messages: Sequence[Outgoing]) -> Outcome:
        raise NotImplementedError


def outgoing(number: int, size: int, group: str | None) -> Outgoing:
    return Outgoing(DeadLetter(f"m{number}", "", "b", {}, {"MessageGroupId": group} if group else {}), "b", {}, size)


@given(st.lists(st.integers(1, 1000), max_size=60))
def test_batches_keep_both_limits_and_the_order_and_lose_nothing(sizes: list[int]) -> None:
    outbox = open_outbox(Target(fifo=False))
    messages = [outgoing(number, size, None) for number, size in enumerate(sizes)]
    for message in messages:
        outbox.add(message, 0.0)
    taken: list[Outgoing] = []
    while batch := outbox.take(0.0, limit=10, flush=True):
        assert len(batch) <= 10
        assert sum(message.size for message in batch) <= 1000
        taken += batch
    assert taken == messages
    assert outbox.waiting_bytes == 0


@given(st.lists(st.integers(0, 4), max_size=60), st.randoms(use_true_random=False))
def test_of_a_fifo_group_one_message_is_under_way_and_the_order_is_kept(
    groups: list[int], chance: random.Random
) -> None:
    outbox = open_outbox(Target(fifo=True))
    for number, group in enumerate(groups):
        outbox.add(outgoing(number, 1, f"g{group}"), 0.0)
    under_way: list[list[Outgoing]] = []
    done: list[Outgoing] = []
    while len(outbox) or under_way:
        if batch := outbox.take(0.0, limit=3, flush=True):
            under_way.append(batch)
            names = [message.letter.group_id for batch in under_way for message in batch]
            assert len(names) == len(set(names))
        if under_way and (not batch or chance.random() < 0.5):
            finished = under_way.pop(chance.randrange(len(under_way)))
            outbox.settle(finished)
            if chance.random() < 0.3:
                outbox.put_back(finished, 0.0)
            else:
                done += finished
    for group in set(groups):
        order = [int(m.letter.message_id[1:]) for m in done if m.letter.group_id == f"g{group}"]
        assert order == sorted(order)
    assert len(done) == len(groups)


def test_a_batch_waits_a_little_to_become_full() -> None:
    outbox = open_outbox(Target(fifo=False))
    outbox.add(outgoing(1, 1, None), 0.0)
    assert outbox.take(LINGER_SECONDS / 2, limit=10, flush=False) == []
    assert len(outbox.take(LINGER_SECONDS, limit=10, flush=False)) == 1
