"""Terraform's own checks: formatting, both roots valid, and the `terraform test` runs of every module.

Everything happens in a copy, so that no lock file, provider link or state is left in the tree.
"""

import os
import shutil
import subprocess
from collections.abc import Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path

import pytest

from ops_cli.deploy.provider_mirror import cli_config, provider_mirror

pytestmark = [
    pytest.mark.terraform,
    pytest.mark.skipif(shutil.which("terraform") is None, reason="terraform is not installed"),
]

ROOT = Path(__file__).parents[2]
ROOTS = ["terraform", "terraform/bootstrap"]
TESTED = sorted(
    folder.parent.relative_to(ROOT).as_posix()
    for pattern in ("modules/*/tests", "terraform/tests")
    for folder in ROOT.glob(pattern)
)
AT_ONCE = 2
"""Each run starts a provider of 350 MB that uses a whole core for a while."""


def terraform(*arguments: str, folder: Path, environ: Mapping[str, str]) -> tuple[int, str]:
    answer = subprocess.run(
        ["terraform", *arguments], cwd=folder, env=environ, capture_output=True, text=True, check=False
    )
    return answer.returncode, answer.stdout + answer.stderr


@pytest.fixture(scope="module")
def copy(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The configuration alone, in a folder of its own."""
    top = tmp_path_factory.mktemp("configuration")
    for folder in ("terraform", "modules"):
        shutil.copytree(ROOT / folder, top / folder, ignore=shutil.ignore_patterns(".terraform*"))
    return top


@pytest.fixture(scope="module")
def environ(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """No credentials and no endpoint: nothing here may reach AWS. One provider for all, should there be no mirror."""
    cache = tmp_path_factory.mktemp("providers")
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("AWS_", "TF_VAR_"))}
    if not cli_config(os.environ).is_file():
        kept.pop("TF_CLI_CONFIG_FILE", None)
    return {
        **kept,
        "AWS_EC2_METADATA_DISABLED": "true",
        "CHECKPOINT_DISABLE": "1",
        "TF_PLUGIN_CACHE_DIR": str(cache),
        "TF_PLUGIN_CACHE_MAY_BREAK_DEPENDENCY_LOCK_FILE": "1",
    }


@pytest.fixture(scope="module")
def outcomes(copy: Path, environ: dict[str, str]) -> "dict[str, Future[tuple[int, str]]]":
    """Start everything that runs for long; `init` goes first, because a plugin cache takes one at a time."""
    mirror = provider_mirror()
    for name in sorted({*ROOTS, *TESTED}):
        arguments = ["-backend=false", "-input=false", "-no-color", *([f"-plugin-dir={mirror}"] if mirror else [])]
        code, said = terraform("init", *arguments, folder=copy / name, environ=environ)
        assert code == 0, said
    pool = ThreadPoolExecutor(AT_ONCE)
    started = {
        f"{verb} {name}": pool.submit(terraform, verb, "-no-color", folder=copy / name, environ=environ)
        for verb, names in (("validate", ROOTS), ("test", TESTED))
        for name in names
    }
    pool.shutdown(wait=False)
    return started


def test_every_module_has_tests() -> None:
    modules = {path.parent.relative_to(ROOT).as_posix() for path in ROOT.glob("modules/*/main.tf")}
    assert modules == set(TESTED) - {"terraform"}


def test_every_file_is_formatted(environ: dict[str, str]) -> None:
    for folder in ("terraform", "modules", "docs/examples"):
        code, said = terraform("fmt", "-check", "-recursive", "-diff", folder=ROOT / folder, environ=environ)
        assert code == 0, said


@pytest.mark.parametrize("name", ROOTS)
def test_a_root_is_valid(name: str, outcomes: "dict[str, Future[tuple[int, str]]]") -> None:
    code, said = outcomes[f"validate {name}"].result()
    assert code == 0, said


@pytest.mark.parametrize("name", TESTED)
def test_a_module_keeps_its_rules(name: str, outcomes: "dict[str, Future[tuple[int, str]]]") -> None:
    code, said = outcomes[f"test {name}"].result()
    assert code == 0, said
    assert " 0 failed" in said
    assert "Success! 0 passed" not in said
