"""Account records: read strictly, because everything of a report hangs on zone and seats."""

from typing import TYPE_CHECKING, Any

import pytest

from insight.sources.accounts import Account, BadAccount, account_ids, find_account

if TYPE_CHECKING:
    from tests.lib.insight.conftest import World

ACME = Account("acme", "Acme & Söhne", "Europe/Berlin", 40, "enterprise")


def test_a_record_survives_the_table(world: "World") -> None:
    world.dynamodb.put_item(TableName=world.accounts, Item={**ACME.to_item(), "owner": {"S": "somebody"}})
    assert find_account(world.dynamodb, world.accounts, "acme") == ACME


def test_an_account_that_is_not_there_is_none(world: "World") -> None:
    assert find_account(world.dynamodb, world.accounts, "acme") is None


def test_all_ids_are_listed(world: "World") -> None:
    for name in ("acme", "ember"):
        world.dynamodb.put_item(TableName=world.accounts, Item={"account": {"S": name}})
    assert sorted(account_ids(world.dynamodb, world.accounts)) == ["acme", "ember"]


@pytest.mark.parametrize(
    ("change", "problem"),
    [
        ({"time_zone": {"S": "Mars/Olympus"}}, "no time zone named"),
        ({"time_zone": {}}, "`time_zone` is missing"),
        ({"seats": {"S": "40"}}, "`seats` is missing, of the wrong type"),
        ({"seats": {"N": "1.5"}}, "invalid literal"),
        ({"seats": {"N": "-1"}}, "`seats` is negative"),
        ({"name": {"S": ""}}, "`name` is missing"),
        ({"name": {"S": "a\nb"}}, "`name` is missing, of the wrong type or holds control characters"),
        ({"segment": {"NULL": True}}, "`segment` is missing"),
    ],
)
def test_a_record_that_cannot_be_used_says_what_to_mend(change: dict[str, Any], problem: str) -> None:
    with pytest.raises(BadAccount, match=problem) as caught:
        Account.from_item({**ACME.to_item(), **change})
    assert "account 'acme'" in caught.value.message
