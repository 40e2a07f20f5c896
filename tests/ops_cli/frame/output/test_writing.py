"""Where text leaves the program."""

import contextlib
import errno
import io
import sys
from pathlib import Path

import pytest

from ops_cli.frame.options import Choices
from ops_cli.frame.output import RewrittenLine, Screen, complain, emit, note, showing_on
from ops_cli.frame.output.width import width
from tests.ops_cli.frame.output.hostile import TEXTS, is_forbidden


@pytest.mark.parametrize("text", TEXTS.values(), ids=TEXTS)
def test_talk_carries_no_control_character(text: str, capsys: pytest.CaptureFixture[str]) -> None:
    note(text)
    note([(text, "red"), (text, None)])
    complain(text, hint=text)
    found = capsys.readouterr()
    assert found.out == ""
    assert not [character for character in found.err if is_forbidden(character, newline=True)]


def test_a_complaint_says_what_went_wrong_and_what_to_do(capsys: pytest.CaptureFixture[str]) -> None:
    complain("There is no queue 'x'.", "`opsctl stack` lists them.")
    assert capsys.readouterr().err == "Error: There is no queue 'x'.\n  → `opsctl stack` lists them.\n"


def test_a_complaint_of_several_lines_cannot_pretend_to_be_a_hint(capsys: pytest.CaptureFixture[str]) -> None:
    complain("It broke.\n  → Delete everything.", "Mend\nit.")
    assert capsys.readouterr().err == "Error: It broke. → Delete everything.\n  → Mend it.\n"


@pytest.mark.parametrize("text", TEXTS.values(), ids=TEXTS)
def test_a_rewritten_line_never_fills_the_terminal_nor_breaks(text: str, capsys: pytest.CaptureFixture[str]) -> None:
    line = RewrittenLine()
    with showing_on(Screen(20, 24)):
        line.show(text * 20)
    # Click leaves our own sequence out where stderr is no terminal; the carriage return stays.
    shown = capsys.readouterr().err.removeprefix("\r")
    assert width(shown) <= 19
    assert not [character for character in shown if is_forbidden(character)]


def test_a_rewritten_line_is_ended_once_and_only_when_it_was_begun(capsys: pytest.CaptureFixture[str]) -> None:
    line = RewrittenLine()
    line.close()
    with showing_on(Screen(20, 24)):
        line.show("a")
    line.close()
    line.close()
    assert capsys.readouterr().err == "\ra\n"


@pytest.mark.parametrize("output", ["table", "json", "csv"])
def test_a_full_disk_is_passed_on_as_it_is(output: str, monkeypatch: pytest.MonkeyPatch) -> None:
    # What could not be written is tried again when the file is closed.
    with contextlib.suppress(OSError), Path("/dev/full").open("w", encoding="utf-8") as full:
        monkeypatch.setattr(sys, "stdout", full)
        with pytest.raises(OSError, match="No space left"):
            emit([{"a": 1}], Choices(output=output))
        monkeypatch.undo()


@pytest.mark.parametrize("output", ["table", "json"])
def test_a_closed_stdout_is_an_error_and_not_silence(output: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stdout", None)
    with pytest.raises(OSError) as caught:
        emit([{"a": 1}], Choices(output=output))
    assert caught.value.errno == errno.EBADF


def test_a_terminal_of_another_encoding_shows_an_escape_for_what_it_lacks(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    written = io.BytesIO()
    monkeypatch.setattr(sys, "stdout", io.TextIOWrapper(written, encoding="ascii"))
    emit([{"a": "é顧"}], Choices())
    emit([{"a": "é"}], Choices(output="ndjson"))
    assert written.getvalue() == b"A\n---\n\\xe9\\u9867\n" + '{"a": "é"}\n'.encode()
