"""Hosts that go, whatever takes them: their tasks have moved and stopped before."""

from typing import Any

import pytest

from tests.e2e.conftest import PINNED
from tests.e2e.newcomer import Newcomer, assert_nothing_to_change
from tests.e2e.web_fleet import WebFleet, eventually

pytestmark = [pytest.mark.e2e, pytest.mark.terraform]

SIZE = 5
"""Hosts of the fleet while these tests work on it; it may have one more."""


def test_the_fleet_has_hosts_with_tasks_and_a_plan_says_which_service_cannot_leave_one(
    newcomer: Newcomer, pinned: str
) -> None:
    (fleet,) = newcomer.data("fleet")
    assert (fleet["fleet"], fleet["draining_by"], fleet["drifted"]) == ("web", "opsctl", 0)
    hosts = newcomer.data("fleet", "web")
    assert sum(host["tasks"] or 0 for host in hosts) >= 4 + 2 + 3 + 1
    assert all(host["image_age_days"] > 0 for host in hosts)
    (blocked,) = [row for row in newcomer.data("drain", pinned, "--dry-run") if row["blocked"]]
    assert blocked["group"] == f"service:{PINNED}"
    assert "ECS may neither stop a task nor start one" in blocked["why"]


def drains(newcomer: Newcomer) -> dict[str, dict[str, Any]]:
    """Return the last drain of each instance; the rows come with the open ones first, then the latest."""
    found: dict[str, dict[str, Any]] = {}
    for row in newcomer.data("drained"):
        found.setdefault(row["instance"], row)
    return found


def await_drained(newcomer: Newcomer, instances: set[str]) -> dict[str, dict[str, Any]]:
    def ended() -> dict[str, dict[str, Any]] | None:
        found = drains(newcomer)
        over = all(name in found and found[name]["state"] != "draining" for name in instances)
        return {name: found[name] for name in instances} if over else None

    rows: dict[str, dict[str, Any]] = eventually(ended, "the end of the drains")
    assert {name: (row["state"], row["killed"]) for name, row in rows.items()} == dict.fromkeys(
        instances, ("drained", 0)
    )
    return rows


def test_hosts_that_go_for_any_reason_lose_no_task(newcomer: Newcomer, web: WebFleet, pinned: str) -> None:
    before = set(web.grow(SIZE + 1))
    web.resize(SIZE)
    (scaled_in,) = eventually(lambda: before - set(web.in_service()), "the group's choice")
    unheard, terminated, interrupted, ordered, _ = sorted(before - {scaled_in})
    web.terminate_unheard(unheard)
    web.terminate(terminated)
    web.interrupt(interrupted)
    answer = newcomer.opsctl("drain", ordered, "--yes", "--reason", "kernel patch")
    assert answer.code == 0, answer.err
    eventually(lambda: {scaled_in, terminated} <= drains(newcomer).keys(), "the drains that events begin")
    web.sweep()
    rows = await_drained(newcomer, {scaled_in, unheard, terminated, interrupted, ordered})
    causes = {row["instance"]: row["cause"] for row in rows.values()}
    assert causes == {
        scaled_in: "termination",
        unheard: "termination",
        terminated: "termination",
        interrupted: "spot",
        ordered: "operator",
    }
    assert all(row["tasks_at_start"] > 0 and row["image"].startswith("ami-") and row["zone"] for row in rows.values())
    shown = newcomer.data("drain", "show", ordered)
    assert shown["detail"].endswith(": kernel patch")
    assert newcomer.data("drain", "show", unheard)["detail"] == "the sweep found the instance waiting"
    # The schedule may find one of them in the second before its event arrives, not both.
    assert "" in [newcomer.data("drain", "show", name)["detail"] for name in (scaled_in, terminated)]
    assert web.victims() == []
    assert web.states()[pinned].startswith("Terminating:")


def test_a_host_that_was_ordered_away_takes_tasks_again(newcomer: Newcomer, web: WebFleet) -> None:
    (ordered,) = [name for name, row in drains(newcomer).items() if row["cause"] == "operator"]
    assert newcomer.opsctl("undrain", ordered, "--yes").code == 0
    eventually(
        lambda: {host["instance"]: host["status"] for host in newcomer.data("fleet", "web")}[ordered] == "ACTIVE",
        "the host among those that take tasks",
    )


def test_an_instance_refresh_replaces_every_host_and_kills_no_task(newcomer: Newcomer, web: WebFleet) -> None:
    eventually(lambda: len(web.in_service()) == SIZE, "the replacement of what was terminated")
    before = set(web.in_service())
    web.await_refreshed(web.refresh())
    await_drained(newcomer, before - set(web.in_service()))
    assert not before & set(web.in_service())
    assert web.victims() == []


def test_a_plan_after_instances_came_and_went_is_empty(newcomer: Newcomer) -> None:
    assert_nothing_to_change(newcomer)
