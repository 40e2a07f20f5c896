"""Rates, back-off, and the size of the worker pool."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from opscore.dead_letters.engine.pace import Backoff, Patience, PoolSize, TokenBucket


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
        now = backoff.until
        backoff.failed(now)
        waits.append(round(backoff.until - now, 6))
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


def test_calls_that_fail_together_are_one_failure() -> None:
    backoff = Backoff(lambda: 1.0)
    for _ in range(64):
        backoff.failed(0.1)
    assert backoff.failures == 1
    assert backoff.until == pytest.approx(0.3)


def test_patience_ends_after_so_much_time_without_a_success_and_not_after_so_many_failures() -> None:
    patience = Patience(120.0)
    for _ in range(1000):
        patience.failed(10.0)
    assert not patience.is_over(129.9)
    assert patience.is_over(130.0)
    patience.succeeded()
    assert not patience.is_over(1000.0)
    patience.failed(1000.0)  # what was long ago does not count: nothing was tried meanwhile
    assert not patience.is_over(1000.0)
