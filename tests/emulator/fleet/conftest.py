"""A fleet that lives fast, and no fault of the test before."""

from collections.abc import Iterator

import pytest

from tests.emulator.emulated_account import Account
from tests.emulator.fleet.fleet_account import QUICK, Fleet


@pytest.fixture
def fleet(account: Account) -> Iterator[Fleet]:
    """The module's account with quick settings; faults and settings end with the test."""
    found = Fleet(account)
    found.settings(**QUICK, time_scale=1.0, throttle=False, registering_seconds=0.0)
    yield found
    found.ask("DELETE", "/faults")
