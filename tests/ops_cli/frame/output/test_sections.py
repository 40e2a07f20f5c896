"""A screen that fits: the verdict and what to run next are both on it."""

import json
from typing import Any

import click
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ops_cli.frame.options import Choices
from ops_cli.frame.output import Column, Screen, Section, emit_screen, showing_on
from ops_cli.frame.output.width import width

SECTIONS = (
    Section("services", (Column("name", "id"), "why"), only_levels=("red",), more="opsctl services"),
    Section("queues", (Column("queue", "id"), "depth"), more="opsctl dlq list"),
    Section("alarms", ("alarm",), empty="none rings"),
)
HEAD, FOOT = "RED: 3 of 40 services", "Next: opsctl dlq analyse mail"


def data(services: int, queues: int, alarms: int = 0) -> dict[str, Any]:
    return {
        "services": [{"name": f"s{at}", "why": "because " * 30, "level": "red"} for at in range(services)],
        "queues": [{"queue": f"q{at}", "depth": at, "level": "green"} for at in range(queues)],
        "alarms": [{"alarm": f"a{at}", "level": "red"} for at in range(alarms)],
    }


def screen_of(shown: Screen, found: Any, capsys: pytest.CaptureFixture[str]) -> list[str]:
    with showing_on(shown):
        emit_screen(found, SECTIONS, Choices(), head=[HEAD], foot=[FOOT])
    return capsys.readouterr().out.splitlines()


def test_a_pipe_gets_every_row(capsys: pytest.CaptureFixture[str]) -> None:
    lines = screen_of(Screen(), data(40, 40), capsys)
    assert {f"q{at}" for at in range(40)} <= {line.split()[0] for line in lines if line}
    assert not [line for line in lines if "more" in line]


def test_an_empty_section_is_one_line(capsys: pytest.CaptureFixture[str]) -> None:
    assert screen_of(Screen(80, 24), data(0, 1), capsys) == [
        HEAD,
        "",
        "SERVICES: none",
        "",
        "QUEUES",
        "QUEUE  DEPTH",
        "-----  -----",
        "q0     0",
        "",
        "ALARMS: none rings",
        "",
        FOOT,
    ]


def test_a_section_shows_its_most_rows_and_names_what_lists_the_rest(capsys: pytest.CaptureFixture[str]) -> None:
    lines = screen_of(Screen(80, 100), data(0, 25), capsys)
    assert "… and 15 more: `opsctl dlq list` lists them" in lines


def test_at_80_by_24_rows_of_the_last_section_go_first_and_verdict_and_next_stay(
    capsys: pytest.CaptureFixture[str],
) -> None:
    lines = screen_of(Screen(80, 24), data(9, 30, 5), capsys)
    assert (lines[0], lines[-1], len(lines)) == (HEAD, FOOT, 23)
    assert sum(line.startswith("s") for line in lines) == 3
    assert sum(line.startswith("a") for line in lines) == 1
    assert "… and 29 more: `opsctl dlq list` lists them" in lines


def test_without_room_for_a_row_a_section_is_one_line_with_its_number(capsys: pytest.CaptureFixture[str]) -> None:
    lines = screen_of(Screen(80, 8), data(9, 30, 5), capsys)
    assert lines == [
        HEAD,
        "",
        "SERVICES: 9, `opsctl services` lists them",
        "",
        "QUEUES: 30, `opsctl dlq list` lists them",
        "",
        "ALARMS: 5",
        "",
        FOOT,
    ]


def test_a_rank_says_which_section_gives_its_rows_first(capsys: pytest.CaptureFixture[str]) -> None:
    sections = (Section("queues", ("queue",), rank=9), Section("alarms", ("alarm",), rank=0))
    with showing_on(Screen(80, 15)):
        emit_screen(data(0, 8, 4), sections, Choices())
    lines = capsys.readouterr().out.splitlines()
    assert sum(line.startswith("a") for line in lines) == 4
    assert sum(line.startswith("q") for line in lines) == 2


@settings(max_examples=40)
@given(st.integers(0, 30), st.integers(0, 30), st.integers(0, 30), st.integers(20, 120), st.integers(12, 60))
def test_every_screen_of_twelve_lines_or_more_fits(
    services: int, queues: int, alarms: int, columns: int, height: int
) -> None:
    with pytest.MonkeyPatch.context() as patch, showing_on(Screen(columns, height)):
        written: list[str] = []
        patch.setattr("ops_cli.frame.output.sections.put_line", lambda text, color: written.append(text))
        emit_screen(data(services, queues, alarms), SECTIONS, Choices(), head=[HEAD], foot=[FOOT])
    lines = written[0].splitlines()
    taken = sum(max(1, -(-len(click.unstyle(line)) // columns)) for line in lines)
    assert taken < height
    assert (lines[0], lines[-1]) == (HEAD, FOOT)
    assert all(width(click.unstyle(line)) <= columns for line in lines[1:-1])


def test_rows_of_other_levels_are_hidden(capsys: pytest.CaptureFixture[str]) -> None:
    found = {"alarms": [{"alarm": "a", "level": "red"}, {"alarm": "b", "level": "green"}]}
    emit_screen(found, [Section("alarms", ("alarm",), only_levels=("red",))], Choices())
    assert capsys.readouterr().out.splitlines() == ["ALARMS", "ALARM", "-----", "a"]


def test_as_json_a_screen_has_everything_and_neither_head_nor_foot(capsys: pytest.CaptureFixture[str]) -> None:
    with showing_on(Screen(80, 5)):
        emit_screen(data(9, 9), SECTIONS, Choices(output="json"), head=[HEAD], foot=[FOOT])
    assert json.loads(capsys.readouterr().out) == data(9, 9)


def test_hostile_names_do_not_reach_the_screen_raw(capsys: pytest.CaptureFixture[str]) -> None:
    found = {"alarms": [{"alarm": "a\x1b]52;c;AA\x07", "level": "red"}]}
    emit_screen(found, [Section("alarms", ("alarm",))], Choices(), head=["\x9b2J"], foot=["x\rNext"])
    out = capsys.readouterr().out
    assert "\\x1b]52;c;AA\\x07" in out
    assert not {"\x1b", "\x07", "\x9b", "\r"} & set(out)
