"""Third-party code in a zip: from the committed lock, installed once, without what installers leave behind."""

import csv
import hashlib
import io
import os
import re
import sys
import time
import zipfile
from pathlib import Path

import pytest

from ops_cli.packaging import Target, dependencies, zips
from ops_cli.packaging.dependencies import lock
from opscore.errors import OpsError
from tests.ops_cli.packaging.repository import HANDLER, Repository

SIX = "six==1.17.0\n"
DEPLOY_HERE = Target.deploy(f"python{sys.version_info.major}.{sys.version_info.minor}")
RUNNING = f"python{sys.version_info.major}.{sys.version_info.minor}"


def locked(repository: Repository, **arguments: object) -> list[str]:
    lines: list[str] = []
    lock(repository.root, report=lines.append, **arguments)  # type: ignore[arg-type]
    return lines


@pytest.fixture
def with_six(repository: Repository) -> Repository:
    repository.function("orders", f"import six\n{HANDLER}")
    repository.write("python/functions/orders/requirements.txt", SIX)
    locked(repository)
    return repository


def test_a_requirement_lies_beside_the_function(with_six: Repository) -> None:
    with_six.build()
    names = with_six.names("orders")
    assert {"six.py", "six-1.17.0.dist-info/METADATA", "orders/handler.py"} <= set(names)
    assert names == sorted(names)
    left_behind = re.compile(r"(^|/)(bin|__pycache__)/|INSTALLER$|REQUESTED$|direct_url|uv_cache|\.lock$|\.pyc$")
    assert [name for name in names if left_behind.search(name)] == []


def test_console_scripts_which_hold_a_path_of_this_machine_stay_out_and_are_named(repository: Repository) -> None:
    repository.function("orders")
    repository.write("python/functions/orders/requirements.txt", "idna==3.20\n")
    locked(repository)
    for _ in range(2):
        repository.build()
        assert "left out of idna 3.20: bin/idna" in repository.lines
        repository.zip_path("orders").unlink()
    repository.build()
    names = repository.names("orders")
    assert "idna/__init__.py" in names
    assert not [name for name in names if name.startswith("bin/")]
    record = repository.zip("orders").read("idna-3.20.dist-info/RECORD").decode()
    listed = {line.partition(",")[0] for line in record.splitlines()}
    assert listed == {name for name in names if name.startswith("idna")}


def wheel(folder: Path, name: str, files: dict[str, str]) -> str:
    """Write a wheel; return the requirement with its hash, as a lock has it."""
    info = f"{name}-1.0.dist-info"
    files = {**files, f"{info}/METADATA": f"Metadata-Version: 2.1\nName: {name}\nVersion: 1.0\n"}
    files[f"{info}/WHEEL"] = "Wheel-Version: 1.0\nGenerator: test\nRoot-Is-Purelib: true\nTag: py3-none-any\n"
    record = io.StringIO()
    csv.writer(record).writerows([path, "", ""] for path in [*files, f"{info}/RECORD"])
    files[f"{info}/RECORD"] = record.getvalue()
    path = folder / f"{name}-1.0-py3-none-any.whl"
    with zipfile.ZipFile(path, "w") as archive:
        for inside, content in files.items():
            archive.writestr(inside, content)
    return f"{name}==1.0 --hash=sha256:{hashlib.sha256(path.read_bytes()).hexdigest()}"


def test_everything_that_a_wheel_ships_is_shipped(
    tmp_path: Path, cache_home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.setenv("UV_FIND_LINKS", str(tmp_path))
    shipped = ["a/__init__.py", "a/tests/data.json", "a/README.md", "a/.hidden", "a/py.typed", "a/old.pyc", "a/x.lock"]
    shipped += ["bin/data.txt", "tests/test_a.py", "größe.txt", "broken.py", 'with,"both".txt']
    pins = wheel(tmp_path, "a", {**dict.fromkeys(shipped, "x = = 1\n"), "bin/run": "#!/bin/sh\n"})
    made = dependencies.Cache(DEPLOY_HERE, sys.executable).layer(pins, "requirements.txt")
    info = {f"a-1.0.dist-info/{name}" for name in ("METADATA", "WHEEL", "RECORD")}
    assert {*made.sizes} == {*shipped, *info}
    assert made.comment == "left out of a 1.0: bin/run"


def test_a_hash_in_the_requirements_is_honoured(repository: Repository) -> None:
    repository.function("orders")
    path = repository.root / "python/functions/orders/requirements.lock"
    repository.write("python/functions/orders/requirements.txt", f"idna==3.10 --hash=sha256:{'0' * 64}\n")
    with pytest.raises(OpsError, match=r"^python/functions/orders/requirements.txt: no file of idna 3.10 has a hash"):
        locked(repository)
    assert not path.exists()
    repository.write("python/functions/orders/requirements.txt", "idna==3.10\n")
    locked(repository)
    _, first, *more = re.findall(r"sha256:\S+", path.read_text())
    repository.write("python/functions/orders/requirements.txt", f"idna==3.10 \\\n    --hash={first}\n")
    with pytest.raises(OpsError, match="was not made from"):
        repository.build()
    locked(repository)
    assert re.findall(r"sha256:\S+", path.read_text()) == [first]
    assert more == []


def test_the_lock_holds_versions_and_hashes_and_no_address(with_six: Repository) -> None:
    text = (with_six.root / "python/functions/orders/requirements.lock").read_text()
    assert re.search(r"^six==1\.17\.0 \\\n    --hash=sha256:[0-9a-f]{64}", text, re.MULTILINE)
    assert "://" not in text
    assert str(with_six.root) not in text


def test_locking_again_changes_nothing(with_six: Repository) -> None:
    path = with_six.root / "python/functions/orders/requirements.lock"
    before = path.read_text()
    assert locked(with_six) == ["unchanged python/functions/orders/requirements.lock"]
    assert path.read_text() == before


def test_locking_keeps_a_version_that_still_fits_and_upgrades_when_asked(with_six: Repository) -> None:
    requirements = with_six.root / "python/functions/orders/requirements.txt"
    path = with_six.root / "python/functions/orders/requirements.lock"
    requirements.write_text("six==1.16.0\n")
    locked(with_six)
    requirements.write_text("six>=1.16\n")
    locked(with_six)
    assert "six==1.16.0" in path.read_text()
    locked(with_six, upgrade=True)
    assert "six==1.16.0" not in path.read_text()


def test_a_lock_goes_with_its_last_requirement(with_six: Repository) -> None:
    with_six.write("python/functions/orders/requirements.txt", "# none any more\n")
    assert locked(with_six) == ["removed python/functions/orders/requirements.lock: nothing is required"]
    assert not (with_six.root / "python/functions/orders/requirements.lock").exists()


@pytest.mark.parametrize(
    "target", [Target.deploy(bytecode=False), Target.sandbox(bytecode=False)], ids=["deploy", "here"]
)
def test_a_missing_or_stale_lock_stops_the_build(repository: Repository, target: Target) -> None:
    repository.function("orders")
    repository.write("python/functions/orders/requirements.txt", SIX)
    with pytest.raises(OpsError, match=r"^python/functions/orders/requirements.lock is missing.$"):
        repository.build(target)
    locked(repository)
    repository.write("python/functions/orders/requirements.txt", "six==1.16.0\n")
    with pytest.raises(OpsError, match=r"^python/functions/orders/requirements.lock was not made from"):
        repository.build(target)


def test_a_requirement_that_does_not_exist_is_named_with_its_file(repository: Repository) -> None:
    repository.function("orders")
    repository.write("python/functions/orders/requirements.txt", "six==99.99\n")
    with pytest.raises(OpsError) as error:
        locked(repository)
    assert "\n" not in error.value.message
    assert error.value.message.startswith("python/functions/orders/requirements.txt cannot be resolved for python3.13")
    assert "six==99.99" in error.value.message


def test_equal_locks_are_installed_once(
    with_six: Repository, cache_home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(with_six.root / "cache"))
    folder = with_six.root / "python/functions"
    with_six.function("bills", f"import six\n{HANDLER}")
    for name in ("requirements.txt", "requirements.lock"):
        (folder / "bills" / name).write_text((folder / "orders" / name).read_text())
    with_six.build()
    assert len(list((with_six.root / "cache/opsctl/packaging").glob("*.zip"))) == 1


def test_a_built_requirement_needs_no_uv(with_six: Repository, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    with_six.build()
    with_six.zip_path("orders").unlink()
    monkeypatch.setattr(sys, "executable", str(tmp_path / "python"))
    monkeypatch.setenv("PATH", "")
    assert with_six.build().built == ["orders"]


def test_a_missing_uv_is_one_line(with_six: Repository, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(sys, "executable", str(tmp_path / "python"))
    monkeypatch.setenv("PATH", "")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    with pytest.raises(OpsError, match=r"^uv is needed to install") as error:
        with_six.build()
    assert error.value.hint == "Run `make setup`."


def test_a_damaged_layer_in_the_cache_is_made_again(
    with_six: Repository, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    with_six.build()
    before = with_six.zips()
    (layer,) = (tmp_path / "cache/opsctl/packaging").glob("*.zip")
    layer.write_bytes(layer.read_bytes()[:-5])
    with_six.zip_path("orders").unlink()
    with_six.build()
    assert with_six.zips() == before


def test_what_a_killed_build_left_in_the_cache_is_removed_once_it_is_old(
    with_six: Repository, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    folder = tmp_path / "cache/opsctl/packaging"
    folder.mkdir(parents=True)
    for name, age in ((".old.zip.1.tmp", 7200), (".new.zip.1.tmp", 60), ("old.txt", 7200)):
        (folder / name).write_text("half")
        os.utime(folder / name, (time.time() - age, time.time() - age))
    with_six.build()
    assert sorted(path.name for path in folder.iterdir() if path.suffix != ".zip") == [".new.zip.1.tmp", "old.txt"]


@pytest.mark.parametrize("ours", ["python/functions/six", "python/lib/six"])
def test_a_requirement_with_the_name_of_our_own_code_is_refused_naming_both(repository: Repository, ours: str) -> None:
    name = "six" if ours.endswith("functions/six") else "orders"
    repository.library("six/__init__.py" if name == "orders" else "shop/__init__.py")
    folder = f"python/functions/{name}"
    repository.function(name, f"import six\n{HANDLER}" if name == "orders" else HANDLER)
    repository.write(f"{folder}/requirements.txt", SIX)
    locked(repository)
    with pytest.raises(OpsError, match=f"^{folder}/requirements.txt: installs a module six, and {ours} is one too$"):
        repository.build()


def test_a_module_that_only_the_function_next_door_requires_is_missing(with_six: Repository) -> None:
    with_six.function("bills", f"import six\n{HANDLER}")
    with pytest.raises(OpsError, match=r"^python/functions/bills/handler.py:1: imports six, which is neither"):
        with_six.build()


def test_a_requirement_too_large_for_lambda_is_refused_before_it_is_compressed(
    with_six: Repository, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.setattr(zips, "UNZIPPED_LIMIT", 10_000)
    with pytest.raises(OpsError, match=r"^python/functions/orders/requirements.txt: unzips to .* 250 MB") as error:
        with_six.build()
    assert "six.py" in error.value.hint


def test_the_build_says_where_the_two_targets_resolve_differently(repository: Repository) -> None:
    other = "python3.12" if RUNNING == "python3.13" else "python3.13"
    marker = f'python_version == "{RUNNING.removeprefix("python")}"'
    repository.function("orders")
    repository.write("python/functions/orders/requirements.txt", f"{SIX}idna==3.20 ; {marker}\n")
    locked(repository, runtime=other)
    repository.build(Target.deploy(other, bytecode=False))
    assert repository.names("orders").count("six.py") == 1
    assert "idna/__init__.py" not in repository.names("orders")
    told = "deploy and sandbox resolve differently for orders: idna absent -> 3.20"
    for _ in range(2):
        assert repository.build(Target.sandbox(bytecode=False)).warnings == [told]
        assert f"warning: {told}" in repository.lines
    assert "idna/__init__.py" in repository.names("orders", "sandbox")


def test_the_sandbox_keeps_the_locked_versions_where_it_can(repository: Repository) -> None:
    repository.function("orders")
    repository.write("python/functions/orders/requirements.txt", "six==1.16.0\n")
    locked(repository)
    text = (repository.root / "python/functions/orders/requirements.lock").read_text()
    repository.write("python/functions/orders/requirements.txt", "six>=1.16\n")
    locked(repository)
    assert "six==1.16.0" in text
    assert repository.build(Target.sandbox(bytecode=False)).warnings == []
    assert "six-1.16.0.dist-info/METADATA" in repository.names("orders", "sandbox")


def test_the_cache_is_where_the_user_keeps_caches(monkeypatch: pytest.MonkeyPatch) -> None:
    target = Target.deploy()
    monkeypatch.setenv("XDG_CACHE_HOME", "/somewhere")
    assert dependencies.Cache(target, None).folder == "/somewhere/opsctl/packaging"
    monkeypatch.delenv("XDG_CACHE_HOME")
    assert dependencies.Cache(target, None).folder == str(Path.home() / ".cache/opsctl/packaging")
