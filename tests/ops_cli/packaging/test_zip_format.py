"""The zip writer against the standard library's reader, for any content."""

import io
import random
import stat
import zipfile
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ops_cli.packaging import zip_format
from ops_cli.packaging.zip_format import Packed
from opscore.errors import OpsError

Files = dict[str, tuple[bool, bytes]]

NAMES = st.text(
    st.characters(blacklist_categories=["Cs", "Cc"], blacklist_characters="/\\"), min_size=1, max_size=12
).filter(lambda name: name not in (".", ".."))
PATHS = st.lists(NAMES, min_size=1, max_size=3).map("/".join)
FILES = st.dictionaries(PATHS, st.tuples(st.booleans(), st.binary(max_size=300)), max_size=8)


def entries(files: Files) -> list[tuple[str, bool, Packed]]:
    return [(name, executable, Packed(content)) for name, (executable, content) in files.items()]


def contents(archive: bytes) -> dict[str, bytes]:
    with zipfile.ZipFile(io.BytesIO(archive)) as opened:
        assert opened.testzip() is None
        return {name: opened.read(name) for name in opened.namelist()}


@given(files=FILES)
def test_any_files_come_out_as_they_went_in(files: Files, tmp_path_factory: pytest.TempPathFactory) -> None:
    path = tmp_path_factory.mktemp("zip") / "a.zip"
    size = zip_format.write(str(path), entries(files))
    assert path.stat().st_size == size
    assert contents(path.read_bytes()) == {name: content for name, (_, content) in files.items()}
    with zipfile.ZipFile(path) as opened:
        assert opened.namelist() == sorted(files)
        for member in opened.infolist():
            assert member.date_time == (1980, 1, 1, 0, 0, 0)
            assert member.create_system == 3
            assert member.external_attr >> 16 == stat.S_IFREG | (0o755 if files[member.filename][0] else 0o644)
            assert member.extra == b""


@given(base=FILES, own=FILES)
def test_a_zip_on_top_of_a_layer_holds_both(base: Files, own: Files, tmp_path_factory: pytest.TempPathFactory) -> None:
    folder = tmp_path_factory.mktemp("zip")
    own = {name: value for name, value in own.items() if name not in base}
    zip_format.write(str(folder / "base.zip"), entries(base))
    layer = zip_format.open_layer(str(folder / "base.zip"))
    assert layer is not None
    assert layer.sizes == {name: len(content) for name, (_, content) in base.items()}
    zip_format.write(str(folder / "both.zip"), entries(own), layer)
    archive = (folder / "both.zip").read_bytes()
    assert contents(archive) == {name: content for name, (_, content) in {**base, **own}.items()}
    with zipfile.ZipFile(io.BytesIO(archive)) as opened:
        assert opened.namelist() == sorted([*base, *own])


@given(files=FILES, seed=st.randoms())
def test_the_order_of_the_entries_does_not_show(
    files: Files, seed: random.Random, tmp_path_factory: pytest.TempPathFactory
) -> None:
    folder = tmp_path_factory.mktemp("zip")
    shuffled = entries(files)
    seed.shuffle(shuffled)
    zip_format.write(str(folder / "a.zip"), entries(files))
    zip_format.write(str(folder / "b.zip"), shuffled)
    assert (folder / "a.zip").read_bytes() == (folder / "b.zip").read_bytes()


@pytest.mark.parametrize("kept", [0, 1, 21, 22, 60, -1])
def test_a_truncated_layer_counts_as_absent(tmp_path: Path, kept: int) -> None:
    path = tmp_path / "layer.zip"
    zip_format.write(str(path), [("a.py", False, Packed(b"x" * 100))])
    path.write_bytes(path.read_bytes()[:kept])
    assert zip_format.open_layer(str(path)) is None


def test_an_absent_layer_is_none(tmp_path: Path) -> None:
    assert zip_format.open_layer(str(tmp_path / "none.zip")) is None


def test_more_files_than_the_format_holds_are_refused(tmp_path: Path) -> None:
    empty = Packed(b"")
    with pytest.raises(OpsError, match="65535 at most"):
        zip_format.write(str(tmp_path / "a.zip"), ((f"{number}", False, empty) for number in range(65_536)))
    assert not list(tmp_path.iterdir())
