"""What of a folder is packed, and what must not be in it."""

import os

import pytest

from opscore.errors import OpsError
from tests.ops_cli.packaging.repository import HANDLER, Repository

OWN = ["orders/__init__.py", "orders/handler.py"]


@pytest.mark.parametrize(
    "path",
    [
        "__pycache__/handler.cpython-311.pyc",
        "handler.pyc",
        "tests/test_handler.py",
        "handler.py~",
        ".hidden",
        ".cache/file",
        "README.md",
        "requirements.txt",
    ],
)
def test_what_a_lambda_never_reads_stays_out(repository: Repository, path: str) -> None:
    repository.function("orders")
    repository.write(f"python/functions/orders/{path}", "# nothing\n")
    repository.build()
    assert repository.names("orders") == OWN


def test_what_an_author_may_have_meant_as_data_is_left_out_by_name(repository: Repository) -> None:
    repository.library("shop/__init__.py")
    repository.library("shop/README.md", "words")
    repository.library("other/__init__.py")
    repository.library("other/.hidden")
    repository.function("orders", f"import shop\n{HANDLER}")
    for path in ("tests/data.json", ".config.json", "__pycache__/x.cpython-311.pyc", "notes.txt~"):
        repository.write(f"python/functions/orders/{path}")
    repository.build()
    assert repository.lines[:2] == [
        "left out of python/functions/orders: .config.json, tests",
        "left out of python/lib/shop: README.md",
    ]
    assert repository.lines[2].startswith("built orders")


def test_data_files_and_sub_packages_are_packed(repository: Repository) -> None:
    repository.function("orders")
    repository.write("python/functions/orders/templates/mail.txt", "Dear all")
    repository.write("python/functions/orders/deep/er/__init__.py")
    repository.build()
    assert repository.names("orders") == [
        "orders/__init__.py",
        "orders/deep/er/__init__.py",
        "orders/handler.py",
        "orders/templates/mail.txt",
    ]


def test_a_requirements_file_further_down_is_data(repository: Repository) -> None:
    repository.function("orders")
    repository.write("python/functions/orders/data/requirements.txt", "anything -r goes\n")
    repository.build()
    assert "orders/data/requirements.txt" in repository.names("orders")


def test_a_folder_that_git_emptied_is_no_function(repository: Repository) -> None:
    repository.function("orders")
    repository.write("python/functions/gone/__pycache__/handler.cpython-311.pyc", b"stale")
    repository.build()
    assert list(repository.keys()) == ["orders"]


def test_a_link_inside_the_folder_is_followed(repository: Repository) -> None:
    folder = repository.function("orders")
    repository.write("python/functions/orders/real/data.txt", "data")
    (folder / "linked.txt").symlink_to("real/data.txt")
    (folder / "linked").symlink_to("real")
    repository.build()
    assert repository.zip("orders").read("orders/linked.txt") == b"data"
    assert repository.zip("orders").read("orders/linked/data.txt") == b"data"


@pytest.mark.parametrize("target", ["../../lib/shared.py", "../other/secret.txt", "/etc/hostname"])
def test_a_link_that_leaves_the_folder_is_refused(repository: Repository, target: str) -> None:
    folder = repository.function("orders")
    repository.write("python/lib/shared.py")
    repository.write("python/functions/other/secret.txt")
    (folder / "link").symlink_to(target)
    with pytest.raises(OpsError, match=r"python/functions/orders/link: the symbolic link leaves its own folder"):
        repository.build()


def test_a_function_that_is_itself_a_link_is_refused(repository: Repository) -> None:
    folder = repository.function("orders")
    (folder.parent / "bills").symlink_to("orders")
    with pytest.raises(OpsError, match=r"^python/functions/bills: is a symbolic link"):
        repository.build()


def test_a_broken_link_is_refused(repository: Repository) -> None:
    (repository.function("orders") / "link").symlink_to("nothing")
    with pytest.raises(OpsError, match=r"orders/link: the symbolic link points to nothing"):
        repository.build()


def test_a_link_to_a_folder_above_itself_is_refused(repository: Repository) -> None:
    repository.write("python/functions/orders/sub/data.txt")
    (repository.function("orders") / "sub" / "loop").symlink_to("../sub")
    with pytest.raises(OpsError, match=r"sub/loop: the symbolic link points to a folder that holds it"):
        repository.build()


def test_a_pipe_is_refused_rather_than_read_for_ever(repository: Repository) -> None:
    os.mkfifo(repository.function("orders") / "pipe")
    with pytest.raises(OpsError, match=r"orders/pipe: is neither a file nor a folder"):
        repository.build()


def test_a_folder_without_functions_is_no_repository(repository: Repository) -> None:
    (repository.root / "python" / "functions").rmdir()
    with pytest.raises(OpsError, match=r"There is no python/functions") as error:
        repository.build()
    assert "root of the repository" in error.value.hint
    assert not repository.out().exists()
