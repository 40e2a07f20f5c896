from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from opscore.dead_letters.engine.leases import LEASE_SECONDS, Leases


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
