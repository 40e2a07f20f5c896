"""A host that cannot drain: terminated by `test_fleet.py`, it has waited for its deadline since."""

import pytest

from tests.e2e.conftest import PINNED
from tests.e2e.newcomer import Newcomer
from tests.e2e.web_fleet import PLATFORM, WebFleet, eventually

pytestmark = [pytest.mark.e2e, pytest.mark.terraform]


def test_a_host_that_cannot_drain_is_kept_named_and_rings(
    newcomer: Newcomer, web: WebFleet, pinned: str, alerts: str
) -> None:
    eventually(lambda: web.states()[pinned] == "Terminating:Retained", "the deadline of the host that cannot drain")
    (stuck,) = newcomer.data("drained", "--stuck")
    assert (stuck["instance"], stuck["state"], stuck["blocker"]) == (pinned, "kept", PINNED)
    assert stuck["next"] == f"opsctl drain show {pinned}/1"
    web.sweep()
    message = eventually(lambda: web.heard(alerts, f"{PLATFORM}-ecs-drain-stuck"), "the alarm")
    assert message["AlarmDescription"].endswith("Next: opsctl drained --stuck")
    assert web.victims() == []


def test_a_kept_host_goes_once_its_service_can_move(newcomer: Newcomer, web: WebFleet, pinned: str) -> None:
    web.unpin(PINNED)
    eventually(lambda: pinned not in web.hosts_of(PINNED), "the move of the task that held its host")
    eventually(lambda: not web.unstopped(pinned), "an empty host")
    web.terminate(pinned)
    eventually(lambda: pinned not in web.states(), "the end of the kept host")
    eventually(lambda: not newcomer.data("drained", "--stuck"), "nothing stuck")
    web.remove(PINNED)
    assert web.victims() == []
