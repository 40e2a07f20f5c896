"""The emulator's own log, its end and its continuation."""

from pathlib import Path

import pytest

from ops_cli.sandbox.emulator.logs import follow, last_lines
from opscore.errors import NotFound


def test_the_last_lines_are_shown(tmp_path: Path) -> None:
    log = tmp_path / "emulator.log"
    log.write_text("one\ntwo\nthree\n")
    assert last_lines(log, 2) == ["two", "three"]
    assert last_lines(log, 9) == ["one", "two", "three"]
    assert last_lines(log, 0) == []


def test_without_a_log_one_is_told_how_to_get_one(tmp_path: Path) -> None:
    with pytest.raises(NotFound) as told:
        last_lines(tmp_path / "emulator.log", 2)
    assert "opsctl sandbox up" in told.value.hint


def test_new_lines_follow_whole_and_once(tmp_path: Path) -> None:
    log = tmp_path / "emulator.log"
    log.write_text("old\n")
    to_come = ["half a", " line\nnext\n", "ünïcode\n"]

    def write_more(_seconds: float) -> None:
        with log.open("a") as file:
            file.write(to_come.pop(0))

    lines = follow(log, 1, sleep=write_more)
    assert [next(lines) for _ in range(4)] == ["old", "half a line", "next", "ünïcode"]


def test_a_log_that_begins_anew_is_followed(tmp_path: Path) -> None:
    log = tmp_path / "emulator.log"
    log.write_text("a long line of the old log\n")
    lines = follow(log, 1, sleep=lambda _seconds: None)
    next(lines)
    log.write_text("new\n")
    assert next(lines) == "new"
