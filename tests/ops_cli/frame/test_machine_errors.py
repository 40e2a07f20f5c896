"""What the operating system refuses is a sentence with the path and what to do."""

import errno
import os
from collections.abc import Callable
from pathlib import Path

import pytest

from ops_cli.frame.machine_errors import explain
from opscore.errors import OpsError


def caught(action: Callable[[], object]) -> OpsError:
    """Return what an operator is told of the error that `action` ends in."""
    with pytest.raises((OSError, ValueError, RuntimeError)) as error:
        action()
    known = explain(error.value)
    assert known is not None
    return known


def test_a_path_that_cannot_be_used_is_named_with_what_to_do(tmp_path: Path) -> None:
    file = tmp_path / "file"
    file.write_text("x")
    (tmp_path / "circle").symlink_to("circle")
    for action, path, says in (
        (lambda: (tmp_path / "no/such").write_text("x"), "no/such", "does not exist"),
        ((file / "below").mkdir, "file/below", "is a file, not a folder"),
        (lambda: tmp_path.write_text("x"), tmp_path.name, "It is a folder"),
        (file.mkdir, "file", "is there already"),
        (lambda: (tmp_path / ("x" * 300)).write_text("x"), "x" * 300, "shorter name"),
        ((tmp_path / "circle").read_text, "circle", "in a circle"),
        (Path("/proc/x").mkdir, "/proc/x", "does not exist"),
        (lambda: file.rename("/proc/x/y"), "/proc/x/y", "does not exist"),
    ):
        known = caught(action)
        assert known.message.split(": ")[0].endswith(path)
        assert says in known.hint


@pytest.mark.parametrize(
    ("number", "says"),
    [
        (errno.EACCES, "Take another path"),
        (errno.EPERM, "Take another path"),
        (errno.EROFS, "can only be read"),
        (errno.ENOSPC, "Free some space"),
        (errno.EDQUOT, "Free some of your space"),
        (errno.EBUSY, "--debug"),
    ],
)
def test_a_refusal_says_what_to_do(number: int, says: str) -> None:
    known = explain(OSError(number, os.strerror(number), "/some/file"))
    assert known is not None
    assert known.message == f"/some/file: {os.strerror(number)}."
    assert says in known.hint


def test_a_full_disk_is_told_without_a_name_too() -> None:
    full = os.open("/dev/full", os.O_WRONLY)
    try:
        known = caught(lambda: os.write(full, b"x"))
    finally:
        os.close(full)
    assert "No space left on device" in known.message
    assert "Free some space" in known.hint


@pytest.mark.parametrize("variable", ["XDG_CONFIG_HOME", "XDG_STATE_HOME", "XDG_CACHE_HOME"])
def test_a_folder_of_opsctls_own_is_told_with_the_variable_that_moves_it(
    variable: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "file").write_text("x")
    monkeypatch.setenv(variable, str(tmp_path / "file"))
    assert variable in caught(lambda: (tmp_path / "file/opsctl/deeper").mkdir(parents=True)).hint


def test_below_a_home_that_cannot_be_written_the_variable_is_told_as_well(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("XDG_STATE_HOME")
    monkeypatch.setenv("HOME", "/proc/x")
    assert "XDG_STATE_HOME" in caught(lambda: Path("/proc/x/.local/state").mkdir(parents=True)).hint


def test_text_in_another_encoding_is_told_as_such() -> None:
    known = caught(lambda: b"caf\xe9".decode("utf-8"))
    assert known.message == "A file is not utf-8 text: its byte 3 is 0xe9."
    assert "UTF-8" in known.hint


@pytest.mark.parametrize(
    "error", [OSError("odd"), OSError(errno.EBADF, "Bad file descriptor"), ValueError("odd"), RuntimeError("odd")]
)
def test_what_is_no_refusal_stays_a_fault(error: Exception) -> None:
    assert explain(error) is None
