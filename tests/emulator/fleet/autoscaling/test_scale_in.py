"""Which instances go when a group scales in."""

from hypothesis import given
from hypothesis import strategies as st

from emulated_aws.fleet.autoscaling.scale_in import Candidate, choose


@given(st.lists(st.tuples(st.sampled_from("abc"), st.booleans()), max_size=15), st.integers(0, 15))
def test_scaling_in_never_takes_a_protected_instance(shape: list[tuple[str, bool]], count: int) -> None:
    candidates = [Candidate(str(n), zone, n, 0, protected) for n, (zone, protected) in enumerate(shape)]
    chosen = choose(candidates, count, ["Default"])
    protected = {one.instance_id for one in candidates if one.protected}
    assert not set(chosen) & protected
    assert len(chosen) == len(set(chosen)) == min(count, len(candidates) - len(protected))
