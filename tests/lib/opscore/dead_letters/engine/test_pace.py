"""Small parts with large consequences: id tables, leases, outboxes, rates, backoff, the number of workers."""

import random
from collections.abc import Sequence
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from opscore.dead_letters.engine.leases import LEASE_SECONDS, Leases
from opscore.dead_letters.engine.outbox import LINGER_SECONDS, open_outbox
from opscore.dead_letters.engine.pace import Backoff, PoolSize, TokenBucket
from opscore.dead_letters.message import DeadLetter
from opscore.dead_letters.sending.destinations import Outcome, Refusal
from opscore.dead_letters.sending.outgoing import Outgoing
from opscore.id_set import IdMap, IdSet


@given(st.lists(st.tuples(st.text(), st.integers(0, 2**32 - 1))))
def test_an_id_map_is_a_dictionary(pairs: list[tuple[str, int]]) -> None:
    table, plain = IdMap(), dict[str, int]()
    for key, value in pairs:
        table.put(key, value)
        plain[key] = value
    assert len(table) == len(plain)
    assert {key: table.get(key) for key in plain} == plain
    assert table.get("\0 not there") is None


def test_ids_stay_known_while_the_table_grows_and_take_little_memory() -> None:
    ids = IdSet()
    for number in range(20_000):
        ids.add(str(number))
    assert len(ids) == 20_000
    assert all(str(number) in ids for number in range(20_000))
    assert not any(str(number) in ids for number in range(20_000, 21_000))
    assert (len(ids._keys) + 4 * len(ids._values)) / len(ids) < 81


@given(st.lists(st.tuples(st.sampled_from(["hold", "renew", "let go"]), st.integers(0, 3), st.floats(0, 100))))
def test_a_lease_is_offered_for_renewal_before_it_ends_and_never_after_it_was_let_go(steps: list[Any]) -> None:
    leases, now = Leases(), 0.0
    held: dict[str, float] = {}
    for what, number, wait in steps:
        name = f"m{number}"
        now += wait
        for message_id, handle, seconds in leases.due(now, 10):
            assert message_id in held
            if held[message_id] > now:
                leases.renewed(message_id, handle, now, seconds)
                held[message_id] = now + seconds
        if what == "hold":
            leases.hold(name, f"{now}", now)
            held[name] = now + LEASE_SECONDS
        elif what == "let go":
            leases.let_go(name)
            held.pop(name, None)
        for message_id, expires in held.items():
            assert abs(leases.seconds_left(message_id, now) - (expires - now)) < 1e-6


def test_a_lease_is_renewed_for_as_long_as_it_was_held_within_limits() -> None:
    leases, seconds, now = Leases(), [], 0.0
    leases.hold("m", "h", 0.0)
    while now < 10_000:
        now = leases.next_due() or now
        ((_, handle, extension),) = leases.due(now, 10)
        seconds.append(extension)
        leases.renewed("m", handle, now, extension)
    assert seconds == sorted(seconds)
    assert (seconds[0], seconds[-1]) == (120, 900)


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


@given(st.floats(0.1, 1000), st.lists(st.tuples(st.floats(0, 5), st.integers(1, 10)), min_size=1))
def test_a_bucket_never_lets_more_pass_than_its_rate_and_one_burst(
    rate: float, demands: list[tuple[float, int]]
) -> None:
    bucket, now, passed = TokenBucket(rate, 0.0), 0.0, 0
    for wait, count in demands:
        now += wait
        if bucket.wait(count, now) <= 0 and count <= bucket.burst:
            bucket.take(count, now)
            passed += count
    assert passed <= rate * now + max(1.0, rate) + 1e-6


def test_backoff_doubles_up_to_a_limit_and_a_success_ends_it() -> None:
    backoff = Backoff(lambda: 1.0)
    waits = []
    for _ in range(12):
        backoff.failed(0.0)
        waits.append(backoff.until)
    assert waits[:3] == [0.2, 0.4, 0.8]
    assert waits[-1] == 20.0
    backoff.succeeded()
    assert (backoff.until, backoff.failures) == (0.0, 0)


def test_the_pool_grows_while_that_moves_more_and_is_halved_by_throttling() -> None:
    pool, moved = PoolSize(16, 64, 0.0), 0
    for second, rate in enumerate([100, 200, 300, 300, 300], start=1):
        moved += rate
        pool.observe(moved, float(second))
    assert pool.allowed == 54
    pool.throttled(6.0)
    assert pool.allowed == 27
    pool.throttled(6.1)
    assert pool.allowed == 27
