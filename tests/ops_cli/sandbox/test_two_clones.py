"""Two clones with two sandboxes at once, and the real opsctl in each: none is ever sent to the other's emulator."""

import json
import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from ops_cli.clone.places import Places
from ops_cli.clone.record import Emulator, running
from ops_cli.sandbox.emulator import lifecycle, registry
from ops_cli.sandbox.emulator import process as emulators
from ops_cli.sandbox.emulator.ports import kept_port
from tests.emulator.emulated_account import Account, eventually
from tests.ops_cli.clone.made_up import made_clone

OPSCTL = [sys.executable, "-c", "from ops_cli.main import main; main()"]


@dataclass(frozen=True)
class Clone:
    """A clone with a sandbox, and a person who works in it; both clones are one person's."""

    places: Places
    home: Path

    def opsctl(self, *arguments: str) -> "subprocess.CompletedProcess[str]":
        own = {f"XDG_{name}_HOME": str(self.home / name) for name in ("CONFIG", "STATE", "CACHE")}
        kept = {name: value for name, value in os.environ.items() if not name.startswith(("AWS_", "OPSCTL_"))}
        command = [*OPSCTL, *arguments]
        where = self.places.root / "terraform"
        return subprocess.run(command, cwd=where, env=kept | own, capture_output=True, text=True, check=False)

    def functions(self, *arguments: str) -> Any:
        """Return the functions of the stack that a command without further words works on."""
        answer = self.opsctl(*arguments, "stack", "--output", "json")
        assert (answer.returncode, answer.stderr) == (0, ""), answer.stderr
        return [row["role"] for row in json.loads(answer.stdout)]

    def start(self) -> Emulator:
        return lifecycle.ensure_running(self.places, print)

    def deploy(self, function: str) -> None:
        """Describe a stack of one function in the account, and save it."""
        described: dict[str, Any] = {name: {} for name in ("queues", "tables", "buckets", "state_machines", "fleets")}
        described |= {"schema_version": 1, "project": "opsctl", "environment": "sandbox", "region": "eu-west-1"}
        described |= {"account_id": "000000000000", "functions": {function: {"name": function}}}
        emulator = self.start()
        ssm = Account(emulator).client("ssm")
        ssm.put_parameter(Name="/opsctl/sandbox/stack", Value=json.dumps(described), Type="String", Overwrite=True)
        emulators.checkpoint(emulator)


def clone(folder: Path) -> Clone:
    return Clone(Places(made_clone(folder)), folder.parent / "home")


@pytest.fixture(scope="module")
def clones(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Clone, Clone]]:
    """Two clones whose sandboxes were started at the same time."""
    parent = tmp_path_factory.mktemp("clones")
    both = (clone(parent / "one"), clone(parent / "two"))
    with ThreadPoolExecutor(2) as pool:
        list(pool.map(Clone.deploy, both, ("of-one", "of-two")))
    yield both
    for each in both:
        lifecycle.stop(each.places, print)


def test_two_that_start_at_once_have_a_port_and_a_life_each(clones: tuple[Clone, Clone]) -> None:
    one, two = (running(each.places) for each in clones)
    assert one is not None
    assert two is not None
    assert one.port != two.port
    assert one.state_id != two.state_id


def test_in_each_folder_opsctl_answers_from_its_own_account(clones: tuple[Clone, Clone]) -> None:
    one, two = clones
    for said in ((), ("--env", "sandbox")):
        assert one.functions(*said) == ["of-one"]
        assert two.functions(*said) == ["of-two"]
    assert not (one.home / "CONFIG").exists(), "nothing is registered, so nothing is overwritten"


def test_the_other_is_reached_by_its_path(clones: tuple[Clone, Clone]) -> None:
    one, two = clones
    assert one.functions("--env", f"sandbox:{two.places.root}") == ["of-two"]
    assert two.functions("--env", "sandbox:../../one") == ["of-one"]


def test_what_is_completed_is_ones_own(clones: tuple[Clone, Clone], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("_OPSCTL_COMPLETE", "bash_complete")
    monkeypatch.setenv("COMP_WORDS", "opsctl logs of")
    monkeypatch.setenv("COMP_CWORD", "2")
    assert [each.opsctl().stdout.strip() for each in clones] == ["plain,of-one", "plain,of-two"]


def test_the_list_shows_both_from_either(clones: tuple[Clone, Clone], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_STATE_HOME", str(clones[0].home / "STATE"))
    for each in clones:
        registry.remember(each.places, each.start())
    for each in clones:
        rows = json.loads(each.opsctl("sandbox", "list", "--output", "json").stdout)
        assert {row["folder"]: row["state"] for row in rows} == {str(e.places.root): "running" for e in clones}
        assert [row["folder"] for row in rows if row["here"]] == [str(each.places.root)]


def test_a_killed_one_says_so_and_leaves_the_other_alone(clones: tuple[Clone, Clone]) -> None:
    one, two = clones
    killed = two.start()
    os.kill(killed.process.pid, signal.SIGKILL)
    eventually(lambda: os.waitpid(killed.process.pid, os.WNOHANG)[0], "the end")
    answer = two.opsctl("stack")
    assert answer.returncode == 4
    assert f"The sandbox of {two.places.root} is not running." in answer.stderr
    assert "`opsctl sandbox up` starts it." in answer.stderr
    assert one.functions() == ["of-one"]
    two.start()
    assert two.functions() == ["of-two"]


def test_doctor_names_the_emulator_that_took_the_port(clones: tuple[Clone, Clone]) -> None:
    one, two = clones
    lifecycle.stop(two.places, print)
    kept = two.places.port.read_text()
    two.places.port.write_text(f"{kept_port(one.places.port)}\n")
    rows = {row["check"]: row for row in json.loads(two.opsctl("doctor", "--output", "json").stdout)}
    two.places.port.write_text(kept)
    two.start()
    assert rows["sandbox"]["level"] == "bad"
    assert f"the sandbox of {one.places.root}" in rows["sandbox"]["finding"]


def test_a_copy_of_a_clone_becomes_one_of_its_own(clones: tuple[Clone, Clone]) -> None:
    one, _ = clones
    copy = Clone(Places(one.places.root.with_name("copy")), one.home)
    shutil.copytree(one.places.root, copy.places.root)
    assert copy.opsctl("stack").returncode == 4
    assert not lifecycle.stop(copy.places, print), "the one that runs is not the copy's to stop"
    said: list[str] = []
    try:
        emulator = lifecycle.ensure_running(copy.places, said.append)
        original = running(one.places)
        assert original is not None
        assert (emulator.port != original.port) and (emulator.state_id != original.state_id)
        assert f"This sandbox came from {one.places.root}" in said[0]
        copy.deploy("of-copy")
        assert (one.functions(), copy.functions()) == (["of-one"], ["of-copy"])
    finally:
        lifecycle.stop(copy.places, print)
