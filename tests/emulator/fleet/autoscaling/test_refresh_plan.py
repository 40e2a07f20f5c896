"""An instance refresh keeps what it was told to keep."""

import math

from hypothesis import given
from hypothesis import strategies as st

from emulated_aws.fleet.autoscaling import refresh_plan


@given(
    st.integers(1, 10),
    st.integers(0, 100),
    st.one_of(st.none(), st.integers(100, 200)),
    st.lists(st.tuples(st.booleans(), st.booleans(), st.booleans()), min_size=1, max_size=20),
    st.sampled_from([25, 50, 100]),
)
def test_a_refresh_keeps_its_minimum_and_its_checkpoint(
    desired: int, least: int, most: int | None, states: list[tuple[bool, bool, bool]], checkpoint: int
) -> None:
    members = [
        refresh_plan.Member(str(n), outdated, ready and not leaving, leaving)
        for n, (outdated, ready, leaving) in enumerate(states)
    ]
    total = sum(one.outdated for one in members)
    bounds = refresh_plan.Bounds(least, most)
    found = refresh_plan.decide(desired, bounds, members, total=total, next_checkpoint=checkpoint)
    gone = [one for one in members if one.instance_id in found.terminate]
    assert all(one.outdated and not one.leaving for one in gone)
    ready = sum(one.ready for one in members)
    lost = sum(one.ready for one in gone)
    one_by_one = most is None and lost == 1
    assert lost == 0 or ready - lost >= bounds.floor(desired) or one_by_one
    left = sum(one.outdated and not one.leaving for one in members) - len(gone)
    before = sum(one.outdated and not one.leaving for one in members)
    assert left >= min(before, total - math.ceil(total * checkpoint / 100))
    assert 0 <= found.surge <= max(1, bounds.ceiling(desired) - desired)


def test_a_checkpoint_is_reached_by_the_first_instance_that_is_enough_for_it() -> None:
    members = [refresh_plan.Member(str(n), True, True, False) for n in range(3)]
    found = refresh_plan.decide(3, refresh_plan.Bounds(0, None), members, total=3, next_checkpoint=10)
    assert len(found.terminate) == 1
