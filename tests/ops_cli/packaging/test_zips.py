"""The zip writer: any content comes out as it went in, and nothing else shows in the bytes."""

import io
import stat
import zipfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ops_cli.packaging import zips

Files = dict[str, tuple[bool, bytes]]

NAMES = st.text(
    st.characters(blacklist_categories=["Cs", "Cc"], blacklist_characters="/\\"), min_size=1, max_size=12
).filter(lambda name: name not in (".", ".."))
PATHS = st.lists(NAMES, min_size=1, max_size=3).map("/".join)
FILES = st.dictionaries(PATHS, st.tuples(st.booleans(), st.binary(max_size=300)), max_size=8)


def entries(files: Files) -> list[tuple[str, bool, bytes]]:
    return [(name, executable, content) for name, (executable, content) in sorted(files.items())]


def contents(archive: bytes) -> dict[str, bytes]:
    with zipfile.ZipFile(io.BytesIO(archive)) as opened:
        assert opened.testzip() is None
        return {name: opened.read(name) for name in opened.namelist()}


@given(files=FILES)
def test_any_files_come_out_as_they_went_in(files: Files, tmp_path_factory: pytest.TempPathFactory) -> None:
    path = tmp_path_factory.mktemp("zip") / "a.zip"
    assert zips.write(str(path), entries(files)) == {name: len(content) for name, (_, content) in files.items()}
    assert contents(path.read_bytes()) == {name: content for name, (_, content) in files.items()}
    with zipfile.ZipFile(path) as opened:
        assert opened.namelist() == sorted(files)
        for member in opened.infolist():
            assert member.date_time == (1980, 1, 1, 0, 0, 0)
            assert member.create_system == 3
            assert member.external_attr >> 16 == stat.S_IFREG | (0o755 if files[member.filename][0] else 0o644)
            assert member.extra == b""


@given(base=FILES, own=FILES)
def test_a_zip_on_top_of_another_holds_both_and_leaves_that_as_it_was(
    base: Files, own: Files, tmp_path_factory: pytest.TempPathFactory
) -> None:
    folder = tmp_path_factory.mktemp("zip")
    own = {name: value for name, value in own.items() if name not in base}
    zips.write(str(folder / "base.zip"), entries(base), comment="left out: nothing")
    before = (folder / "base.zip").read_bytes()
    sizes = zips.write(str(folder / "both.zip"), entries(own), zips.Zip(str(folder / "base.zip")))
    assert (folder / "base.zip").read_bytes() == before
    assert sizes == zips.Zip(str(folder / "both.zip")).sizes == {n: len(c) for n, (_, c) in {**base, **own}.items()}
    archive = (folder / "both.zip").read_bytes()
    assert contents(archive) == {name: content for name, (_, content) in {**base, **own}.items()}
    with zipfile.ZipFile(io.BytesIO(archive)) as opened:
        assert opened.namelist() == sorted([*base, *own])
        assert opened.comment == b""


@pytest.mark.parametrize("kept", [0, 1, 21, 22, 60, -1])
def test_a_truncated_zip_counts_as_absent(tmp_path: Path, kept: int) -> None:
    path = tmp_path / "layer.zip"
    zips.write(str(path), [("a.py", False, b"x" * 100)])
    path.write_bytes(path.read_bytes()[:kept])
    assert zips.whole(str(path)) is None
    assert zips.whole(str(tmp_path / "none.zip")) is None


def test_a_zip_that_cannot_be_finished_leaves_the_one_before(tmp_path: Path) -> None:
    path = tmp_path / "a.zip"
    zips.write(str(path), [("a.py", False, b"old")])
    before = path.read_bytes()

    def broken() -> Iterator[tuple[str, bool, bytes]]:
        yield "a.py", False, b"new"
        raise OSError(28, "No space left on device")

    with pytest.raises(OSError, match="No space left"):
        zips.write(str(path), broken())
    assert path.read_bytes() == before
    assert list(tmp_path.iterdir()) == [path]
