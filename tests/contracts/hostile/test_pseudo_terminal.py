"""On a real pseudo-terminal of 80 columns: a table of strange dead letters, and their JSON."""

import fcntl
import json
import os
import re
import struct
import sys
import termios
import threading
from collections.abc import Sequence
from pathlib import Path

import pytest

from ops_cli import main as root
from ops_cli.frame.output.width import width
from tests.contracts.hostile import worlds
from tests.contracts.hostile.showing import STRANGE, Case, Shown, judge

COLUMNS = 80
SHOW = Case(["report-requests", "--limit", "100"])
COLOUR = re.compile(r"\x1b\[\d+m")


@pytest.fixture(scope="module", params=[STRANGE], ids=["strange"])
def texts(request: pytest.FixtureRequest) -> Sequence[str]:
    found: Sequence[str] = request.param
    return found


@pytest.fixture(scope="module")
def put_in(account: None, texts: Sequence[str]) -> set[str]:
    worlds.describe(texts)
    worlds.put_log(texts)
    return worlds.put_dead_letters(texts)


def on_terminal(monkeypatch: pytest.MonkeyPatch, arguments: Sequence[str]) -> Shown:
    """Run opsctl with a pseudo-terminal for its stdout and stderr, and return what came out at the other end."""
    ours, its = os.openpty()
    fcntl.ioctl(its, termios.TIOCSWINSZ, struct.pack("HHHH", 24, COLUMNS, 0, 0))
    received: list[bytes] = []
    reader = threading.Thread(target=read_all, args=(ours, received))
    reader.start()
    with os.fdopen(its, "w", encoding="utf-8", errors="strict") as terminal, monkeypatch.context() as patched:
        patched.setattr(sys, "stdout", terminal)
        patched.setattr(sys, "stderr", terminal)
        code = root.run(arguments)
    reader.join()
    os.close(ours)
    return Shown(code, b"".join(received).decode("utf-8").replace("\r\n", "\n"), "")


def read_all(ours: int, received: list[bytes]) -> None:
    """Read until the other end is closed, which Linux reports as an error and others as an end."""
    try:
        while some := os.read(ours, 65536):
            received.append(some)
    except OSError:
        return


def test_a_table_on_a_terminal_fits_and_does_not_act(
    at_home: Path, texts: Sequence[str], put_in: set[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    answer = on_terminal(monkeypatch, SHOW.line("dlq show", texts))
    assert answer.code == 0, answer.out
    judge(answer, "table", put_in, terminal=True)
    lines = COLOUR.sub("", answer.out).split("\n")
    assert len(lines) > len(texts)
    assert [line for line in lines if width(line) > COLUMNS] == []


def test_json_on_a_terminal_gives_the_texts_back(
    at_home: Path, texts: Sequence[str], put_in: set[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    answer = on_terminal(monkeypatch, [*SHOW.line("dlq show", texts), "--output", "json"])
    assert answer.code == 0, answer.out
    assert len(json.loads(answer.out)) == 2 * len(texts)
    judge(answer, "json", put_in, terminal=True)
