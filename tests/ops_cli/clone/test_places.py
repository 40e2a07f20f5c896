"""Which clone is meant: the nearest one, else the one that the program lies in; where there is none one is told."""

from pathlib import Path

import pytest

from ops_cli.clone import places
from ops_cli.clone.places import Places, find_places, working_folder
from opscore.errors import OpsError
from tests.ops_cli.clone.made_up import made_clone, stopped

OWN = Path(__file__).parents[3]


@pytest.fixture
def installed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Have the program lie in no clone."""
    monkeypatch.setattr(places, "__file__", str(tmp_path / "site-packages/ops_cli/clone/places.py"))


def test_from_an_unrelated_folder_the_programs_own_clone_is_meant(tmp_path: Path) -> None:
    assert find_places(tmp_path).root == OWN


def test_the_clone_above_the_working_folder_comes_before_the_programs_own(tmp_path: Path) -> None:
    root = made_clone(tmp_path / "clone")
    (root / "python/lib").mkdir()
    assert find_places(root / "python/lib").root == root


def test_a_clone_without_a_sandbox_never_stands_for_another_ones(tmp_path: Path) -> None:
    stopped(made_clone(tmp_path / "outer"))
    inner = made_clone(tmp_path / "outer/inner")
    assert find_places(inner).root == inner


def test_a_folder_with_a_sandbox_needs_no_clone_around_it(tmp_path: Path) -> None:
    stopped(tmp_path / "sandboxed")
    (tmp_path / "sandboxed/below").mkdir()
    assert find_places(tmp_path / "sandboxed/below").root == tmp_path / "sandboxed"


def test_a_folder_of_that_name_from_another_program_is_no_sandbox(tmp_path: Path) -> None:
    (tmp_path / ".sandbox").mkdir()
    assert not Places(tmp_path).has_sandbox
    assert find_places(tmp_path).root == OWN


@pytest.mark.usefixtures("installed")
def test_outside_of_a_clone_one_line_says_what_to_do(tmp_path: Path) -> None:
    with pytest.raises(OpsError, match="needs a clone of the project") as told:
        find_places(tmp_path)
    assert "\n" not in told.value.message + told.value.hint


def test_a_deleted_working_folder_is_no_fault(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "gone").mkdir()
    monkeypatch.chdir(tmp_path / "gone")
    (tmp_path / "gone").rmdir()
    assert working_folder() is None
    assert find_places().root == OWN
