"""The sandbox works in a clone, and says so where there is none."""

from pathlib import Path

import pytest

from ops_cli.sandbox import project
from ops_cli.sandbox.project import find_places
from opscore.errors import OpsError


def clone(folder: Path) -> Path:
    for name in ("terraform", "modules", "python/functions"):
        (folder / name).mkdir(parents=True)
    (folder / "terraform/platform.tf").touch()
    return folder


def test_the_clone_that_the_package_lies_in_is_found_from_anywhere(tmp_path: Path) -> None:
    assert find_places(tmp_path).root == Path(__file__).parents[3]


def test_an_installed_package_works_in_the_clone_around_the_working_directory(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(project, "__file__", str(tmp_path / "site-packages/ops_cli/sandbox/project.py"))
    root = clone(tmp_path / "clone")
    (root / "python/lib").mkdir()
    assert find_places(root / "python/lib").root == root


def test_outside_of_a_clone_one_line_says_what_to_do(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(project, "__file__", str(tmp_path / "site-packages/ops_cli/sandbox/project.py"))
    with pytest.raises(OpsError, match="needs a clone of the project") as told:
        find_places(tmp_path)
    assert "\n" not in told.value.message + told.value.hint
