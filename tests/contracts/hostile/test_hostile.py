"""No text of a stranger acts on the terminal, whatever command prints it; programs get it unchanged."""

import io
import json
import re
import sys
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import click
import pytest

from ops_cli import main as root
from ops_cli.clone import places as clones
from tests.contracts.hostile.worlds import REQUEST, furnish
from tests.contracts.test_help import all_commands
from tests.ops_cli.commands.conftest import aws
from tests.ops_cli.commands.fleet.test_draining import DRAIN, World, world
from tests.ops_cli.frame.output.hostile import FLOODS, TEXTS, is_forbidden

__all__ = ["aws", "world"]

EXEMPT = json.loads((Path(__file__).parent / "exempt.json").read_text(encoding="utf-8"))
LEAVES = {path.removeprefix("opsctl ") for path, command in all_commands() if not isinstance(command, click.Group)}
STRANGE = [*TEXTS.values(), *FLOODS.values()]
TAME = [f"text {number}" for number in range(len(STRANGE))]
ARGUMENT = " ".join(TEXTS.values()).replace("\x00", "\x01")

R = REQUEST.report_id
CASES: dict[str, list[Sequence[str]]] = {
    "dlq analyse": [["report-requests"]],
    "dlq export": [["report-requests", "out.ndjson"], ["report-requests", "in.ndjson"]],
    "dlq history": [[]],
    "dlq import": [["report-requests", "in.ndjson", "--yes"]],
    "dlq list": [[]],
    "dlq purge": [["report-requests", "--yes"], ["{}"]],
    "dlq resume": [["{}"]],
    "dlq show": [["report-requests", "--limit", "100"], ["{}"]],
    "dlq undo": [["{}"]],
    "doctor": [[]],
    "env add": [["{}"]],
    "env list": [[]],
    "env remove": [["{}", "--yes"]],
    "logs": [["report-generator", "--since", "1h"], ["{}"]],
    "replay-dlq": [["report-requests", "--dry-run"], ["report-requests", "--yes"], ["{}"]],
    "report diff": [[R, R], ["{}", "{}"]],
    "report explain": [[R, "sessions"], ["{}", "{}"]],
    "report link": [[R], ["{}"]],
    "report list": [[], ["--account", "{}"]],
    "report month": [["2026-10"], ["{}"]],
    "report plan": [["2026-10"], ["{}"]],
    "report show": [[R], ["{}"]],
    "report start": [["--account", "{}", "--from", "2026-13"]],
    "report verify": [[R], ["{}"]],
    "sandbox list": [[]],
    "sandbox status": [[]],
    "services": [[], ["{}"]],
    "stack": [[]],
    "state list": [[]],
    "state show": [["{}"], ["{state}"]],
    "status": [[]],
}
FLEET_CASES: dict[str, list[Sequence[str]]] = {
    "drain show": [["i-1"], ["{}"]],
    "drain start": [["i-1", "--why", "{}", "--yes"], ["{}"]],
    "drained": [[]],
    "fleet": [[], ["web"], ["{}"]],
    "undrain": [["{}"]],
}


@dataclass(frozen=True)
class Shown:
    code: int
    out: str
    err: str


class Stream(io.TextIOWrapper):
    """A standard stream that says of itself whether it is a terminal."""

    def __init__(self, terminal: bool) -> None:
        super().__init__(io.BytesIO(), encoding="utf-8", errors="backslashreplace")
        self._terminal = terminal

    def isatty(self) -> bool:
        return self._terminal

    def text(self) -> str:
        self.flush()
        held = self.buffer
        assert isinstance(held, io.BytesIO)
        return held.getvalue().decode("utf-8")


def shown(monkeypatch: pytest.MonkeyPatch, arguments: Sequence[str], *, terminal: bool) -> Shown:
    out, err = Stream(terminal), Stream(terminal)
    with monkeypatch.context() as patched:
        patched.setattr(sys, "stdout", out)
        patched.setattr(sys, "stderr", err)
        code = root.run(arguments)
    return Shown(code, out.text(), err.text())


OURS = re.compile(r"\x1b\[(?:0|1|3[0-7])m|\r\x1b\[K")


def acting(text: str) -> list[str]:
    """Return what a terminal would act on, but for our own colours and the line that we write anew."""
    return [ascii(c) for c in sorted({*OURS.sub("", text)}) if is_forbidden(c, newline=True)]


def with_text(arguments: Sequence[str], text: str, texts: Sequence[str]) -> list[str]:
    return [argument.replace("{}", text).replace("{state}", texts[0]) for argument in arguments]


def test_every_command_has_a_case_or_a_reason_why_not() -> None:
    assert {*CASES, *FLEET_CASES, *EXEMPT} == LEAVES
    assert not {*CASES, *FLEET_CASES} & {*EXEMPT}
    assert all(EXEMPT.values())


@pytest.mark.parametrize("path", sorted(LEAVES))
@pytest.mark.parametrize("terminal", [True, False], ids=["terminal", "pipe"])
def test_a_wrong_option_is_repeated_without_effect(path: str, terminal: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    answer = shown(monkeypatch, [*path.split(), f"--{ARGUMENT}"], terminal=terminal)
    assert (answer.code, acting(answer.out + answer.err)) == (2, [])
    assert "Error:" in answer.err


@pytest.fixture
def furnished(
    aws: Callable[[str], Any], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Callable[[Sequence[str]], None]:
    monkeypatch.setattr(clones, "own_clone", lambda: None)

    def put(texts: Sequence[str]) -> None:
        folder = tmp_path / ("clone" if texts is TAME else "cl\x1b[2J\u202eone")
        folder.mkdir()
        furnish(aws, texts, monkeypatch, folder)

    return put


def runs(path: str, cases: dict[str, list[Sequence[str]]]) -> Iterator[tuple[str, Sequence[str], str, bool]]:
    for arguments in cases[path]:
        for output in ("table", "json"):
            yield path, arguments, output, True
    for arguments in cases[path]:
        yield path, arguments, "json", False


@pytest.mark.parametrize("path", sorted(CASES))
def test_what_a_command_prints_does_not_act_on_the_terminal(
    path: str, furnished: Callable[[Sequence[str]], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    furnished(STRANGE)
    for _, arguments, output, terminal in runs(path, CASES):
        line = [*path.split(), *with_text(arguments, ARGUMENT, STRANGE), "--output", output]
        answer = shown(monkeypatch, line, terminal=terminal)
        assert "fault in opsctl" not in answer.err, answer.err
        assert not acting(answer.out + answer.err), (line, acting(answer.out + answer.err))
        if output == "json" and answer.out:
            json.loads(answer.out)
        Path("out.ndjson").unlink(missing_ok=True)


@pytest.mark.parametrize("path", sorted(FLEET_CASES))
def test_what_a_fleet_command_prints_does_not_act_on_the_terminal(
    path: str, world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    why = ARGUMENT.encode("utf-8", "replace").decode()
    world.drains.create(replace(DRAIN, left={"t1": why}, blocker=why, why=why, image_id=why))
    for _, arguments, output, terminal in runs(path, FLEET_CASES):
        line = [*path.split(), *with_text(arguments, ARGUMENT, STRANGE), "--output", output]
        answer = shown(monkeypatch, line, terminal=terminal)
        assert "fault in opsctl" not in answer.err, answer.err
        assert not acting(answer.out + answer.err), line
        if output == "json" and answer.out:
            json.loads(answer.out)
