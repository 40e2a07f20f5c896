"""Provider locks are for every platform or not at all."""

from pathlib import Path

import pytest

from ops_cli.deploy.provider_lock import LOCK_FILE, PLATFORMS, ROOTS, lock_providers

ROOT = Path(__file__).parents[3]
LOCKS = """#!/bin/sh
grep -q 'hashicorp/aws' versions.tf || exit 9
echo "$@" > .terraform.lock.hcl
"""
CANNOT = """#!/bin/sh
cat >&2 <<END
╷
│ Warning: Unable to open CLI configuration file
╵
╷
│ Error: Could not retrieve providers for locking
│
│ Terraform failed to fetch the requested providers: some providers could not be
│ installed:
│ - example.org/hashicorp/aws: could not connect: no
│ such host.
╵
END
exit 1
"""


@pytest.fixture
def repository(tmp_path: Path) -> Path:
    for root in ROOTS:
        (tmp_path / "clone" / root).mkdir(parents=True)
        (tmp_path / "clone" / root / "versions.tf").write_bytes((ROOT / root / "versions.tf").read_bytes())
    return tmp_path / "clone"


def terraform(folder: Path, script: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Put a program of that name first on the path."""
    (folder / "terraform").write_text(script)
    (folder / "terraform").chmod(0o755)
    monkeypatch.setenv("PATH", f"{folder}:/usr/bin:/bin")


def test_each_root_is_locked_for_every_platform(
    repository: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    terraform(tmp_path, LOCKS, monkeypatch)
    lines: list[str] = []
    assert lock_providers(repository, lines.append)
    for root in ROOTS:
        asked = (repository / root / LOCK_FILE).read_text().split()
        assert asked[:2] == ["providers", "lock"]
        assert {f"-platform={platform}" for platform in PLATFORMS} <= set(asked)
        assert not [word for word in asked if "mirror" in word]
    assert all("git add --force" in line for line in lines)
    assert len(lines) == len(ROOTS)


def test_where_the_registry_cannot_be_asked_the_locks_stay_as_they_were_and_one_line_says_why(
    repository: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    terraform(tmp_path, CANNOT, monkeypatch)
    (repository / ROOTS[0] / LOCK_FILE).write_text("as it was")
    lines: list[str] = []
    assert not lock_providers(repository, lines.append)
    assert [path.read_text() for path in repository.rglob(LOCK_FILE)] == ["as it was"]
    assert lines == ["No provider lock file was written: example.org/hashicorp/aws: could not connect: no such host."]
