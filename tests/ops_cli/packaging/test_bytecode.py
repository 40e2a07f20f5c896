"""Bytecode goes in when an interpreter of the target's minor version is found, and Lambda can load it."""

import importlib.util
import marshal
import os
import subprocess
import sys
import types
from collections.abc import Callable
from pathlib import Path

import pytest

from ops_cli.packaging import Target, interpreters
from ops_cli.packaging.bytecode import Compiler
from tests.ops_cli.packaging.repository import HANDLER, Repository

HERE = f"{sys.version_info.major}.{sys.version_info.minor}"
FULL = ".".join(map(str, sys.version_info[:3]))
TAG = f"cpython-{sys.version_info.major}{sys.version_info.minor}"
DEPLOY_HERE = Target.deploy(f"python{HERE}")


def test_every_module_has_unchecked_bytecode_that_names_the_task_folder(repository: Repository) -> None:
    repository.library("shop/__init__.py", "UNIT = 1\n")
    repository.function("orders", f"import shop\n{HANDLER}")
    result = repository.build(DEPLOY_HERE)
    assert result.bytecode == FULL
    assert repository.manifest()["target"]["bytecode"] == FULL
    assert repository.lines[-1].endswith(f"bytecode of {FULL})")
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
    from ops_cli.packaging.lock import lock

    repository.function("orders", f"import six\n{HANDLER}")
    repository.write("python/functions/orders/requirements.txt", "six==1.17.0\n")
    lock(repository.root, report=lambda line: None, runtime=DEPLOY_HERE.runtime)
    repository.build(DEPLOY_HERE)
    assert f"__pycache__/six.{TAG}.pyc" in repository.names("orders")


def test_bytecode_is_part_of_the_key(repository: Repository) -> None:
    repository.function("orders")
    repository.build(DEPLOY_HERE)
    with_bytecode = repository.keys()
    repository.build(Target.deploy(f"python{HERE}", bytecode=False))
    assert repository.keys() != with_bytecode
    assert not [name for name in repository.names("orders") if name.endswith(".pyc")]


def test_a_file_compiles_to_the_same_bytes_alone_and_after_others(tmp_path: Path) -> None:
    source = b"def work(event, context):\n    return {'event': event, 'names': {'a', 'b', 'c'}, 'other': 257}\n"
    with (one := Compiler(sys.executable, FULL)).started():
        alone = one.compile("a.py", source)
    with (other := Compiler(sys.executable, FULL)).started():
        for path in sorted(Path(os.__file__).parent.glob("[a-d]*.py"))[:30]:
            other.compile(path.name, path.read_bytes())
        assert other.compile("a.py", source) == alone


def test_what_does_not_compile_gives_nothing() -> None:
    with (compiler := Compiler(sys.executable, FULL)).started():
        assert compiler.compile("a.py", b"print 'old'\n") == b""
        assert compiler.compile("b.py", b"x = 1\n") != b""


@pytest.fixture
def no_interpreters(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """No interpreter but the running one, and a folder on PATH to put others into."""
    folder = tmp_path / "bin"
    folder.mkdir()
    monkeypatch.setenv("PATH", str(folder))
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    for name in ("PYENV_ROOT", "UV_PYTHON_INSTALL_DIR", "XDG_DATA_HOME"):
        monkeypatch.delenv(name, raising=False)
    return folder


def script(path: Path, text: str) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(f"#!/bin/sh\n{text}\n")
    path.chmod(0o755)
    return path


def other_minor() -> str:
    return "3.12" if HERE == "3.13" else "3.13"


def chosen(target: Target) -> tuple[str, str] | None:
    return interpreters.choose(interpreters.candidates(target), target)


def test_without_an_interpreter_of_the_minor_version_the_build_says_so(
    repository: Repository, no_interpreters: Path
) -> None:
    repository.function("orders")
    repository.build(Target.deploy(f"python{other_minor()}"))
    assert repository.manifest()["target"]["bytecode"] is None
    assert f"no bytecode: there is no Python {other_minor()} on this machine" in repository.lines[-1]


def test_the_running_interpreter_serves_its_own_version(no_interpreters: Path) -> None:
    assert chosen(DEPLOY_HERE) == (sys.executable, FULL)


@pytest.mark.parametrize(
    "place",
    [
        "bin/python{minor}",
        "home/.pyenv/versions/{minor}.4/bin/python{minor}",
        "home/.local/share/uv/python/cpython-{minor}.4-linux-x86_64-gnu/bin/python{minor}",
    ],
)
def test_an_installed_interpreter_is_found(no_interpreters: Path, tmp_path: Path, place: str) -> None:
    minor = other_minor()
    path = script(tmp_path / place.format(minor=minor), f"echo cpython final {minor}.4")
    assert chosen(Target.deploy(f"python{minor}")) == (str(path), f"{minor}.4")


def test_the_newest_installed_interpreter_is_taken(no_interpreters: Path, tmp_path: Path) -> None:
    minor = other_minor()
    for patch in ("9", "10", "2"):
        place = tmp_path / f"home/.pyenv/versions/{minor}.{patch}/bin/python{minor}"
        script(place, f"echo cpython final {minor}.{patch}")
    found = chosen(Target.deploy(f"python{minor}"))
    assert found is not None
    assert found[1] == f"{minor}.10"


@pytest.mark.parametrize(
    "text",
    [
        "echo 'pyenv: command not found' >&2; exit 127",
        "echo cpython final 3.8.1",
        "echo cpython candidate {minor}.0",
        "echo pypy final {minor}.0",
        "exit 0",
    ],
)
def test_an_executable_that_is_not_a_release_of_the_version_is_passed_over(no_interpreters: Path, text: str) -> None:
    minor = other_minor()
    script(no_interpreters / f"python{minor}", text.format(minor=minor))
    assert chosen(Target.deploy(f"python{minor}")) is None


def test_a_version_managers_shim_comes_last(
    no_interpreters: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    minor = other_minor()
    script(tmp_path / "shims" / f"python{minor}", f"echo cpython final {minor}.1")
    real = script(tmp_path / f"home/.pyenv/versions/{minor}.1/bin/python{minor}", f"echo cpython final {minor}.1")
    monkeypatch.setenv("PATH", f"{tmp_path / 'shims'}{os.pathsep}{no_interpreters}")
    assert [Path(path) for path, _ in interpreters.candidates(Target.deploy(f"python{minor}"))] == [
        real,
        tmp_path / "shims" / f"python{minor}",
    ]


def test_an_interpreter_installed_later_is_used_by_the_next_build(
    repository: Repository, no_interpreters: Path, python_of: Callable[[str], str]
) -> None:
    minor = other_minor()
    real = python_of(minor)
    repository.function("orders")
    assert repository.build(Target.deploy(f"python{minor}")).bytecode is None
    script(no_interpreters / f"python{minor}", f'exec {real} "$@"')
    result = repository.build(Target.deploy(f"python{minor}"))
    assert result.built == ["orders"]
    assert result.bytecode is not None
    assert repository.build(Target.deploy(f"python{minor}")).built == []


def test_the_bytecode_of_another_version_is_loaded_by_it(
    repository: Repository, python_of: Callable[[str], str], tmp_path: Path
) -> None:
    minor = other_minor()
    python = python_of(minor)
    repository.function("orders", "LOADED_FROM = __cached__\n" + HANDLER)
    repository.build(Target.deploy(f"python{minor}"))
    zipped = repository.zip("orders")
    zipped.extractall(tmp_path / "task")
    # Unchecked: the bytecode is used although the source beside it has become another.
    (tmp_path / "task/orders/handler.py").write_text("raise SystemExit('the source was compiled')\n")
    ask = "import sys; sys.path.insert(0, sys.argv[1]); import orders.handler as h; print(h.handle(1, 2))"
    answer = subprocess.run(
        [python, "-I", "-S", "-c", ask, str(tmp_path / "task")], capture_output=True, text=True, check=False
    )
    assert answer.stdout == "1\n", answer.stderr
