"""Where tasks will go, rehearsed on plain values."""

from typing import Any

import pytest

from opscore.draining.operator.placement import Need, Room, rehearse

SERVICES: dict[str, dict[str, Any]] = {
    "web": {"deploymentConfiguration": {"minimumHealthyPercent": 50, "maximumPercent": 200}, "desiredCount": 4},
    "logger": {"schedulingStrategy": "DAEMON"},
    "one-each": {"placementConstraints": [{"type": "distinctInstance"}], "desiredCount": 2},
    "stiff": {"deploymentConfiguration": {"minimumHealthyPercent": 100, "maximumPercent": 100}, "desiredCount": 4},
}


def needs(count: int, group: str = "service:web", **facts: Any) -> list[Need]:
    return [Need(f"{group}-{number}", group, **{"cpu": 100, "memory": 100, **facts}) for number in range(count)]


def test_tasks_go_where_there_is_room() -> None:
    (move,) = rehearse(needs(3), [Room("i-1", 100, 500), Room("i-2", 500, 450)], SERVICES)
    assert (move.to, move.blocked) == ({"i-1": 1, "i-2": 2}, 0)


@pytest.mark.parametrize(
    ("facts", "lacking"),
    [({"cpu": 900}, "CPU"), ({"memory": 900}, "memory"), ({"ports": frozenset({80})}, "port")],
)
def test_what_fits_nowhere_is_blocked_with_the_reason(facts: dict[str, Any], lacking: str) -> None:
    (move,) = rehearse(needs(2, **facts), [Room("i-1", 500, 500, {80})], SERVICES)
    assert (move.blocked, move.why) == (2, f"no room: the other hosts lack {lacking} (2 times)")


def test_room_is_used_up_by_what_was_placed_before() -> None:
    (move,) = rehearse(needs(3), [Room("i-1", 250, 1000)], SERVICES)
    assert (move.to, move.blocked) == ({"i-1": 2}, 1)


def test_without_another_host_everything_is_blocked() -> None:
    (move,) = rehearse(needs(1), [], SERVICES)
    assert "no other host" in move.why


def test_one_task_for_each_host_is_respected() -> None:
    room = Room("i-1", 500, 500)
    room.groups["service:one-each"] = 1
    (move,) = rehearse(needs(1, "service:one-each"), [room], SERVICES)
    assert (move.blocked, move.why) == (1, "no room: the other hosts lack one task for each host (1 time)")


def test_daemons_move_nowhere_standalone_and_stiff_services_block_and_blocks_come_first() -> None:
    wanted = [*needs(1), *needs(1, "service:logger"), *needs(1, "family:batch"), *needs(1, "service:stiff")]
    moves = rehearse(wanted, [Room("i-1", 900, 900)], SERVICES)
    assert [(move.group, move.blocked) for move in moves] == [
        ("family:batch", 1),
        ("service:stiff", 1),
        ("service:logger", 0),
        ("service:web", 0),
    ]


def test_a_move_is_pointless_when_the_whole_service_is_there_and_has_no_other_place() -> None:
    needs = [Need(f"t{number}", "service:web", 100, 100) for number in range(2)]

    def is_pointless(running: int, *rooms: Room) -> bool:
        (move,) = rehearse(needs, rooms, {"web": {"desiredCount": running, "runningCount": running}})
        return move.is_pointless

    assert is_pointless(2)
    assert not is_pointless(3)
    assert not is_pointless(2, Room("i-2", 100, 100))


def test_a_standalone_task_makes_no_drain_pointless() -> None:
    (move,) = rehearse([Need("t1", "family:batch", 1, 1)], [], {})
    assert (move.blocked, move.is_pointless) == (1, False)
