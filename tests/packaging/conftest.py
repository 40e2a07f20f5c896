"""A repository in a temporary folder, and a cache that no other test run shares."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.packaging.repository import Repository


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
