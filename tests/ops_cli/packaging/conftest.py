"""A repository in a temporary folder, and a cache that no other test run shares."""

import functools
import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.ops_cli.packaging.repository import Repository


@pytest.fixture(scope="session")
def uv_cache() -> str:
    """uv's own cache stays where it is, so that a wheel is downloaded once per machine."""
    uv = Path(sys.executable).with_name("uv")
    return subprocess.run([uv, "cache", "dir"], capture_output=True, text=True, check=True).stdout.strip()


@pytest.fixture(scope="session")
def cache_home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """One cache for the whole run, so that a requirement is installed once."""
    return tmp_path_factory.mktemp("cache")


@pytest.fixture(autouse=True)
def _own_cache(monkeypatch: pytest.MonkeyPatch, cache_home: Path, uv_cache: str) -> None:
    monkeypatch.setenv("UV_CACHE_DIR", uv_cache)
    monkeypatch.setenv("XDG_CACHE_HOME", os.fspath(cache_home))


@pytest.fixture
def repository(tmp_path: Path) -> Repository:
    return Repository(tmp_path / "repository")


@pytest.fixture(scope="session")
def python_of() -> Callable[[str], str]:
    """Find an interpreter of a minor version that runs, or skip the test."""
    home = Path(os.environ.get("PYENV_ROOT", Path.home() / ".pyenv"))
    search = os.environ["PATH"]

    @functools.cache
    def find(minor: str) -> str:
        on_path = shutil.which(f"python{minor}", path=search)
        installed = sorted((home / "versions").glob(f"{minor}.*/bin/python{minor}"), reverse=True)
        for candidate in (*([Path(on_path)] if on_path else []), *installed):
            answer = subprocess.run([candidate, "--version"], capture_output=True, text=True, check=False)
            if answer.returncode == 0 and answer.stdout.startswith(f"Python {minor}."):
                return str(candidate)
        pytest.skip(f"there is no Python {minor} on this machine")

    return find
