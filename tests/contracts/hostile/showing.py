"""How a command is run on a terminal and in a pipe, and how what it printed is judged."""

import io
import json
import re
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import pytest

from ops_cli import main as root
from tests.ops_cli.frame.output.hostile import FLOODS, TEXTS, is_forbidden

STRANGE = [*TEXTS.values(), *FLOODS.values()]
TAME = [f"text {number}" for number in range(len(STRANGE))]
ARGUMENT = " ".join(TEXTS.values()).replace("\x00", "\x01")
"""All texts as one argument of a command line, which holds no NUL."""

_WAYS = (("table", True), ("json", True), ("table", False), ("json", False), ("ndjson", False))
"""Formats, each with whether a terminal shows them."""

_OURS = re.compile(r"\x1b\[(?:0|1|[39][0-7])m|\r\x1b\[K")


@dataclass(frozen=True)
class Case:
    """A command line: `{}` stands for the texts as one argument, `{first}` for the first of them.

    `code` is the exit code, the same with tame texts and with strange ones. `shows` names what was put in and must be
    given back, whole. With `changes` everything is put in anew before each run.
    """

    arguments: Sequence[str] = ()
    code: int = 0
    shows: str = ""
    changes: bool = False

    def line(self, path: str, texts: Sequence[str]) -> list[str]:
        """Return the whole command line."""
        joined = "no such name" if texts is TAME else ARGUMENT
        said = [argument.replace("{}", joined).replace("{first}", texts[0]) for argument in self.arguments]
        return [*path.split(), *said]

    def ways(self, texts: Sequence[str]) -> Sequence[tuple[str, bool]]:
        """Return the formats to show it in, each with whether a terminal shows it; what changes things takes long."""
        if texts is TAME:
            return _WAYS[3:4]
        return (_WAYS[0], _WAYS[3]) if self.changes else _WAYS


@dataclass(frozen=True)
class Shown:
    """What a run of opsctl left behind."""

    code: int
    out: str
    err: str


class Stream(io.TextIOWrapper):
    """A standard stream that says of itself whether it is a terminal."""

    def __init__(self, terminal: bool) -> None:
        super().__init__(io.BytesIO(), encoding="utf-8", errors="strict")
        self._terminal = terminal

    def isatty(self) -> bool:
        return self._terminal

    def text(self) -> str:
        self.flush()
        held = self.buffer
        assert isinstance(held, io.BytesIO)
        return held.getvalue().decode("utf-8")


def shown(monkeypatch: pytest.MonkeyPatch, arguments: Sequence[str], *, terminal: bool) -> Shown:
    """Run opsctl in this process."""
    out, err = Stream(terminal), Stream(terminal)
    with monkeypatch.context() as patched:
        patched.setattr(sys, "stdout", out)
        patched.setattr(sys, "stderr", err)
        code = root.run(arguments)
    return Shown(code, out.text(), err.text())


def acting(text: str) -> list[str]:
    """Return what a terminal would act on, but for our own colours and the line that we write anew."""
    return [ascii(c) for c in sorted({*_OURS.sub("", text)}) if is_forbidden(c, newline=True)]


def strings_in(value: Any) -> Iterator[str]:
    """Yield every text that parsed JSON holds, keys included."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict):
        for key, item in value.items():
            yield key
            yield from strings_in(item)
    elif isinstance(value, list):
        for item in value:
            yield from strings_in(item)


def judge(answer: Shown, output: str, put_in: set[str], *, terminal: bool) -> None:
    """Assert that nothing acts on a terminal, and that what was put in is given back: unchanged, in a pipe uncut."""
    assert "fault in opsctl" not in answer.err, answer.err
    harm = acting(answer.out + answer.err)
    assert not harm, harm
    if output != "table":
        lines = answer.out.splitlines() if output == "ndjson" else [answer.out]
        found = {text for line in lines if line for text in strings_in(json.loads(line))}
        lost = sorted(ascii(text)[:100] for text in put_in - found)
        assert not lost, lost
    elif not terminal:
        assert "…" not in answer.out
        cut = [text for text in put_in if text.isalnum() and text not in answer.out]
        assert not cut, cut
