"""What `opsctl fleet`, `drain` and `drained` show on terminals of 80 and 120 columns, and in a pipe."""

import datetime as dt
import json
import re
from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

import pytest

from ops_cli import main as root
from ops_cli.commands.fleet import stack_fleets
from ops_cli.frame.environments import Environment, register
from ops_cli.frame.output import Screen, showing_on
from opscore.draining.operator.drains import DrainRow
from opscore.draining.operator.placement import Move
from opscore.draining.record import Cause, Drain
from opscore.fleets.fleet_view import FleetHost, FleetView
from tests.ops_cli.commands.kept_screens import kept

NOW = dt.datetime(2026, 11, 24, 3, 12, tzinfo=dt.UTC)
AT = int(NOW.timestamp())
ONE, TWO, THREE = "i-0a1b2c3d4e5f60718", "i-0a1b2c3d4e5f60729", "i-0a1b2c3d4e5f6073a"
OLD, NEW = "ami-0123456789abcdef0", "ami-0fedcba9876543210"
CLUSTER = "opsctl-prod-web"

Show = Callable[[str, int | None], str]
"""(command line, width) -> stdout; no width is a pipe."""


@pytest.fixture
def show(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Show:
    """Run opsctl on a screen, with what the stack would answer put in its place."""
    monkeypatch.setenv("OPSCTL_ENV", "test")
    register(Environment("test", region="eu-west-1"))
    fleets = [SimpleNamespace(role="web", name=CLUSTER, cluster=CLUSTER)]
    monkeypatch.setattr(stack_fleets, "fleets", lambda _ops, _name=None: fleets)
    monkeypatch.setattr(stack_fleets, "look", lambda _ops, _fleet: FLEET)
    monkeypatch.setattr(stack_fleets, "drained", lambda _ops, _name, _since: DRAINS)
    monkeypatch.setattr(stack_fleets, "find", lambda _ops, _id: [DRAIN])
    monkeypatch.setattr(stack_fleets, "fleet_of", lambda _ops, names: dict.fromkeys(names, fleets[0]))
    monkeypatch.setattr(stack_fleets, "rehearse", lambda _ops, _found: [(CLUSTER, move) for move in MOVES])

    def run(command: str, width: int | None) -> str:
        with showing_on(Screen(width, 24 if width else None, NOW)):
            assert root.run(command.split()) == 0
        return capsys.readouterr().out

    return run


def host(name: str, lifecycle: str, status: str, tasks: int, image: str, days: int, drift: str = "") -> FleetHost:
    return FleetHost(name, "eu-west-1a", lifecycle, "Healthy", image, days, "3", "1.89.0", status, tasks, drift)


HOSTS = [
    host(ONE, "InService", "ACTIVE", 12, NEW, 4),
    host(TWO, "InService", "ACTIVE", 9, OLD, 393, f"runs {OLD}, the group wants {NEW}"),
    host(THREE, "Terminating:Wait", "DRAINING", 3, OLD, 393, f"runs {OLD}, the group wants {NEW}"),
]
FLEET = FleetView("web", CLUSTER, CLUSTER, 2, 3, 6, 2, 1, 24, 2, NEW, 4, "3", "opsctl", HOSTS)
MOVES = [
    Move("family:nightly-export", 1, {}, 1, "belongs to no service: ECS neither stops nor moves it"),
    Move("service:checkout-api", 8, {ONE: 5, TWO: 2}, 1, "no room: the other hosts lack memory (2 times)"),
    Move("service:log-agent", 1, {}, 0, "a daemon: it ends last and moves nowhere"),
]


def drain_row(name: str, state: str, **more: Any) -> DrainRow:
    facts: dict[str, Any] = {
        "drain_id": f"{name}/1", "instance": name, "cluster": CLUSTER, "image": OLD, "zone": "eu-west-1a",
        "state": state, "cause": "termination", "tasks_at_start": 9, "tasks_left": None, "moved": None, "killed": None,
        "blocker": "", "why": "", "action_left_seconds": None, "deadline_left_seconds": None, "stuck": "",
        "started": AT - 4000, "ended": None,
    }  # fmt: skip
    return DrainRow(**facts | more)


DRAINS = [
    drain_row(ONE, "draining", tasks_left=3, blocker="checkout-api", action_left_seconds=1500,
        stuck="no task has stopped for 15 minutes",
              why="no room: no other host has the memory its tasks need", deadline_left_seconds=3000),
    drain_row(TWO, "kept", tasks_left=1, killed=0, stuck="kept at its deadline", ended=AT - 600,
              why="1 task had not stopped at the deadline, and the policy keeps such a host", blocker="nightly-export"),
    drain_row(THREE, "drained", killed=0, moved=9, why="every task on the host has stopped", ended=AT - 7200),
]  # fmt: skip
DRAIN = Drain(
    ONE, 2, CLUSTER, CLUSTER, Cause.OPERATOR, AT - 4000, AT + 3000, detail="kernel patch (ada)", image_id=OLD,
    zone="eu-west-1a", tasks_at_start=3, left={"0f3a" * 8: "service:checkout-api", "1b2c" * 8: "family:nightly-export"},
    heartbeat_at=AT - 100, looked_at=AT - 20, blocker="checkout-api",
    why="no room: no other host has the memory its tasks need",
)  # fmt: skip


SCREENS = kept(__file__)


@pytest.mark.parametrize(("command", "width"), SCREENS)
def test_every_listing_fits_and_a_pipe_gets_all_of_it(show: Show, command: str, width: int | None) -> None:
    shown = show(command, width)
    assert shown == SCREENS[command, width]
    assert width is None or max(map(len, shown.splitlines())) <= width


def test_watching_begins_each_look_with_its_time_and_writes_the_header_of_a_csv_once(
    show: Show, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    ended = drain_row(ONE, "drained", killed=0, ended=AT)
    looks = iter([DRAINS[:1], [ended]])
    monkeypatch.setattr(stack_fleets, "drained", lambda _ops, _name, _since: next(looks))
    monkeypatch.setattr("time.sleep", lambda _seconds: None)
    assert root.run(["drained", "--watch", "--output", "csv"]) == 0
    out, err = capsys.readouterr()
    header, first, second = out.splitlines()
    assert header.startswith("looked_at,drain_id,instance,")
    assert (ONE in first, ",2026-11-24T03:12:00Z," in second) == (True, True)
    assert re.fullmatch(r"\d\d:\d\d:\d\d UTC: 1 draining\n\d\d:\d\d:\d\d UTC: 1 drained\n", err)


def test_data_has_seconds_and_moments(show: Show) -> None:
    row, ended, _ = json.loads(show("drained --output json", None))
    assert (row["action_left_seconds"], row["deadline_left_seconds"]) == (1500, 3000)
    assert (row["started"], row["ended"], ended["ended"]) == ("2026-11-24T02:05:20Z", None, "2026-11-24T03:02:00Z")
