"""One account for each file of tests, once with tame texts and once with strange ones, and a run of a command on it."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path

import pytest
from moto import mock_aws

from ops_cli.clone import places as clones
from ops_cli.commands import state
from ops_cli.frame.context import Ops
from ops_cli.frame.environments import Environment, register
from opscore.dead_letters.looking import queue
from opscore.dead_letters.replay import move_task
from tests.contracts.hostile import worlds
from tests.contracts.hostile.showing import STRANGE, TAME, Case, judge, shown
from tests.moto_threads import share_queues
from tests.ops_cli.commands.conftest import REGION, deploy

share_queues()

Check = Callable[[str, Case], None]


@pytest.fixture(scope="module", params=["tame", "strange"])
def texts(request: pytest.FixtureRequest) -> Sequence[str]:
    return TAME if request.param == "tame" else STRANGE


@pytest.fixture(scope="module")
def account(texts: Sequence[str]) -> Iterator[None]:
    """Start moto and deploy the small stack, for each kind of texts anew."""
    with mock_aws():
        deploy(worlds.aws)
        yield


@pytest.fixture
def at_home(texts: Sequence[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Work on that account, in a folder whose name may be strange, too."""
    folder = tmp_path / ("clone" if texts is TAME else "cl\x1b[2J\u202eone")
    folder.mkdir()
    monkeypatch.chdir(folder)
    monkeypatch.setenv("OPSCTL_ENV", "test")
    register(Environment("test", region=REGION))
    monkeypatch.setattr(Ops, "_make_client", lambda _ops, service, **_options: worlds.aws(service))
    monkeypatch.setattr(Ops, "fast_sqs", lambda ops: ops.client("sqs"))
    monkeypatch.setattr(move_task, "support", lambda _sqs, _source: move_task.Support(known=False))
    monkeypatch.setattr(queue, "WAIT_SECONDS", 0)  # moto has one server, and sleeps through a wait
    monkeypatch.setattr(clones, "own_clone", lambda: None)
    monkeypatch.setattr(state, "resources", lambda _folder: worlds.terraform_resources(texts))
    return folder


@pytest.fixture
def check(
    at_home: Path, texts: Sequence[str], put_in: Mapping[str, set[str]], monkeypatch: pytest.MonkeyPatch
) -> Check:
    """Run a command in every way, and judge its exit code and what it printed."""

    def run(path: str, case: Case) -> None:
        for output, terminal in case.ways(texts):
            if case.changes:
                worlds.put_dead_letters(texts)
            line = [*case.line(path, texts), "--output", output]
            answer = shown(monkeypatch, line, terminal=terminal)
            assert answer.code == case.code, (line, answer.err)
            judge(answer, output, put_in[case.shows] if case.shows else set(), terminal=terminal)
            for made in (*at_home.glob("out *"), *at_home.glob("*.rest")):
                made.unlink()
        if case.changes:
            worlds.put_dead_letters(texts)

    return run
