"""500 hosts at once: ours kills nothing and stays below half of ECS's refill; what others do on the same trace."""

import pytest

from tests.lib.opscore.draining import race
from tests.lib.opscore.draining.peers import Peer, sample, sleeper
from tests.lib.opscore.draining.race import Outcome

REFILL_PER_SECOND = 20


@pytest.fixture(scope="module")
def ours() -> Outcome:
    return race.ours()


def test_five_hundred_hosts_drain_at_once_without_a_kill_and_all_end(ours: Outcome) -> None:
    assert (ours.tasks_killed, ours.released_early, ours.still_waiting) == (0, 0, 0)


def test_their_polls_leave_half_of_the_read_bucket_to_others(ours: Outcome) -> None:
    assert ours.reads_per_host <= 0.05
    assert ours.peak <= REFILL_PER_SECOND / 2


def test_a_host_goes_soon_after_its_last_task(ours: Outcome) -> None:
    # 1,200 s for the slowest task, up to 60 s until its service stops it, and looks every 15 s.
    assert ours.seconds <= 1200 + 60 + 2 * 15


@pytest.mark.parametrize("peer", [sample, sleeper])
def test_counting_running_tasks_kills_what_is_still_stopping(peer: Peer, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(race, "CLUSTER_HOSTS", 100)
    monkeypatch.setattr(race, "DRAINING_HOSTS", 20)
    found = race.theirs("peer", peer)
    assert found.tasks_killed > 0
    assert found.released_early == 20
