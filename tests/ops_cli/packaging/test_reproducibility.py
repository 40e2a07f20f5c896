"""Equal sources give equal bytes, wherever and whenever and by whichever Python they are built."""

import json
import os
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from ops_cli.packaging import Target
from ops_cli.packaging.dependencies import lock
from tests.ops_cli.packaging.repository import HANDLER, Repository

RUNTIME = f"python{sys.version_info.major}.{sys.version_info.minor}"
MINORS = ("3.11", "3.12", "3.13", "3.14")


@pytest.fixture(scope="module")
def sources(tmp_path_factory: pytest.TempPathFactory) -> Repository:
    """A function with everything in it: a library, a requirement, data, an executable, a name outside ASCII."""
    repository = Repository(tmp_path_factory.mktemp("sources") / "repository")
    repository.library("shop/__init__.py")
    repository.library("shop/money.py", "UNITS = {'EUR', 'USD', 'SEK'}\n" * 50)
    folder = repository.function("orders", f"import six\nfrom shop.money import UNITS\n{HANDLER}")
    repository.write("python/functions/orders/data/größen.txt", "klein\n" * 100)
    repository.write("python/functions/orders/run.sh", "#!/bin/sh\n").chmod(0o755)
    (folder / "requirements.txt").write_text("six==1.17.0\n")
    return repository


@pytest.fixture(scope="module")
def reference(sources: Repository, tmp_path_factory: pytest.TempPathFactory) -> dict[str, bytes]:
    """The zips as a plain build makes them, manifest included."""
    lock(sources.root, report=lambda line: None, runtime=RUNTIME)
    return _built(sources.copy_to(tmp_path_factory.mktemp("reference") / "repository"))


def _built(repository: Repository, *arguments: str, **how: object) -> dict[str, bytes]:
    """Build with bytecode, as `make build` does; the runtime is the running version, so there is some."""
    command = ("--target", "deploy", "--runtime", RUNTIME, *arguments)
    answer = repository.run(*command, **how)  # type: ignore[arg-type]
    assert answer.returncode == 0, answer.stderr
    assert any(name.endswith(".pyc") for name in repository.names("orders"))
    return {**repository.zips(), "manifest.json": (repository.out() / "manifest.json").read_bytes()}


@pytest.fixture
def copy(sources: Repository, reference: dict[str, bytes], tmp_path: Path) -> Repository:
    return sources.copy_to(tmp_path / "a deeper" / "and other" / "path")


def test_another_path_gives_the_same_bytes(copy: Repository, reference: dict[str, bytes]) -> None:
    assert _built(copy) == reference


def test_other_dates_give_the_same_bytes(copy: Repository, reference: dict[str, bytes]) -> None:
    for path in copy.root.rglob("*"):
        os.utime(path, (1_000_000_000, 1_000_000_000))
    assert _built(copy) == reference


@pytest.mark.parametrize("mask", [0o000, 0o077])
def test_another_umask_gives_the_same_bytes(
    sources: Repository, reference: dict[str, bytes], tmp_path: Path, mask: int
) -> None:
    before = os.umask(mask)
    try:
        copy = Repository(tmp_path / "repository")
        for path in (sources.root / "python").rglob("*"):
            if path.is_file() and "__pycache__" not in path.parts:
                written = copy.write(str(path.relative_to(sources.root)), path.read_bytes())
                if path.suffix == ".sh":
                    written.chmod(0o777 & ~mask)
        built = _built(copy, environment={"XDG_CACHE_HOME": str(tmp_path / "cache")})
    finally:
        os.umask(before)
    assert built == reference


@pytest.mark.parametrize("zone", ["Pacific/Kiritimati", "America/Los_Angeles"])
def test_another_time_zone_gives_the_same_bytes(copy: Repository, reference: dict[str, bytes], zone: str) -> None:
    assert _built(copy, environment={"TZ": zone}) == reference


def test_a_cold_cache_gives_the_same_bytes(copy: Repository, reference: dict[str, bytes], tmp_path: Path) -> None:
    cold = {"XDG_CACHE_HOME": str(tmp_path / "cache"), "UV_CACHE_DIR": str(tmp_path / "uv")}
    assert _built(copy, environment=cold) == reference


@pytest.mark.parametrize("seed", ["0", "1", "random"])
def test_the_hash_seed_does_not_show(copy: Repository, reference: dict[str, bytes], seed: str) -> None:
    assert _built(copy, environment={"PYTHONHASHSEED": seed, "LC_ALL": "C"}) == reference


@pytest.mark.parametrize("minor", MINORS)
def test_any_python_that_builds_gives_the_same_bytes(
    copy: Repository, reference: dict[str, bytes], python_of: Callable[[str], str], minor: str
) -> None:
    # The layer is built before, as uv belongs to one interpreter's environment; the rest is this interpreter's work.
    search = f"{Path(sys.base_prefix) / 'bin'}{os.pathsep}{os.environ['PATH']}"
    assert _built(copy, python=python_of(minor), environment={"PATH": search}) == reference


@pytest.mark.parametrize("minor", MINORS)
def test_any_python_gives_the_same_key_with_whatever_interpreter_compiles(
    copy: Repository, reference: dict[str, bytes], python_of: Callable[[str], str], minor: str
) -> None:
    _built(copy, python=python_of(minor))
    expected = json.loads(reference["manifest.json"])["functions"]["orders"]["key"]
    assert copy.keys() == {"orders": expected}


def test_with_bytecode_the_order_of_the_work_does_not_show(copy: Repository, tmp_path: Path) -> None:
    """One function compiled alone and the same one among others, in one process, have the same bytes."""
    target = Target.sandbox()
    copy.build(target)
    among = copy.zips("sandbox")["orders"]
    for number in range(5):
        copy.function(f"other_{number}", f"from shop.money import UNITS\nevent = context = {number}\n{HANDLER}")
    copy.zip_path("orders", "sandbox").unlink()
    result = copy.build(target)
    assert len(result.built) == 6
    assert copy.zips("sandbox")["orders"] == among


def test_no_path_of_the_machine_is_in_the_zips(copy: Repository) -> None:
    copy.build(Target.sandbox())
    zipped = copy.zip("orders", "sandbox")
    assert any(name.endswith(".pyc") for name in zipped.namelist())
    for name in zipped.namelist():
        for path in (str(copy.root), str(Path.home()), sys.prefix):
            assert f"{path}/".encode() not in zipped.read(name), name
