"""Which library files end up in a zip: those that the function's own imports lead to."""

import re

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ops_cli.packaging import Target
from opscore.errors import OpsError
from tests.ops_cli.packaging.repository import HANDLER, Repository


def library_names(repository: Repository, role: str = "orders") -> list[str]:
    return [name for name in repository.names(role) if not name.startswith("orders/")]


@pytest.fixture
def stocked(repository: Repository) -> Repository:
    """A repository whose library has two packages and more than anyone imports."""
    repository.library("shop/__init__.py")
    repository.library("shop/prices.py", "from shop.money import Money\n")
    repository.library("shop/money.py", "class Money: ...\n")
    repository.library("shop/unused.py")
    repository.library("shop/deep/__init__.py", "from . import sums\n")
    repository.library("shop/deep/sums.py", "from ..money import Money\n")
    repository.library("shop/deep/page.html", "<p>")
    repository.library("ship/__init__.py", "import shop\n")
    repository.library("ship/rates.py")
    return repository


@pytest.mark.parametrize(
    ("statement", "expected"),
    [
        ("", []),
        ("import shop", ["shop/__init__.py"]),
        ("from shop.money import Money", ["shop/__init__.py", "shop/money.py"]),
        ("from shop import money", ["shop/__init__.py", "shop/money.py"]),
        ("import shop.prices", ["shop/__init__.py", "shop/money.py", "shop/prices.py"]),
        ("def f():\n    import shop.unused", ["shop/__init__.py", "shop/unused.py"]),
        (
            "from shop import deep",
            ["shop/__init__.py", "shop/deep/__init__.py", "shop/deep/page.html", "shop/deep/sums.py", "shop/money.py"],
        ),
        ("import ship.rates", ["ship/__init__.py", "ship/rates.py", "shop/__init__.py"]),
        ("from ship import *", ["ship/__init__.py", "ship/rates.py", "shop/__init__.py"]),
        ("try:\n    import shop.unused\nexcept ImportError:\n    pass", ["shop/__init__.py", "shop/unused.py"]),
        ("if TYPE_CHECKING:\n    import shop", []),
    ],
)
def test_an_import_brings_its_module_and_what_that_imports(
    stocked: Repository, statement: str, expected: list[str]
) -> None:
    stocked.function("orders", f"TYPE_CHECKING = False\n{statement}\n{HANDLER}")
    stocked.build()
    assert library_names(stocked) == expected


def test_an_import_anywhere_in_the_function_counts(stocked: Repository) -> None:
    stocked.function("orders", f"from .core import work\n{HANDLER}", core="import shop.unused\nwork = 1\n")
    stocked.build()
    assert "shop/unused.py" in library_names(stocked)


@pytest.mark.parametrize(
    ("statement", "problem"),
    [
        ("from .missing import x", "imports orders.missing, which is not in python/functions/orders"),
        ("import orders.missing", "imports orders.missing, which is not in python/functions/orders"),
        ("from ...above import x", "imports from above its own package"),
        ("import shop.nothing", "imports shop.nothing, which is not in python/lib/shop"),
        ("from shop.nothing import x", "imports shop.nothing, which is not in python/lib/shop"),
        ("import billing", "imports the function billing; share code through python/lib instead"),
        ("from billing.handler import handle", "imports the function billing; share code through python/lib instead"),
        ("import ops_cli.frame.output", "imports ops_cli, which is neither in the standard library nor provided by"),
        (
            "import requests",
            "imports requests, which is neither in the standard library nor provided by python/functions/orders/",
        ),
    ],
)
def test_an_import_that_nothing_satisfies_fails_by_file_and_line(
    stocked: Repository, statement: str, problem: str
) -> None:
    stocked.function("billing")
    stocked.function("orders", f"import json\n\n{statement}\n{HANDLER}")
    with pytest.raises(OpsError, match=re.escape(f"python/functions/orders/handler.py:3: {problem}")):
        stocked.build()


def test_a_library_that_imports_the_unknown_is_named_itself(stocked: Repository) -> None:
    stocked.library("shop/money.py", "\nimport pandas\n")
    stocked.function("orders", f"import shop.prices\n{HANDLER}")
    stocked.function("quiet")
    with pytest.raises(OpsError, match=r"^python/lib/shop/money.py:2: imports pandas, .*orders/requirements.txt$"):
        stocked.build()


def test_every_problem_is_told_at_once_and_nothing_is_built(stocked: Repository) -> None:
    stocked.function("orders", f"import shop.nothing\n{HANDLER}")
    stocked.function("bills", f"import orders\n{HANDLER}")
    with pytest.raises(OpsError) as error:
        stocked.build()
    assert [line.split(": ")[0] for line in error.value.message.splitlines()] == [
        "python/functions/bills/handler.py:1",
        "python/functions/orders/handler.py:1",
    ]
    assert stocked.zips() == {}


@pytest.mark.parametrize("module", ["boto3", "botocore.exceptions", "json", "concurrent.futures"])
def test_the_runtime_brings_the_standard_library_and_the_sdk(repository: Repository, module: str) -> None:
    repository.function("orders", f"import {module}\n{HANDLER}")
    repository.build()
    assert library_names(repository) == []


def test_an_optional_import_may_be_missing(repository: Repository) -> None:
    repository.function("orders", f"try:\n    import ujson\nexcept ImportError:\n    import json\n{HANDLER}")
    repository.build()
    assert library_names(repository) == []


def test_a_module_that_the_runtime_no_longer_has_is_unknown(repository: Repository) -> None:
    repository.function("orders", f"import cgi\n{HANDLER}")
    repository.build(Target.deploy("python3.12", bytecode=False))
    with pytest.raises(OpsError, match=r"handler.py:1: imports cgi"):
        repository.build(Target.deploy("python3.13", bytecode=False))


@st.composite
def graphs(draw: st.DrawFn) -> dict[int, set[int]]:
    size = draw(st.integers(1, 7))
    return {node: draw(st.sets(st.integers(0, size - 1), max_size=3)) for node in range(size)}


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=40, deadline=None)
@given(graph=graphs(), start=st.sets(st.integers(0, 6), min_size=1, max_size=2))
def test_exactly_what_can_be_reached_is_packed(
    tmp_path_factory: pytest.TempPathFactory, graph: dict[int, set[int]], start: set[int]
) -> None:
    repository = Repository(tmp_path_factory.mktemp("graph") / "repository")
    start = {node for node in start if node in graph} or {0}
    repository.library("net/__init__.py")
    for node, edges in graph.items():
        repository.library(f"net/n{node}.py", "".join(f"from net import n{edge}\n" for edge in sorted(edges)))
    repository.function("orders", "".join(f"import net.n{node}\n" for node in sorted(start)) + HANDLER)
    repository.build()
    reached, waiting = set(), list(start)
    while waiting:
        node = waiting.pop()
        if node not in reached:
            reached.add(node)
            waiting += graph[node]
    assert library_names(repository) == sorted(["net/__init__.py", *(f"net/n{node}.py" for node in reached)])
