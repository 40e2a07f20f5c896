"""A terminal has a size; a pipe has none."""

import os
import pty
import sys
from collections.abc import Iterator
from contextlib import redirect_stdout
from typing import TextIO

import pytest

from ops_cli.frame.options import Choices
from ops_cli.frame.output import Screen, emit, screen, showing_on


@pytest.fixture
def terminal(monkeypatch: pytest.MonkeyPatch) -> Iterator[TextIO]:
    """A pseudo terminal that does not know its size; `reader` is its other end."""
    ours, theirs = pty.openpty()
    monkeypatch.delenv("COLUMNS", raising=False)
    monkeypatch.delenv("LINES", raising=False)
    with os.fdopen(theirs, "w") as stream, os.fdopen(ours, "rb", 0) as reader:
        stream.reader = reader  # type: ignore[attr-defined]
        yield stream


def test_a_pipe_has_no_width_even_where_the_shell_exports_columns(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "40")
    assert screen() == Screen(None, None)


def test_a_terminal_that_does_not_know_its_size_has_the_usual_one(terminal: TextIO) -> None:
    with redirect_stdout(terminal):
        assert screen() == Screen(80, 24)


def test_a_terminal_has_the_size_it_says(terminal: TextIO) -> None:
    import fcntl
    import struct
    import termios

    fcntl.ioctl(terminal.fileno(), termios.TIOCSWINSZ, struct.pack("HHHH", 50, 120, 0, 0))
    with redirect_stdout(terminal):
        assert screen() == Screen(120, 50)


@pytest.mark.parametrize(("columns", "width"), [("100", 100), ("0", 80), ("-3", 80), ("wide", 80), ("²", 80), ("", 80)])
def test_columns_sets_the_width_of_a_terminal_when_it_is_a_number(
    columns: str, width: int, terminal: TextIO, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", columns)
    with redirect_stdout(terminal):
        assert screen().width == width


def test_a_closed_stdout_is_no_terminal(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stdout", None)
    assert screen() == Screen()


def test_another_screen_can_be_put_in_its_place_for_a_while() -> None:
    with showing_on(Screen(33, 5)):
        assert screen() == screen(err=True) == Screen(33, 5)
    assert screen().width is None


def test_on_a_real_terminal_rows_fit_and_carry_no_control_character_but_our_colours(terminal: TextIO) -> None:
    with redirect_stdout(terminal):
        emit([{"id": "\x1b]52;c;AA\x07\x9b", "body": "顧" * 100}], Choices(), paint=lambda row: "red")
    written = terminal.reader.read(4096).decode()  # type: ignore[attr-defined]
    assert written.splitlines()[2].startswith("\x1b[31m\\x1b]52;c;AA\\x07\\x9b")
    assert written.count("\x1b") == 2
    assert "顧…" in written
