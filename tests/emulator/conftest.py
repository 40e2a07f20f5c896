"""One started emulator for each module of tests, and places for the tests that start their own."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from ops_cli.clone.places import Places
from ops_cli.sandbox.emulator import lifecycle
from tests.emulator.emulated_account import Account


@pytest.fixture(scope="module")
def account(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Account]:
    """An empty account in a running emulator, which ends with the module."""
    places = Places(tmp_path_factory.mktemp("sandbox"))
    emulator = lifecycle.ensure_running(places, print)
    yield Account(emulator)
    lifecycle.stop(places, print)


@pytest.fixture
def places(tmp_path: Path) -> Iterator[Places]:
    """The places of a sandbox of the test's own; whatever runs there ends with the test."""
    own = Places(tmp_path)
    yield own
    lifecycle.stop(own, print)
