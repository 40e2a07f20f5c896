"""Rates, back-off, and the size of the worker pool."""

from hypothesis import given
from hypothesis import strategies as st

from opscore.dead_letters.engine.pace import Backoff, PoolSize, TokenBucket


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
