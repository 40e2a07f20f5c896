"""A handler that does not import from its zip alone fails the build, by file and line."""

import pytest

from ops_cli.packaging import Target, interpreters
from ops_cli.packaging.dependencies import lock
from opscore.errors import OpsError
from tests.ops_cli.packaging.repository import HANDLER, Repository

SANDBOX = Target.sandbox()


@pytest.mark.parametrize("target", [SANDBOX, Target.sandbox(bytecode=False)], ids=["bytecode", "sources"])
@pytest.mark.parametrize(
    ("handler", "line", "error"),
    [
        ("x = 1\nx.y\n", 2, "AttributeError: 'int' object has no attribute 'y'"),
        ("import importlib\nname = 'cl' + 'ick'\nimportlib.import_module(name)\n", 3, "No module named 'click'"),
        ("import importlib\nname = 'ops' + 'core'\nimportlib.import_module(name)\n", 3, "No module named 'opscore'"),
        ("import os\n\n\nos.environ['QUEUE_URL']\n", 4, "KeyError: 'QUEUE_URL'"),
        ("import sys\nsys.exit(3)\n", 2, "SystemExit: 3"),
        ("from json import nothing_like_it\n", 1, "ImportError: cannot import name 'nothing_like_it'"),
        ("\nHANDLE = 1\n", 1, "has no function `handle`"),
        ("import os\nos._exit(4)\n", 1, "its import ended the process (4)"),
    ],
)
def test_a_broken_import_is_named_by_file_and_line(
    repository: Repository, target: Target, handler: str, line: int, error: str
) -> None:
    repository.function("orders", handler)
    with pytest.raises(OpsError) as raised:
        repository.build(target)
    assert raised.value.message.startswith(f"python/functions/orders/handler.py:{line}: ")
    assert error in raised.value.message
    assert repository.zips("sandbox") == {}
    assert [path.name for path in repository.out("sandbox").iterdir() if path.name[0] != "."] == []
    assert not list(repository.out("sandbox").glob("*.tmp"))


def test_the_line_is_the_innermost_one_of_our_own_code(repository: Repository) -> None:
    repository.library("shop/__init__.py")
    repository.library("shop/money.py", "import decimal\n\nUNIT = decimal.Decimal('one')\n")
    repository.function("orders", f"from shop.money import UNIT\n{HANDLER}")
    with pytest.raises(OpsError, match=r"^python/lib/shop/money.py:3: InvalidOperation"):
        repository.build(SANDBOX)


def test_a_broken_handler_does_not_hide_another(repository: Repository) -> None:
    repository.function("bills", "1 / 0\n")
    repository.function("orders", "{}['x']\n")
    repository.function("quiet")
    with pytest.raises(OpsError) as raised:
        repository.build(SANDBOX)
    assert raised.value.message.splitlines() == [
        "python/functions/bills/handler.py:1: ZeroDivisionError: division by zero",
        "python/functions/orders/handler.py:1: KeyError: 'x'",
    ]


def test_a_mended_handler_builds(repository: Repository) -> None:
    repository.function("orders", "1 / 0\n")
    with pytest.raises(OpsError):
        repository.build(SANDBOX)
    repository.function("orders")
    assert repository.build(SANDBOX).built == ["orders"]


def test_the_sdk_of_the_runtime_is_there_and_what_it_is_not_made_of_is_not(repository: Repository) -> None:
    probe = (
        "import importlib\nimport boto3, botocore\n"
        "hidden = []\n"
        "for name in ('cl' + 'ick', 'hypo' + 'thesis', 'ops_' + 'cli', 'ins' + 'ight'):\n"
        "    try:\n        importlib.import_module(name)\n    except ImportError:\n        hidden.append(name)\n"
        "assert len(hidden) == 4, hidden\n"
    )
    repository.function("orders", probe + HANDLER)
    assert repository.build(SANDBOX).built == ["orders"]


def test_the_builders_environment_does_not_reach_a_handler(
    repository: Repository, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "secret")
    repository.function("orders", f"import os\nassert 'AWS_SECRET_ACCESS_KEY' not in os.environ\n{HANDLER}")
    assert repository.build(SANDBOX).built == ["orders"]


def test_a_handler_finds_its_requirement_and_its_data(repository: Repository) -> None:
    repository.function(
        "orders",
        "from pathlib import Path\nimport six\n"
        "assert (Path(__file__).parent / 'data.txt').read_text() == 'data'\n" + HANDLER,
    )
    repository.write("python/functions/orders/data.txt", "data")
    repository.write("python/functions/orders/requirements.txt", "six==1.17.0\n")
    lock(repository.root, report=lambda line: None)
    assert repository.build(SANDBOX).built == ["orders"]


def test_a_handler_may_write_to_the_terminal_while_it_is_imported(repository: Repository) -> None:
    repository.function("orders", f"import os\nprint('hello')\nos.write(1, b'[null]')\n{HANDLER}")
    assert repository.build(SANDBOX).built == ["orders"]


def test_an_import_that_never_ends_is_ended(repository: Repository, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(interpreters, "SECONDS", 0.5)
    repository.function("orders", f"import threading\nthreading.Event().wait()\n{HANDLER}")
    with pytest.raises(OpsError, match=r"^python/functions/orders/handler.py:1: its import took more than 0.5 s$"):
        repository.build(SANDBOX)


def test_a_thread_that_a_handler_starts_holds_nobody_up(repository: Repository) -> None:
    repository.function("orders", f"import threading as t\nt.Thread(target=t.Event().wait).start()\n{HANDLER}")
    assert repository.build(SANDBOX).built == ["orders"]


def test_only_what_was_rebuilt_is_imported_again(repository: Repository) -> None:
    marker = repository.root / "imported"
    counting = f"open({str(marker)!r}, 'a').write('x')\n{HANDLER}"
    repository.function("orders", counting)
    repository.function("quiet")
    repository.build(SANDBOX)
    repository.function("quiet", f"{HANDLER}# changed\n")
    repository.build(SANDBOX)
    assert marker.read_text() == "x"
