"""Every test works in a home of its own: no real configuration, credentials or endpoint can be reached."""

import os
from pathlib import Path
from typing import Any

import pytest
from hypothesis import settings
from xdist.scheduler import LoadScopeScheduling

from tests.selection import LONGEST

# `make test` tries the same examples on every machine; HYPOTHESIS_PROFILE=explore looks for new ones.
settings.register_profile("steady", derandomize=True, deadline=None)
settings.register_profile("explore", deadline=None, print_blob=True)
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "steady"))


@pytest.fixture(autouse=True)
def _own_home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, request: pytest.FixtureRequest) -> None:
    if request.node.get_closest_marker("e2e"):
        return
    for name in ("CONFIG", "CACHE", "STATE"):
        monkeypatch.setenv(f"XDG_{name}_HOME", str(tmp_path / name.lower()))
    for name in ("OPSCTL_ENV", "AWS_PROFILE", "AWS_REGION", "AWS_DEFAULT_REGION", "AWS_ENDPOINT_URL"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("AWS_CONFIG_FILE", str(tmp_path / "aws-config"))
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", str(tmp_path / "aws-credentials"))
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")


ONE_SANDBOX = "tests/e2e"
"""Its files share one sandbox, so they run in one worker."""


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Start the longest tests first, so that two workers end at about the same time."""
    tests = Path(__file__).parent

    def place(item: pytest.Item) -> int:
        ranks = [rank for rank, name in enumerate(LONGEST) if item.path.is_relative_to(tests / name)]
        return min(ranks, default=len(LONGEST))

    items.sort(key=place)


class ByFile(LoadScopeScheduling):  # type: ignore[misc]  # It has no types.
    """Gives a worker whole files, or the whole folder whose files share a sandbox."""

    def _split_scope(self, nodeid: str) -> str:
        file = nodeid.split("::", 1)[0]
        return ONE_SANDBOX if file.startswith(f"{ONE_SANDBOX}/") else file


def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> ByFile:
    """Be what `-n` uses."""
    return ByFile(config, log)
