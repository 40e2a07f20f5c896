"""The account's concurrency quota in the sandbox, as a new account meets it."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from botocore.exceptions import ClientError

from ops_cli.clone.places import Places
from ops_cli.deploy.limits import concurrency
from ops_cli.sandbox.emulator import lifecycle
from ops_cli.sandbox.emulator import process as emulators
from tests.emulator.emulated_account import Account

SOURCE = "def handle(event, context): return 1"


@pytest.fixture
def new_account(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Account]:
    stock = emulators.environment
    monkeypatch.setattr(emulators, "environment", lambda *given: {**stock(*given), "OPSCTL_CONCURRENCY_QUOTA": "10"})
    places = Places(tmp_path)
    yield Account(lifecycle.ensure_running(places, print))
    lifecycle.stop(places, print)


def test_an_account_has_a_thousand_and_reserves_nine_hundred_at_most(account: Account) -> None:
    client = account.client("lambda")
    first, second = account.function(SOURCE), account.function(SOURCE)
    assert (concurrency(client).quota, concurrency(client).reservable) == (1000, 900)
    client.put_function_concurrency(FunctionName=first, ReservedConcurrentExecutions=800)
    assert concurrency(client).reservable == 100
    with pytest.raises(ClientError, match=r"below its minimum value of \[100\]"):
        client.put_function_concurrency(FunctionName=second, ReservedConcurrentExecutions=101)
    client.put_function_concurrency(FunctionName=first, ReservedConcurrentExecutions=900)
    client.put_function_concurrency(FunctionName=second, ReservedConcurrentExecutions=0)


def test_a_new_account_can_reserve_nothing(new_account: Account) -> None:
    client = new_account.client("lambda")
    assert concurrency(client).reservable == 0
    with pytest.raises(ClientError, match=r"below its minimum value of \[10\]"):
        client.put_function_concurrency(FunctionName=new_account.function(SOURCE), ReservedConcurrentExecutions=1)
