"""The Makefile lists itself, has the targets the README speaks of, and says in one line what is missing."""

import re
import shutil
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
WANTED = [
    "setup",
    "build",
    "up",
    "down",
    "demo",
    "test",
    "check",
    "lint",
    "typecheck",
    "plan",
    "apply",
    "destroy",
    "bench",
    "clean",
]

pytestmark = pytest.mark.skipif(shutil.which("make") is None, reason="make is not installed")


def make(folder: Path, *arguments: str, path: Path | None = None) -> subprocess.CompletedProcess[str]:
    """Run make in `folder`, with nothing on PATH but what lies in `path`."""
    environment = {"PATH": str(path)} if path else None
    command = [str(shutil.which("make")), *arguments]
    return subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, check=False)


@pytest.fixture
def fresh(tmp_path: Path) -> Path:
    """A tree without a virtual environment, and `bin` beside it for what is to be on PATH."""
    tree = tmp_path / "tree"
    tree.mkdir()
    for name in ("Makefile", "requirements.lock", "pyproject.toml", "python/emulator/pyproject.toml"):
        (tree / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(ROOT / name, tree / name)
    (tmp_path / "bin").mkdir()
    return tree


def test_make_alone_lists_every_target_with_one_line() -> None:
    listed = dict(re.findall(r"^  ([a-z-]+) +(\S.*)$", make(ROOT).stdout, re.MULTILINE))
    assert set(WANTED) <= set(listed)
    targets = re.findall(r"^([a-z][a-z-]*):", (ROOT / "Makefile").read_text(encoding="utf-8"), re.MULTILINE)
    assert set(listed) == set(targets) - {"terraform-there", "browser-there"}


def test_the_readme_speaks_of_no_target_that_is_not_there() -> None:
    named = set(re.findall(r"`make ([a-z]+)|^\$ make ([a-z]+)", (ROOT / "README.md").read_text(), re.MULTILINE))
    listed = set(re.findall(r"^  ([a-z-]+) ", make(ROOT).stdout, re.MULTILINE))
    assert {first or second for first, second in named} <= listed


def test_a_missing_terraform_is_one_line_that_says_where_to_get_it(fresh: Path) -> None:
    answer = make(fresh, "--silent", "terraform-there", path=fresh.parent / "bin")
    assert answer.returncode != 0
    assert answer.stderr.splitlines()[0] == (
        "Terraform 1.11 or newer is needed and is not on PATH: https://developer.hashicorp.com/terraform/install"
    )
    assert len(answer.stderr.splitlines()) == 2  # ours, and make's own about the target


def test_a_python_that_is_too_old_is_one_line_that_says_what_to_install(fresh: Path) -> None:
    old = fresh.parent / "bin" / "python3"
    old.write_text("#!/bin/sh\nexit 1\n")
    old.chmod(0o755)
    answer = make(fresh, "--silent", "setup", path=fresh.parent / "bin")
    assert answer.returncode != 0
    assert answer.stderr.startswith("Python 3.11 or newer is needed")
    assert len(answer.stderr.splitlines()) == 2
    assert not (fresh / ".venv").exists()


def test_an_interpreter_that_was_asked_for_and_does_not_run_is_not_replaced_by_another(fresh: Path) -> None:
    answer = make(fresh, "--silent", "setup", "PYTHON=python3.99")
    assert answer.returncode != 0
    assert answer.stderr.splitlines()[0] == (
        "PYTHON=python3.99 is no Python 3.11 or newer that runs here: say PYTHON=/path/to/python3, or leave it out."
    )
    assert not (fresh / ".venv").exists()


def test_an_environment_of_another_python_is_made_anew_when_one_is_asked_for(fresh: Path) -> None:
    old, new = fresh / ".venv/bin/python", fresh.parent / "bin/python3.12"
    old.parent.mkdir(parents=True)
    for interpreter, version in ((old, "3 11"), (new, "3 12")):
        interpreter.write_text(f'#!/bin/sh\necho "{version}"\n')
        interpreter.chmod(0o755)
    (fresh / ".venv/.installed").touch()
    unchanged, other = (make(fresh, "--dry-run", "setup", f"PYTHON={python}") for python in (old, new))
    assert "pip install" not in unchanged.stdout
    assert "pip install" in other.stdout


def test_without_a_browser_make_says_in_one_line_which_to_install_and_goes_on(fresh: Path) -> None:
    for tool in ("bash", "id"):
        (fresh.parent / "bin" / tool).symlink_to(str(shutil.which(tool)))
    answer = make(fresh, "browser-there", path=fresh.parent / "bin")
    assert answer.returncode == 0, answer.stderr
    assert "apt install chromium" in answer.stderr
    assert len(answer.stderr.splitlines()) == 1
