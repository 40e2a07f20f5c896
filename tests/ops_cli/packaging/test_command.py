"""The packager as the Makefile runs it: on the standard library alone, in one process."""

import ast
import hashlib
import json
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from ops_cli.packaging import Target
from tests.ops_cli.packaging.repository import PACKAGER, ROOT, Repository

HEAVY = {"argparse", "ast", "dataclasses", "json", "pathlib", "re", "subprocess", "typing", "zipfile"}
PROBLEM = (
    "python/functions/orders/handler.py:1: imports nothing_there, which is neither in the standard library nor "
    "provided by python/functions/orders/requirements.txt"
)


def test_without_a_target_the_sandbox_is_built(repository: Repository) -> None:
    repository.function("orders")
    answer = repository.run()
    assert answer.returncode == 0, answer.stderr
    assert list(repository.keys("sandbox")) == ["orders"]
    assert not repository.out("deploy").exists()


def test_both_targets_can_be_built_at_once(repository: Repository) -> None:
    repository.function("orders")
    answer = repository.run("--target", "all")
    assert answer.returncode == 0, answer.stderr
    assert list(repository.keys("deploy")) == list(repository.keys("sandbox")) == ["orders"]


def test_what_the_deployment_lacks_on_this_machine_is_said_in_one_line(repository: Repository, tmp_path: Path) -> None:
    repository.function("orders")
    runtime = "python3.12" if sys.version_info[:2] == (3, 13) else "python3.13"
    bare = {"PATH": str(tmp_path), "HOME": str(tmp_path)}
    bare |= {"PYENV_ROOT": str(tmp_path), "UV_PYTHON_INSTALL_DIR": str(tmp_path)}
    *_, summary, told = repository.run("--runtime", runtime, environment=bare).stdout.splitlines()
    assert summary.startswith("sandbox: 1 built")
    version = runtime.removeprefix("python")
    assert told.startswith(f"deploy: there is no Python {version} on this machine")
    assert told.endswith(f"`uv python install {version}` brings it")
    interpreter = tmp_path / runtime
    interpreter.write_text("")
    interpreter.chmod(0o755)
    assert repository.run("--runtime", runtime, environment=bare).stdout.splitlines()[-1].startswith("sandbox: 0 built")


def test_the_deployment_can_be_for_another_runtime_and_architecture(repository: Repository) -> None:
    repository.function("orders")
    answer = repository.run("--target=deploy", "--runtime", "python3.12", "--architecture=x86_64", "--no-bytecode")
    assert answer.stdout.endswith("deploy: 1 built, 0 unchanged (python3.12 x86_64; no bytecode, as asked)\n")
    assert repository.manifest()["target"]["architecture"] == "x86_64"


def test_a_release_holds_each_zip_under_a_plain_name_and_says_what_runs_it(repository: Repository) -> None:
    repository.function("orders")
    repository.function("order_keeper")
    answer = repository.run("--release", "--architecture", "x86_64")
    assert answer.returncode == 0, answer.stderr
    assert answer.stdout.splitlines()[-1].startswith("release: 2 zips and release.json in ")
    listed = json.loads((repository.out("release") / "release.json").read_text())["functions"]
    bytes_ = repository.zip_path("order-keeper").read_bytes()
    assert listed["order-keeper"] == {
        "file": "order-keeper.zip",
        "handler": "order_keeper.handler.handle",
        "runtime": "python3.13",
        "architecture": "x86_64",
        "sha256": hashlib.sha256(bytes_).hexdigest(),
    }
    assert (repository.out("release") / "order-keeper.zip").read_bytes() == bytes_


def test_a_function_that_is_gone_is_gone_from_the_next_release(repository: Repository) -> None:
    repository.function("orders")
    repository.function("gone")
    assert repository.run("--release", "--no-bytecode").returncode == 0
    shutil.rmtree(repository.root / "python/functions/gone")
    assert repository.run("--release", "--no-bytecode").returncode == 0
    assert sorted(path.name for path in repository.out("release").iterdir()) == ["orders.zip", "release.json"]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--wrong"], "There is no option --wrong."),
        (["orders"], "There is no option orders."),
        (["--target"], "--target needs a value."),
        (["--target", "moon"], "There is no target 'moon'; known: deploy, sandbox, all."),
    ],
)
def test_a_wrong_command_line_is_one_line_and_exit_code_2(
    repository: Repository, arguments: list[str], message: str
) -> None:
    answer = repository.run(*arguments)
    assert (answer.returncode, answer.stdout) == (2, "")
    assert answer.stderr.splitlines()[0] == message
    assert "--help" in answer.stderr.splitlines()[1]


def test_help_names_every_option(repository: Repository) -> None:
    answer = repository.run("--help")
    assert answer.returncode == 0
    for option in ("--root", "--target", "--runtime", "--architecture", "--no-bytecode", "--lock", "--upgrade"):
        assert f"\n  {option}" in answer.stdout


def test_a_terminal_that_knows_no_ellipsis_is_no_failure(repository: Repository) -> None:
    repository.function("orders")
    repository.write("python/functions/orders/tests/größe…")
    answer = repository.run(environment={"PYTHONIOENCODING": "ascii", "LC_ALL": "en_US.ISO-8859-1"})
    assert (answer.returncode, answer.stderr) == (0, "")


def test_a_failure_is_told_without_a_traceback(repository: Repository) -> None:
    repository.function("orders", "import nothing_there\n")
    answer = repository.run()
    assert answer.returncode == 1
    assert answer.stderr.splitlines() == [
        PROBLEM,
        "Nothing was built.",
    ]


def test_an_unreadable_file_is_told_without_a_traceback(repository: Repository) -> None:
    repository.function("orders")
    repository.write("build", "a file where the folder should be")
    answer = repository.run()
    assert answer.returncode == 1
    assert answer.stderr.count("\n") == 1
    assert "build" in answer.stderr


def test_a_build_with_nothing_to_do_imports_next_to_nothing(repository: Repository) -> None:
    repository.function("orders")
    repository.wait_for_the_next_tick()
    for target in (Target.deploy(), Target.sandbox()):
        repository.build(target)
    code = (
        f"import sys; sys.path[:0] = [{str(ROOT)!r}, {str(ROOT / 'python/lib')!r}]\n"
        "from ops_cli.packaging.command import main\n"
        f"main(['--target', 'all', '--root', {str(repository.root)!r}])\n"
        "print(*sorted(sys.modules))"
    )
    answer = subprocess.run([sys.executable, "-I", "-S", "-c", code], capture_output=True, text=True, check=True)
    *told, modules = answer.stdout.splitlines()
    assert [line.partition(" (")[0] for line in told] == [
        "deploy: 0 built, 1 unchanged",
        "sandbox: 0 built, 1 unchanged",
    ]
    assert HEAVY & set(modules.split()) == set()


def test_the_packager_imports_only_the_standard_library_and_the_error_model() -> None:
    for path in Path(PACKAGER).glob("*.py"):
        for node in ast.walk(ast.parse(path.read_text())):
            names = [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
            names += [node.module or ""] if isinstance(node, ast.ImportFrom) else []
            for name in names:
                ours = name.startswith("ops_cli.packaging") or name == "opscore.errors"
                assert ours or name.partition(".")[0] in sys.stdlib_module_names, (path.name, name)
