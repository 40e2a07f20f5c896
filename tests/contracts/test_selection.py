"""`make check` runs the tests that mirror what was changed, and the contracts."""

import subprocess
from pathlib import Path

import pytest

from tests import selection

TREE = (
    "tests/contracts/test_help.py",
    "tests/contracts/test_zips.py",
    "tests/emulator/fleet/ecs/test_tasks.py",
    "tests/lib/opscore/dead_letters/engine/test_pace.py",
    "tests/lib/opscore/dead_letters/engine/test_runs.py",
    "tests/lib/opscore/dead_letters/test_message.py",
    "tests/lib/opscore/test_errors.py",
    "tests/ops_cli/commands/dlq/test_runs.py",
    "tests/ops_cli/commands/dlq/dead_letters.py",
)
HELP = "tests/contracts/test_help.py"


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    for name in TREE:
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).touch()
    return tmp_path


@pytest.mark.parametrize(
    ("changed", "chosen"),
    [
        ("python/lib/opscore/errors.py", ["tests/lib/opscore/test_errors.py"]),
        (
            "python/lib/opscore/dead_letters/engine/leases.py",
            [
                "tests/lib/opscore/dead_letters/engine/test_pace.py",
                "tests/lib/opscore/dead_letters/engine/test_runs.py",
            ],
        ),
        ("python/lib/opscore/dead_letters/sending/router.py", ["tests/lib/opscore/dead_letters/test_message.py"]),
        ("tests/ops_cli/commands/dlq/dead_letters.py", ["tests/ops_cli/commands/dlq/test_runs.py"]),
        ("tests/lib/opscore/test_errors.py", ["tests/lib/opscore/test_errors.py"]),
        ("tests/lib/opscore/test_deleted.py", []),
        ("README.md", []),
    ],
)
def test_a_change_is_tested_by_what_mirrors_it(tree: Path, changed: str, chosen: list[str]) -> None:
    assert selection.select([changed], tree) == (sorted([HELP, *chosen]), [])


def test_what_takes_minutes_is_named_and_left_out(tree: Path) -> None:
    changed = ["python/emulator/emulated_aws/fleet/ecs/tasks.py", "tests/emulator/fleet/ecs/test_tasks.py"]
    assert selection.select(changed, tree) == ([HELP], ["tests/emulator"])


def test_the_zips_are_built_when_functions_or_the_packaging_changed(tree: Path) -> None:
    files, _ = selection.select(["python/functions/ecs_drain/handler.py"], tree)
    assert files == [HELP, "tests/contracts/test_zips.py"]


def test_changed_is_what_differs_from_main_and_what_is_new(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def git(*arguments: str) -> None:
        author = ("-c", "user.name=somebody", "-c", "user.email=somebody@example.com")
        subprocess.run(["git", *author, *arguments], cwd=tmp_path, check=True, capture_output=True)

    def commit(name: str, text: str) -> None:
        (tmp_path / name).write_text(text)
        git("add", name)
        git("commit", "--message", name)

    monkeypatch.setattr(selection, "ROOT", tmp_path)
    git("init", "--initial-branch", "main")
    for name in ("kept.py", "edited.py", "on_a_branch.py"):
        commit(name, "1")
    git("checkout", "-b", "work")
    commit("on_a_branch.py", "2")
    (tmp_path / "edited.py").write_text("2")
    (tmp_path / "new.py").touch()
    assert selection.changed() == ["edited.py", "new.py", "on_a_branch.py"]
