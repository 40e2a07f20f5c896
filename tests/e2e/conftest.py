"""One sandbox for all files of this folder: they run one after another, by name, each as the next one needs it."""

import shutil
from collections.abc import Iterator

import pytest

from tests.e2e.newcomer import Answer, Newcomer
from tests.e2e.report_month import ReportMonth
from tests.e2e.web_fleet import WebFleet

PINNED = "pinned"
"""A service that ECS may neither stop nor start a task of: it holds its host for ever."""


@pytest.fixture(scope="session")
def tree(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Newcomer]:
    """Somebody with a fresh copy of the tree."""
    if shutil.which("terraform") is None:
        pytest.skip("terraform is not installed")
    someone = Newcomer.at(tmp_path_factory.mktemp("newcomer"))
    yield someone
    someone.run("make", "down")


@pytest.fixture(scope="session")
def demo(tree: Newcomer) -> Answer:
    """What they see of `make demo`."""
    return tree.run("make", "demo")


@pytest.fixture(scope="session")
def newcomer(tree: Newcomer, demo: Answer) -> Newcomer:
    """Somebody whose `make demo` has gone well."""
    assert demo.code == 0, demo.out[-3000:] + demo.err[-3000:]
    return tree


@pytest.fixture(scope="session")
def web(newcomer: Newcomer) -> WebFleet:
    return WebFleet(newcomer.data("sandbox", "status")["endpoint"])


@pytest.fixture(scope="session")
def alerts(web: WebFleet) -> str:
    """A queue that hears the alerts from now on."""
    return web.listen()


@pytest.fixture(scope="session")
def pinned(web: WebFleet, alerts: str) -> str:
    """A host that is terminated and cannot drain."""
    assert alerts
    host = web.pin(PINNED)
    web.terminate(host)
    return host


@pytest.fixture(scope="session")
def month(newcomer: Newcomer) -> ReportMonth:
    return ReportMonth(newcomer.data("sandbox", "status")["endpoint"])
