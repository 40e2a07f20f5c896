"""A rolling update keeps its minimum, and its policy is read or refused."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from emulated_aws.fleet.cloudformation import rolling_plan
from emulated_aws.fleet.refusals import Refused


@given(
    st.integers(1, 6),
    st.integers(0, 6),
    st.lists(st.tuples(st.booleans(), st.booleans(), st.booleans()), max_size=8),
)
def test_a_rolling_update_keeps_its_minimum(size: int, least: int, states: list[tuple[bool, bool, bool]]) -> None:
    members = [rolling_plan.Member(str(n), *state) for n, state in enumerate(states)]
    policy = rolling_plan.Policy(max_batch_size=size, min_in_service=least)
    batch = rolling_plan.next_batch(policy, len(members), members)
    assert len(batch.terminate) <= size
    assert not batch.terminate or len(members) - len(batch.terminate) >= least
    assert batch.finished <= all(one.in_service and not one.outdated for one in members)


@pytest.mark.parametrize("pause", ["PT2H", "5 minutes", "PT1H1S"])
def test_a_pause_that_is_no_duration_of_an_hour_is_refused(pause: str) -> None:
    with pytest.raises(Refused):
        rolling_plan.Policy.from_template({"PauseTime": pause})
