"""The zips of the real functions: what is in them, and that each handler imports from its zip alone."""

import importlib.util
import io
import json
import modulefinder
import os
import re
import shutil
import subprocess
import sys
import zipfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from ops_cli.packaging import Target, build

ROOT = Path(__file__).parents[2]
FUNCTIONS = sorted(path.parent.name for path in (ROOT / "python/functions").glob("*/handler.py"))
LIBRARIES = sorted(path.parent.name for path in (ROOT / "python/lib").glob("*/__init__.py"))
TARGETS = {"deploy": Target.deploy(), "sandbox": Target.sandbox()}
# The SDK that Lambda's runtime brings, and what it is made of.
RUNTIME_PACKAGES = ("boto3", "botocore", "s3transfer", "jmespath", "dateutil", "six", "urllib3")
IMPORT_ALONE = "import sys; sys.path[:0] = sys.argv[2:]; import importlib; importlib.import_module(sys.argv[1]).handle"

Built = Callable[[str, str], zipfile.ZipFile]


@pytest.fixture(scope="module")
def sources(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of the sources, so that a build beside the tests and their own do not meet."""
    root = tmp_path_factory.mktemp("zips")
    shutil.copytree(ROOT / "python", root / "python", ignore=shutil.ignore_patterns("__pycache__"))
    return root


@pytest.fixture(scope="module")
def manifests(sources: Path) -> dict[str, dict[str, Any]]:
    for target in TARGETS.values():
        build(sources, target, report=lambda line: None)
    return {name: json.loads((sources / "build" / name / "manifest.json").read_text()) for name in TARGETS}


@pytest.fixture(scope="module")
def zips(sources: Path, manifests: dict[str, dict[str, Any]]) -> Built:
    def opened(target: str, function: str) -> zipfile.ZipFile:
        described = manifests[target]["functions"][function.replace("_", "-")]
        return zipfile.ZipFile(io.BytesIO((sources / "build" / target / described["zip"]).read_bytes()))

    return opened


each_function = pytest.mark.parametrize("function", FUNCTIONS)
each_target = pytest.mark.parametrize("target", TARGETS)


def installed(zipped: zipfile.ZipFile, function: str) -> set[str]:
    """Return the members that come from requirements: all whose top is neither the function nor a library."""
    return {name for name in zipped.namelist() if name.split("/")[0] not in (function, *LIBRARIES)}


def test_there_are_functions() -> None:
    assert FUNCTIONS


@each_target
def test_every_function_has_a_zip_and_nothing_else_has(manifests: dict[str, dict[str, Any]], target: str) -> None:
    assert sorted(manifests[target]["functions"]) == sorted(name.replace("_", "-") for name in FUNCTIONS)


@each_target
@each_function
def test_the_manifest_tells_the_zip(
    sources: Path, manifests: dict[str, dict[str, Any]], zips: Built, target: str, function: str
) -> None:
    role = function.replace("_", "-")
    described = manifests[target]["functions"][role]
    assert described["handler"] == f"{function}.handler.handle"
    assert re.fullmatch(r"[0-9a-f]{64}", described["key"])
    assert described["s3_key"] == f"lambda/{role}/{described['key']}.zip"
    assert described["size_bytes"] == (sources / "build" / target / described["zip"]).stat().st_size
    assert described["unzipped_bytes"] == sum(member.file_size for member in zips(target, function).infolist())


@each_target
@each_function
def test_members_are_sorted_dated_and_readable_the_same_everywhere(zips: Built, target: str, function: str) -> None:
    members = zips(target, function).infolist()
    assert [member.filename for member in members] == sorted(member.filename for member in members)
    assert {member.date_time for member in members} == {(1980, 1, 1, 0, 0, 0)}
    assert {member.create_system for member in members} == {3}
    assert {member.external_attr >> 16 for member in members} <= {0o100644, 0o100755}
    assert not [member.filename for member in members if member.is_dir()]


@each_target
@each_function
def test_a_member_is_a_source_or_its_bytecode_or_installed(zips: Built, target: str, function: str) -> None:
    zipped = zips(target, function)
    requirements = ROOT / "python/functions" / function / "requirements.txt"
    required = requirements.exists() and re.search(r"^\s*[^#\s]", requirements.read_text(), re.MULTILINE)
    if not required:
        assert installed(zipped, function) == set()
    for name in set(zipped.namelist()) - installed(zipped, function):
        if name.endswith(".pyc"):
            source = re.sub(r"__pycache__/(\w+)\.cpython-\d+\.pyc$", r"\1.py", name)
            assert source in zipped.namelist(), f"{name} is the bytecode of nothing"
            code = zipped.read(name)
            # The hash is keyed with the magic number: only this interpreter's own can be computed here.
            if code[:4] == importlib.util.MAGIC_NUMBER:
                assert code[8:16] == importlib.util.source_hash(zipped.read(source)), f"{name} is stale"
        else:
            top = "functions" if name.split("/")[0] == function else "lib"
            assert zipped.read(name) == (ROOT / "python" / top / name).read_bytes()


@each_target
@each_function
def test_every_file_of_the_function_is_there(zips: Built, target: str, function: str) -> None:
    folder = ROOT / "python/functions" / function
    modules = {f"{function}/{path.relative_to(folder)}" for path in folder.rglob("*.py") if "tests" not in path.parts}
    assert modules <= set(zips(target, function).namelist())


@each_target
@each_function
def test_what_no_lambda_runs_is_not_there(zips: Built, target: str, function: str) -> None:
    unwanted = re.compile(r"(^|/)(requirements\.(txt|lock)|INSTALLER|direct_url\.json)$|^(bin|tests|ops_cli)/")
    assert [name for name in zips(target, function).namelist() if unwanted.search(name)] == []


@each_target
@each_function
def test_bytecode_is_whole_when_the_manifest_says_there_is_some(
    manifests: dict[str, dict[str, Any]], zips: Built, target: str, function: str
) -> None:
    zipped = zips(target, function)
    own = set(zipped.namelist()) - installed(zipped, function)
    sources, compiled = {name for name in own if name.endswith(".py")}, {name for name in own if name.endswith(".pyc")}
    assert len(compiled) == (len(sources) if manifests[target]["target"]["bytecode"] else 0)
    assert {zipped.read(name)[4:8] for name in compiled} <= {b"\x01\0\0\0"}, "unchecked, hash-based"


@pytest.fixture
def unpacked(zips: Built, tmp_path: Path) -> Callable[[str], Path]:
    def unpack(function: str) -> Path:
        zips("sandbox", function).extractall(tmp_path / "task")
        return tmp_path / "task"

    return unpack


@each_function
def test_only_library_modules_that_the_handler_leads_to_are_there(
    unpacked: Callable[[str], Path], function: str
) -> None:
    """Python's own module finder, which follows the imports in bytecode, is the second opinion."""
    task = unpacked(function)
    finder = modulefinder.ModuleFinder(path=[str(task)])
    for path in sorted((task / function).rglob("*.py")):
        finder.import_hook(
            ".".join(path.relative_to(task).with_suffix("").parts).removesuffix(".__init__"), None, ["*"]
        )
    files = [getattr(module, "__file__", None) for module in finder.modules.values()]
    reached = {Path(file).relative_to(task) for file in files if file}
    packed = {path.relative_to(task) for library in LIBRARIES for path in (task / library).rglob("*.py")}
    assert packed <= reached


@pytest.fixture(scope="module")
def runtime(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the SDK and nothing else of this environment."""
    folder = tmp_path_factory.mktemp("runtime")
    for path in _sdk_files():
        (folder / path.name).symlink_to(path)
    return folder


def _sdk_files() -> Iterator[Path]:
    for name in RUNTIME_PACKAGES:
        spec = importlib.util.find_spec(name)
        assert spec is not None, f"{name} is missing from this environment"
        assert spec.origin is not None
        yield Path(spec.origin).parent if spec.submodule_search_locations else Path(spec.origin)


@each_function
def test_the_handler_imports_from_its_zip_alone(unpacked: Callable[[str], Path], runtime: Path, function: str) -> None:
    command = [sys.executable, "-I", "-S", "-B", "-c", IMPORT_ALONE, f"{function}.handler"]
    answer = subprocess.run(
        [*command, str(unpacked(function)), str(runtime)],
        capture_output=True,
        text=True,
        check=False,
        env={"PATH": os.environ["PATH"]},
    )
    assert answer.returncode == 0, answer.stderr
