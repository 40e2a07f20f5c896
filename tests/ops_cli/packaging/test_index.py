"""An unchanged file is not read again, and no change is missed."""

import os
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from ops_cli.packaging import files, sources
from ops_cli.packaging.index import Index
from tests.ops_cli.packaging.repository import Repository

LATER = 10_000_000_000


@pytest.fixture
def refreshed(repository: Repository) -> Callable[[int], Index]:
    """Refresh the index of the repository as if the build began `after` nanoseconds from now."""

    def refresh(after: int = LATER) -> Index:
        index = Index(str(repository.root), str(repository.root / "build" / ".index"))
        index.refresh(sources.scan(str(repository.root)), time.time_ns() + after)
        return index

    return refresh


@pytest.fixture
def read_paths(monkeypatch: pytest.MonkeyPatch, repository: Repository) -> list[str]:
    """The sources read since, by name."""
    paths: list[str] = []
    read = files.read

    def noted(path: str) -> bytes:
        if "/python/" in path:
            paths.append(Path(path).name)
        return read(path)

    monkeypatch.setattr(files, "read", noted)
    return paths


def test_an_unchanged_file_is_read_once(
    repository: Repository, refreshed: Callable[[int], Index], read_paths: list[str]
) -> None:
    repository.function("orders")
    first = refreshed(LATER)
    assert sorted(read_paths) == ["__init__.py", "handler.py"]
    read_paths.clear()
    assert refreshed(LATER).tree_hash == first.tree_hash
    assert read_paths == []


def test_a_file_changed_just_before_the_build_is_read_again(
    repository: Repository, refreshed: Callable[[int], Index], read_paths: list[str]
) -> None:
    repository.function("orders")
    refreshed(0)
    read_paths.clear()
    refreshed(LATER)
    assert sorted(read_paths) == ["__init__.py", "handler.py"]
    read_paths.clear()
    refreshed(LATER)
    assert read_paths == []


def test_a_change_with_the_size_and_date_of_before_is_seen(
    repository: Repository, refreshed: Callable[[int], Index]
) -> None:
    handler = repository.function("orders") / "handler.py"
    before = refreshed(LATER).digest("python/functions/orders/handler.py")
    status = handler.stat()
    handler.write_text(handler.read_text().replace("event", "elder"))
    os.utime(handler, ns=(status.st_atime_ns, status.st_mtime_ns))
    assert handler.stat().st_size == status.st_size
    assert refreshed(LATER).digest("python/functions/orders/handler.py") != before


@pytest.mark.parametrize("damage", [b"", b"\x00", b"not a memory", b"i\x00"])
def test_a_damaged_index_is_made_anew(repository: Repository, refreshed: Callable[[int], Index], damage: bytes) -> None:
    repository.function("orders")
    before = refreshed(LATER).tree_hash
    (repository.root / "build" / ".index").write_bytes(damage)
    assert refreshed(LATER).tree_hash == before


def test_the_hash_of_the_tree_covers_names_modes_and_contents(
    repository: Repository, refreshed: Callable[[int], Index]
) -> None:
    folder = repository.function("orders")
    seen = {refreshed(LATER).tree_hash}
    for change in (
        lambda: (folder / "data.txt").write_text("a"),
        lambda: (folder / "data.txt").write_text("b"),
        lambda: (folder / "data.txt").rename(folder / "other.txt"),
        lambda: (folder / "other.txt").chmod(0o755),
        (folder / "other.txt").unlink,
    ):
        change()
        seen.add(refreshed(LATER).tree_hash)
    # The last change brings back the first tree.
    assert len(seen) == 5


def test_a_file_that_changes_while_it_is_packed_is_not_packed(
    repository: Repository, refreshed: Callable[[int], Index]
) -> None:
    handler = repository.function("orders") / "handler.py"
    index = refreshed(LATER)
    handler.write_text("# something else\n")
    with pytest.raises(Exception, match=r"orders/handler.py: changed while it was being packed"):
        index.content("python/functions/orders/handler.py")
