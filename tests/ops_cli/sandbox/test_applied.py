"""A second `up` knows by itself whether anything has changed."""

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from ops_cli.clone.places import Places
from ops_cli.sandbox.applied import (
    Applied,
    digest,
    fingerprint_of,
    invalidate,
    is_current,
    read_applied,
    write_applied,
)

STACK = '{"schema_version": 1}'
DONE = Applied("f" * 64, "life-1", digest(STACK), 1000.0)


@pytest.fixture
def root(tmp_path: Path) -> Path:
    for name in ("terraform/platform.tf", "terraform/environments/sandbox.tfvars", "modules/queue/main.tf"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text("# as it was\n")
    for name in ("terraform/.terraform/lock", "modules/queue/tests/queue.tftest.hcl", "terraform/bootstrap/main.tf"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text("# left out\n")
    (tmp_path / "python/lib/insight/sources/made_up").mkdir(parents=True)
    (tmp_path / "python/lib/insight/sources/made_up/population.py").write_text("SEED = 1\n")
    return tmp_path


CHANGES: dict[str, Callable[[Path], object]] = {
    "a changed file": lambda root: (root / "modules/queue/main.tf").write_text("# changed\n"),
    "a new file": lambda root: (root / "modules/queue/alarms.tf").write_text(""),
    "a deleted file": lambda root: (root / "modules/queue/main.tf").unlink(),
    "a renamed file": lambda root: (root / "modules/queue/main.tf").rename(root / "modules/queue/queue.tf"),
    "values of the environment": lambda root: (root / "terraform/environments/sandbox.tfvars").write_text("a = 1\n"),
    "another seed": lambda root: (root / "python/lib/insight/sources/made_up/population.py").write_text("SEED = 2\n"),
}


@pytest.mark.parametrize("change", CHANGES.values(), ids=CHANGES)
def test_what_an_apply_depends_on_is_in_the_fingerprint(root: Path, change: Callable[[Path], object]) -> None:
    before = fingerprint_of(root, {"endpoint": "a"})
    change(root)
    assert fingerprint_of(root, {"endpoint": "a"}) != before


def test_the_values_put_in_are_in_the_fingerprint(root: Path) -> None:
    assert fingerprint_of(root, {"endpoint": "a"}) != fingerprint_of(root, {"endpoint": "b"})
    assert fingerprint_of(root, {"a": 1, "b": 2}) == fingerprint_of(root, {"b": 2, "a": 1})


def test_tests_bootstrap_and_working_files_are_not_in_the_fingerprint(root: Path) -> None:
    before = fingerprint_of(root, {})
    for name in ("terraform/.terraform/lock", "modules/queue/tests/queue.tftest.hcl", "terraform/bootstrap/main.tf"):
        (root / name).write_text("# changed\n")
    assert fingerprint_of(root, {}) == before


def test_the_same_in_the_same_account_is_current() -> None:
    assert is_current(DONE, DONE.fingerprint, DONE.state_id, STACK)


@pytest.mark.parametrize(
    ("applied", "fingerprint", "state_id", "stack"),
    [
        (None, DONE.fingerprint, DONE.state_id, STACK),
        (DONE, "0" * 64, DONE.state_id, STACK),
        (DONE, DONE.fingerprint, "life-2", STACK),
        (DONE, DONE.fingerprint, DONE.state_id, '{"schema_version": 2}'),
        (DONE, DONE.fingerprint, DONE.state_id, None),
    ],
    ids=["never applied", "changed", "another life of the account", "another stack", "no stack"],
)
def test_anything_else_is_not(applied: Applied | None, fingerprint: str, state_id: str, stack: str | None) -> None:
    assert not is_current(applied, fingerprint, state_id, stack)


def test_the_record_is_read_as_written_and_damage_is_no_record(tmp_path: Path) -> None:
    places = Places(tmp_path)
    assert read_applied(places) is None
    places.folder.mkdir()
    write_applied(places, DONE)
    assert read_applied(places) == DONE
    places.applied.write_text(json.dumps({"fingerprint": "x"}))
    assert read_applied(places) is None


def test_an_invalidated_record_is_there_and_not_current(tmp_path: Path) -> None:
    places = Places(tmp_path)
    invalidate(places)
    assert read_applied(places) is None
    places.folder.mkdir()
    write_applied(places, DONE)
    invalidate(places)
    assert read_applied(places) is not None
    assert not is_current(read_applied(places), DONE.fingerprint, DONE.state_id, STACK)
