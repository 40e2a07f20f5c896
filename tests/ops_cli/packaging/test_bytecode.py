"""Bytecode goes in when an interpreter of the target's minor version is found; its patch version is in no key."""

import importlib.util
import marshal
import os
import subprocess
import sys
import types
from collections.abc import Callable
from pathlib import Path

import pytest

from ops_cli.packaging import Target
from tests.ops_cli.packaging.repository import HANDLER, Repository

HERE = f"{sys.version_info.major}.{sys.version_info.minor}"
TAG = f"cpython-{sys.version_info.major}{sys.version_info.minor}"
DEPLOY_HERE = Target.deploy(f"python{HERE}")
OTHER = "3.12" if HERE == "3.13" else "3.13"
DEPLOY_OTHER = Target.deploy(f"python{OTHER}")
# An interpreter with this option writes other bytes of the same meaning, as another patch release may.
DIFFERING = "-X no_debug_ranges"


def test_every_module_has_unchecked_bytecode_that_names_the_task_folder(repository: Repository) -> None:
    repository.library("shop/__init__.py", "UNIT = 1\n")
    repository.function("orders", f"import shop\n{HANDLER}")
    result = repository.build(DEPLOY_HERE)
    assert result.bytecode == repository.manifest()["target"]["bytecode"] == TAG
    assert repository.lines[-1].endswith(f"bytecode of {TAG})")
    zipped = repository.zip("orders")
    sources = [name for name in zipped.namelist() if name.endswith(".py")]
    for name in sources:
        folder, _, file = name.rpartition("/")
        code = zipped.read(f"{folder}/__pycache__/{file[:-3]}.{TAG}.pyc")
        assert code[:4] == importlib.util.MAGIC_NUMBER
        assert int.from_bytes(code[4:8], "little") == 0b01, "hash-based and not checked against the source"
        assert code[8:16] == importlib.util.source_hash(zipped.read(name))
        loaded = marshal.loads(code[16:])  # noqa: S302 - made by this test
        assert isinstance(loaded, types.CodeType)
        assert loaded.co_filename == f"/var/task/{name}"
    assert len(zipped.namelist()) == 2 * len(sources)


def test_a_requirement_is_compiled_too(repository: Repository) -> None:
    from ops_cli.packaging.dependencies import lock

    repository.function("orders", f"import six\n{HANDLER}")
    repository.write("python/functions/orders/requirements.txt", "six==1.17.0\n")
    lock(repository.root, report=lambda line: None, runtime=DEPLOY_HERE.runtime)
    repository.build(DEPLOY_HERE)
    assert f"__pycache__/six.{TAG}.pyc" in repository.names("orders")


def test_a_zip_without_bytecode_has_a_key_of_its_own(repository: Repository) -> None:
    repository.function("orders")
    repository.build(DEPLOY_HERE)
    with_bytecode = repository.keys()
    repository.build(Target.deploy(f"python{HERE}", bytecode=False))
    assert repository.keys() != with_bytecode
    assert not [name for name in repository.names("orders") if name.endswith(".pyc")]


@pytest.fixture
def bare(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> dict[str, str]:
    """An environment with no interpreter but the running one, and a folder `bin` on PATH to put others into."""
    (tmp_path / "bin").mkdir()
    environment = {"PATH": str(tmp_path / "bin"), "HOME": str(tmp_path / "home")}
    for name in ("PYENV_ROOT", "UV_PYTHON_INSTALL_DIR", "XDG_DATA_HOME"):
        monkeypatch.delenv(name, raising=False)
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    return environment


def script(path: Path, text: str) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(f"#!/bin/sh\n{text}\n")
    path.chmod(0o755)
    return path


def handled(python: str, repository: Repository, task: Path, expression: str) -> str:
    """Import the built handler from its bytecode alone and return what an expression of it gives."""
    repository.zip("orders").extractall(task)
    for source in task.rglob("*.py"):
        source.write_text("raise SystemExit('the source was compiled')\n")
    ask = f"import sys; sys.path.insert(0, sys.argv[1]); import orders.handler as h; print({expression})"
    answer = subprocess.run([python, "-I", "-S", "-c", ask, str(task)], capture_output=True, text=True, check=False)
    assert answer.returncode == 0, answer.stderr
    return answer.stdout


def test_two_patch_versions_write_bytecode_that_may_differ_and_one_key(
    repository: Repository, bare: dict[str, str], python_of: Callable[[str], str], tmp_path: Path
) -> None:
    """Built as `make build` does it, first with one interpreter of the target's version, then with another."""
    real = python_of(OTHER)
    repository.function("orders", f"def doubled(number):\n    return 2 * number\n\n\n{HANDLER}")
    keys, compiled, answers = [], [], []
    for number, option in enumerate(("", DIFFERING)):
        script(tmp_path / f"bin/python{OTHER}", f'exec {real} {option} "$@"')
        built = repository.copy_to(tmp_path / f"clone-{number}")
        answer = built.run("--target=deploy", "--runtime", f"python{OTHER}")
        assert answer.returncode == 0, answer.stderr
        keys.append(built.keys())
        place = f"orders/__pycache__/handler.cpython-{OTHER.replace('.', '')}.pyc"
        compiled.append(built.zip("orders").read(place))
        answers.append(handled(real, built, tmp_path / f"task-{number}", "h.doubled(21)"))
    assert keys[0] == keys[1]
    assert compiled[0] != compiled[1], "the two are no different compilers"
    assert answers[0] == answers[1] == "42\n"


def test_without_an_interpreter_of_the_version_the_build_says_so_and_the_key_too(
    repository: Repository, bare: dict[str, str], python_of: Callable[[str], str], tmp_path: Path
) -> None:
    real = python_of(OTHER)
    repository.function("orders")
    assert repository.build(DEPLOY_OTHER).bytecode is None
    assert repository.manifest()["target"]["bytecode"] is None
    assert f"warning: {DEPLOY_OTHER.no_interpreter()}" in repository.lines
    assert not [name for name in repository.names("orders") if name.endswith(".pyc")]
    before = repository.keys()
    assert repository.build(DEPLOY_OTHER).built == []
    script(tmp_path / f"bin/python{OTHER}", f'exec {real} "$@"')
    result = repository.build(DEPLOY_OTHER)
    assert (result.built, result.warnings) == (["orders"], [])
    assert repository.keys() != before
    assert repository.build(DEPLOY_OTHER).built == []
    repository.build(Target.deploy(f"python{OTHER}", bytecode=False))
    assert repository.keys() == before


def test_the_bytecode_of_another_version_is_loaded_by_it(
    repository: Repository, python_of: Callable[[str], str], tmp_path: Path
) -> None:
    repository.function("orders")
    repository.build(DEPLOY_OTHER)
    assert handled(python_of(OTHER), repository, tmp_path / "task", "h.handle(1, 2)") == "1\n"


def test_the_running_interpreter_serves_its_own_version(bare: dict[str, str]) -> None:
    assert DEPLOY_HERE.interpreter() == sys.executable


def writes(target: Target) -> str:
    return f"echo {target.magic}"


@pytest.mark.parametrize(
    "place",
    [
        "bin/python{minor}",
        "home/.pyenv/versions/{minor}.4/bin/python{minor}",
        "home/.local/share/uv/python/cpython-{minor}.4-linux-x86_64-gnu/bin/python{minor}",
    ],
)
def test_an_installed_interpreter_is_found(bare: dict[str, str], tmp_path: Path, place: str) -> None:
    path = script(tmp_path / place.format(minor=OTHER), writes(DEPLOY_OTHER))
    assert DEPLOY_OTHER.interpreter() == str(path)


def test_the_newest_installed_interpreter_is_taken(bare: dict[str, str], tmp_path: Path) -> None:
    paths = {
        patch: script(tmp_path / f"home/.pyenv/versions/{OTHER}.{patch}/bin/python{OTHER}", writes(DEPLOY_OTHER))
        for patch in ("9", "10", "2")
    }
    assert DEPLOY_OTHER.interpreter() == str(paths["10"])


@pytest.mark.parametrize(
    "text",
    ["echo 'pyenv: command not found' >&2; exit 127", "echo 3413", f"echo {DEPLOY_HERE.magic}", "exit 0"],
    ids=["shim", "old", "another version", "silent"],
)
def test_an_executable_that_writes_other_bytecode_is_passed_over(
    bare: dict[str, str], tmp_path: Path, text: str
) -> None:
    script(tmp_path / f"bin/python{OTHER}", text)
    assert DEPLOY_OTHER.interpreter() is None
    good = script(tmp_path / f"home/.pyenv/versions/{OTHER}.1/bin/python{OTHER}", writes(DEPLOY_OTHER))
    assert DEPLOY_OTHER.interpreter() == str(good)


def test_a_version_managers_shim_is_no_candidate(
    bare: dict[str, str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    script(tmp_path / "shims" / f"python{OTHER}", writes(DEPLOY_OTHER))
    real = script(tmp_path / f"home/.pyenv/versions/{OTHER}.1/bin/python{OTHER}", writes(DEPLOY_OTHER))
    monkeypatch.setenv("PATH", f"{tmp_path / 'shims'}{os.pathsep}{bare['PATH']}")
    assert DEPLOY_OTHER.candidates() == [str(real)]
