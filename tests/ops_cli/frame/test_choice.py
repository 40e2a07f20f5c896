"""Which environment is meant: what was said, else the only one there is, and never an account by itself."""

import shutil
from pathlib import Path

import pytest

from ops_cli.clone import places as clones
from ops_cli.frame.choice import choose, known_names, places_of
from ops_cli.frame.environments import Environment, config_file, register
from opscore.errors import NotFound, UsageProblem
from tests.ops_cli.clone.made_up import killed, made_clone, started, stopped

PROD = Environment("prod", profile="ops", region="eu-west-1")
LOCAL = Environment("here", region="eu-west-1", endpoint="http://127.0.0.1:9")


@pytest.fixture(autouse=True)
def work(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Work in a folder that is in no clone, with a program that lies in none."""
    monkeypatch.setattr(clones, "own_clone", lambda: None)
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_the_sandbox_of_the_folder_is_chosen_when_it_is_all_there_is(
    work: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    started(made_clone(work / "one"), port=4510)
    monkeypatch.chdir(work / "one/terraform")
    chosen = choose(None)
    assert (chosen.name, chosen.endpoint, chosen.clone) == ("sandbox", "http://127.0.0.1:4510", str(work / "one"))
    assert chosen.is_local
    assert chosen.stack_parameter == "/opsctl/sandbox/stack"
    assert chosen.terraform_dir == str(work / "one/.sandbox/terraform")


def test_a_port_that_moved_is_seen(work: Path) -> None:
    started(work, port=4510)
    started(work, port=4600)
    assert choose("sandbox").endpoint == "http://127.0.0.1:4600"


def test_two_clones_have_two_sandboxes(work: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name, port in (("one", 4510), ("two", 4600)):
        started(made_clone(work / name), port)
    monkeypatch.chdir(work / "one")
    assert choose("sandbox").endpoint == "http://127.0.0.1:4510"
    assert choose("sandbox:../two").endpoint == "http://127.0.0.1:4600"
    assert choose(f"sandbox:{work}/two/").endpoint == "http://127.0.0.1:4600"
    monkeypatch.chdir(work / "two")
    assert choose(None).endpoint == "http://127.0.0.1:4600"


def test_from_an_unrelated_folder_it_is_the_sandbox_of_the_programs_own_clone(
    work: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    own = started(made_clone(work / "own"), port=4510).root
    monkeypatch.setattr(clones, "own_clone", lambda: own)
    (work / "home").mkdir()
    monkeypatch.chdir(work / "home")
    assert choose(None).clone == str(own)


def test_in_a_clone_that_has_none_no_other_clones_sandbox_is_meant(work: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    own = started(made_clone(work / "own")).root
    monkeypatch.setattr(clones, "own_clone", lambda: own)
    monkeypatch.chdir(made_clone(work / "fresh"))
    with pytest.raises(UsageProblem, match="No environment is chosen") as told:
        choose(None)
    assert "opsctl sandbox up" in told.value.hint
    with pytest.raises(NotFound, match=f"The sandbox of {work}/fresh is not running") as missing:
        choose("sandbox")
    assert missing.value.hint == "`opsctl sandbox up` starts it."


def test_an_account_beside_a_sandbox_is_never_chosen_silently_and_both_are_named(work: Path) -> None:
    started(work)
    register(PROD)
    with pytest.raises(UsageProblem, match="No environment is chosen") as told:
        choose(None)
    assert told.value.hint == f"Say --env NAME or set OPSCTL_ENV; known are prod, sandbox (that of {work})."
    assert choose("prod") == PROD
    assert choose("sandbox").clone == str(work)


@pytest.mark.parametrize("known", [[PROD], [PROD, LOCAL], []])
def test_a_real_account_is_never_chosen_silently(known: list[Environment]) -> None:
    for environment in known:
        register(environment)
    with pytest.raises(UsageProblem, match="No environment is chosen"):
        choose(None)


def test_an_emulator_of_ones_own_is_chosen_when_it_is_all_there_is(work: Path) -> None:
    register(LOCAL)
    assert choose(None) == LOCAL
    stopped(work)
    with pytest.raises(UsageProblem, match="No environment is chosen"):
        choose(None)


def test_an_unknown_environment_names_the_nearest() -> None:
    register(PROD)
    with pytest.raises(NotFound) as error:
        choose("prd")
    assert "prod" in error.value.hint


@pytest.mark.parametrize("said", [None, "sandbox"])
def test_a_sandbox_that_does_not_run_is_told_with_its_folder_and_what_starts_it(work: Path, said: str | None) -> None:
    for place in (stopped, killed):
        place(work)
        with pytest.raises(NotFound) as told:
            choose(said)
        assert told.value.message == f"The sandbox of {work} is not running."
        assert told.value.hint == "`opsctl sandbox up` starts it."


def test_another_folders_sandbox_is_started_by_its_path(work: Path) -> None:
    killed(work / "one")
    with pytest.raises(NotFound) as told:
        choose("sandbox:one")
    assert told.value.hint == f"`opsctl --env sandbox:{work}/one sandbox up` starts it."


def test_a_copy_of_a_running_clone_is_not_sent_to_the_others_emulator(
    work: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    started(made_clone(work / "one"))
    shutil.copytree(work / "one", work / "two")
    monkeypatch.chdir(work / "two")
    with pytest.raises(NotFound, match=f"The sandbox of {work}/two is not running"):
        choose(None)


def test_an_emulator_that_another_version_started_is_taken_over_by_up(work: Path) -> None:
    stopped(work).process.write_text('{"port": 4510}')
    with pytest.raises(NotFound, match="started by another version") as told:
        choose(None)
    assert "opsctl sandbox up" in told.value.hint


@pytest.mark.parametrize("said", ["sandbox:", "sandbox:nowhere", "sandbox:~nobody-of-that-name/x", "sandbox:loop"])
def test_a_path_without_a_clone_is_not_found(work: Path, said: str) -> None:
    started(work)
    (work / "loop").symlink_to("loop")
    with pytest.raises(NotFound, match="no clone of the project at"):
        choose(said)


def test_the_sandbox_is_completed_where_there_is_one(work: Path) -> None:
    register(PROD)
    assert known_names() == ["prod"]
    stopped(work)
    assert known_names() == ["prod", "sandbox"]


def test_a_damaged_file_spoils_neither_the_sandbox_nor_completion(work: Path) -> None:
    started(work)
    config_file().parent.mkdir(parents=True)
    config_file().write_bytes(b"\xff")
    assert choose("sandbox").clone == str(work)
    assert known_names() == ["sandbox"]


def test_the_commands_of_the_sandbox_work_on_the_one_that_is_meant(work: Path) -> None:
    register(PROD)
    started(work)
    stopped(work / "other")
    assert places_of(None).root == places_of("sandbox").root == places_of("prod").root == work
    assert places_of("sandbox:other").root == work / "other"
