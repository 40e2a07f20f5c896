"""When a replay waits for what another reader hides, and what it says meanwhile."""

from opscore.dead_letters.engine.receiving import RETURN_SECONDS, Receiving


def resumed() -> Receiving:
    return Receiving(
        maximum=None, moving=0, to_delete=0, returns_expected=True, prefetch=10, now=0.0, chance=lambda: 0.5
    )


def test_it_says_how_many_messages_are_hidden_and_how_long_it_waits_for_them() -> None:
    receiving = resumed()
    receiving.looked(visible=0, hidden=7, held=3, now=4.0, blocked=False)
    assert not receiving.over
    assert (receiving.waits_for, receiving.waits_seconds) == (4, RETURN_SECONDS - 4)


def test_it_waits_no_more_when_messages_come() -> None:
    receiving = resumed()
    receiving.looked(visible=0, hidden=7, held=3, now=4.0, blocked=False)
    receiving.received(2, 10, 5.0)
    assert (receiving.waits_for, receiving.waits_seconds) == (0, 0)


def test_after_the_longest_wait_they_are_held_elsewhere() -> None:
    receiving = resumed()
    receiving.looked(visible=0, hidden=7, held=3, now=RETURN_SECONDS + 1.0, blocked=False)
    assert receiving.over
    assert receiving.held_elsewhere == 4
    assert (receiving.waits_for, receiving.waits_seconds) == (0, 0)
