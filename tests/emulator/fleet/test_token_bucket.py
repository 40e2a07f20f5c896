"""A token bucket lets through what it holds and what it is given."""

from hypothesis import given
from hypothesis import strategies as st

from emulated_aws.fleet.token_bucket import Bucket


@given(st.lists(st.floats(0, 10), min_size=1, max_size=100))
def test_a_bucket_never_lets_more_through_than_its_size_and_refill(pauses: list[float]) -> None:
    bucket, now, passed = Bucket.full(5, 2, 0.0), 0.0, 0
    for pause in pauses:
        now += pause
        bucket, allowed = bucket.take(now)
        passed += allowed
    assert passed <= 5 + 2 * now + 1e-6
