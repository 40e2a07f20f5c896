"""Accounts: who they are, in which zone their days begin, how many seats they pay for."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from insight.periods import BadPeriod, zone
from insight.texts import is_one_line
from opscore.errors import NotFound, OpsError

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient


class BadAccount(OpsError):
    """An account's record lacks something or holds an impossible value; the record has to be corrected."""


class UnknownAccount(NotFound):
    """There is no such account, or not any more."""

    def __init__(self, account: str) -> None:
        super().__init__(f"There is no account {account!r}.")


@dataclass(frozen=True)
class Account:
    """One account; `time_zone` is an IANA name, `seats` the number paid for, `segment` the peers it is compared to."""

    account: str
    name: str
    time_zone: str
    seats: int
    segment: str

    def to_item(self) -> dict[str, Any]:
        """Return the item of the accounts table, in DynamoDB's own notation."""
        return {
            "account": {"S": self.account},
            "name": {"S": self.name},
            "time_zone": {"S": self.time_zone},
            "seats": {"N": str(self.seats)},
            "segment": {"S": self.segment},
        }

    @classmethod
    def from_item(cls, item: Mapping[str, Any]) -> "Account":
        """Read an item of the accounts table; attributes this code does not know are left alone."""
        account = _attribute(item, "account", "S", "?")
        try:
            seats = int(_attribute(item, "seats", "N", account))
            time_zone = zone(_attribute(item, "time_zone", "S", account)).key
        except (ValueError, BadPeriod) as error:
            raise _bad_record(account, str(error)) from None
        if seats < 0:
            raise _bad_record(account, "`seats` is negative")
        return cls(
            account=account,
            name=_attribute(item, "name", "S", account),
            time_zone=time_zone,
            seats=seats,
            segment=_attribute(item, "segment", "S", account),
        )


def find_account(dynamodb: "DynamoDBClient", table: str, account: str) -> Account | None:
    """Look an account up; None when there is none, BadAccount when its record cannot be used."""
    answer = dynamodb.get_item(TableName=table, Key={"account": {"S": account}}, ConsistentRead=True)
    item = answer.get("Item")
    return Account.from_item(item) if item else None


def account_ids(dynamodb: "DynamoDBClient", table: str) -> Iterator[str]:
    """Yield the ids of all accounts, in no order; this scans the table."""
    pages = dynamodb.get_paginator("scan").paginate(TableName=table, ProjectionExpression="account")
    for page in pages:
        for item in page["Items"]:
            yield item["account"]["S"]


def _attribute(item: Mapping[str, Any], name: str, kind: str, account: str) -> str:
    value = item.get(name, {}).get(kind)
    if not isinstance(value, str) or not value or not is_one_line(value):
        raise _bad_record(account, f"`{name}` is missing, of the wrong type or holds control characters")
    return value


def _bad_record(account: str, problem: str) -> BadAccount:
    return BadAccount(f"The record of account {account!r} cannot be used: {problem.rstrip('.')}.")
