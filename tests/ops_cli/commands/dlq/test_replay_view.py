"""How a replay is shown while it runs."""

import re
from types import SimpleNamespace
from typing import Any

import pytest

from ops_cli.commands.dlq.replay import show_result
from ops_cli.commands.dlq.replay_view import Meter, show_verdict
from ops_cli.frame.options import Choices
from ops_cli.frame.output import Screen, showing_on
from opscore.dead_letters.replay.canaries import GroupVerdict
from opscore.dead_letters.replay.canary import Verdict
from opscore.dead_letters.replay.service import ReplayResult
from opscore.dead_letters.tally import Tally
from opscore.errors import PartlyDone


def test_a_terminal_sees_one_line_that_is_rewritten_within_its_width(capsys: pytest.CaptureFixture[str]) -> None:
    times = iter(range(100))
    meter = Meter(400, clock=lambda: float(next(times)))
    with showing_on(Screen(30, 24)):
        meter(Tally(moved=110))
        meter(Tally(moved=220, failed=3))
        meter.close()
    first, second = capsys.readouterr().err.removeprefix("\r").split("\r")
    assert first.startswith("110 of about 400 moved")
    assert second == "220 of about 400 moved, 3 fa…\n"


def test_a_pipe_sees_a_line_every_few_seconds(capsys: pytest.CaptureFixture[str]) -> None:
    clock = [0.0]
    meter = Meter(400, clock=lambda: clock[0])
    for clock[0] in (1.0, 5.0, 6.0):
        meter(Tally(moved=100))
    meter.close()
    assert capsys.readouterr().err == "100 of about 400 moved, 20/s, 15s left\n"


def test_why_the_canaries_were_stopped_is_shown_without_control_characters(capsys: pytest.CaptureFixture[str]) -> None:
    show_verdict(Verdict("stop", "log says \x1b]52;c;AA\x07"))
    assert capsys.readouterr().err == "canaries: stop: log says \\x1b]52;c;AA\\x07\n"


def test_while_other_readers_hide_messages_it_says_how_many_and_until_when() -> None:
    meter = Meter(400, clock=lambda: 0.0)
    line = meter.line(Tally(moved=110, waits_for=1, waits_seconds=30), 10.0)
    assert re.fullmatch(
        r"110 of about 400 moved, waiting for 1 message that another reader hides, until \d\d:\d\d:\d\d UTC", line
    )


@pytest.mark.parametrize(
    ("groups", "hint"),
    [
        ([GroupVerdict("g1", 4, 4, "not mended")], "The others were not touched."),
        (
            [GroupVerdict("g1", 4, 4, "not mended"), GroupVerdict("g2", 6, 0, "mended")],
            "The others were not touched; g2 seems mended (6 of 6 taken): "  # noqa: ISC004
            "`opsctl replay-dlq requests --group g2` replays the rest of it.",
        ),
    ],
)
def test_who_is_stopped_by_canaries_is_told_which_groups_are_mended(groups: list[GroupVerdict], hint: str) -> None:
    ops: Any = SimpleNamespace(choices=Choices())
    result = ReplayResult("r", Tally(moved=10), Verdict("stop", "4 of 10 failed again"), groups, "requests")
    with pytest.raises(PartlyDone) as stopped:
        show_result(ops, result)
    assert stopped.value.hint == hint
