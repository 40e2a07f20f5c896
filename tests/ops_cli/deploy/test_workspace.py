from pathlib import Path

import pytest

from ops_cli.deploy.workspace import link_modules, link_root


@pytest.fixture
def source(tmp_path: Path) -> Path:
    folder = tmp_path / "terraform"
    (folder / "bootstrap").mkdir(parents=True)
    for name in ("main.tf", "outputs.tf", "notes.txt", "bootstrap/main.tf"):
        (folder / name).write_text(f"# {name}\n")
    return folder


def test_a_workspace_reads_the_configuration_and_holds_nothing_of_its_own(source: Path, tmp_path: Path) -> None:
    link_root(source, tmp_path / "workspace")
    assert sorted(path.name for path in (tmp_path / "workspace").iterdir()) == ["main.tf", "outputs.tf"]
    (source / "main.tf").write_text("# changed\n")
    assert (tmp_path / "workspace/main.tf").read_text() == "# changed\n"


def test_a_file_that_is_gone_from_the_configuration_goes_from_the_workspace(source: Path, tmp_path: Path) -> None:
    workspace = tmp_path / "workspace"
    link_root(source, workspace)
    (workspace / "terraform.tfstate").write_text("{}")
    (workspace / "backend_override.tf").write_text("# ours\n")
    (source / "outputs.tf").unlink()
    (source / "more.tf").write_text("# new\n")
    link_root(source, workspace)
    assert sorted(path.name for path in workspace.iterdir()) == [
        "backend_override.tf",
        "main.tf",
        "more.tf",
        "terraform.tfstate",
    ]


def test_a_clone_that_was_moved_is_linked_anew(source: Path, tmp_path: Path) -> None:
    workspace = tmp_path / "workspace"
    link_root(source, workspace)
    link_modules(tmp_path / "modules", tmp_path / "parent")
    moved = tmp_path / "elsewhere"
    moved.mkdir()
    source.rename(moved / "terraform")
    (moved / "modules").mkdir()
    link_root(moved / "terraform", workspace)
    link_modules(moved / "modules", tmp_path / "parent")
    assert (workspace / "main.tf").read_text() == "# main.tf\n"
    assert (tmp_path / "parent/modules").readlink() == moved / "modules"
