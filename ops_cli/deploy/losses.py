"""What destroying would lose: what lies in the buckets, tables and queues of the state, and what protects them.

Terraform finds out bucket by bucket, with most of the platform gone by then. Here everything is looked at before the
first resource goes. Whether a bucket with objects may be deleted is `force_destroy` in the *state*: a changed value
counts only after an apply.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from opscore.dead_letters.looking.queue import describe
from opscore.errors import NotFound, OpsError
from opscore.words import counted

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient
    from mypy_boto3_s3 import S3Client
    from mypy_boto3_sqs import SQSClient

_PAGE = 1000
"""Versions of objects that one call lists: more are not counted."""


@dataclass(frozen=True)
class Holding:
    """A bucket, table or queue of the state: what it `holds` in words, "" for nothing, and whether it is protected."""

    address: str
    kind: str
    name: str
    holds: str
    is_protected: bool


@dataclass(frozen=True)
class Clients:
    """What is asked for the contents."""

    s3: "S3Client"
    dynamodb: "DynamoDBClient"
    sqs: "SQSClient"


def holdings(resources: Iterable[Mapping[str, Any]], clients: Clients) -> list[Holding]:
    """Look into every bucket, table and queue of a state, as terraform_state.resources gives it.

    What is gone is left out. Messages are protected when any bucket is: a queue has no such setting, and the platform's
    one variable stands for all.
    """
    listed = [resource for resource in resources if resource["type"] in _LOOKS]
    buckets = [resource for resource in listed if resource["type"] == "aws_s3_bucket"]
    protects = any(not bucket["values"]["force_destroy"] for bucket in buckets)
    found = [_LOOKS[resource["type"]](resource, clients, protects) for resource in listed]
    return [one for one in found if one]


def refuse_to_lose(found: Iterable[Holding], environment: str) -> None:
    """Raise `OpsError` when something is protected: it names all of it and what to apply first."""
    protected = [one for one in found if one.is_protected and (one.holds or one.kind == "table")]
    if not protected:
        return
    named = "; ".join(f"{one.kind} {one.name} ({one.holds or 'empty, deletion protection'})" for one in protected)
    raise OpsError(
        f"Destroying would end half done, for this is protected: {named}.",
        hint=f"Save what is worth it (`opsctl dlq export`, `aws s3 sync`). Then set force_destroy = true in "
        f"terraform/environments/{environment}.tfvars, `opsctl --env {environment} deploy apply`, and destroy again.",
    )


def _bucket(resource: Mapping[str, Any], clients: Clients, _protects: bool) -> Holding | None:
    name = resource["values"]["bucket"]
    try:
        page = clients.s3.list_object_versions(Bucket=name, MaxKeys=_PAGE)
    except clients.s3.exceptions.NoSuchBucket:
        return None
    count = len(page.get("Versions", ())) + len(page.get("DeleteMarkers", ()))
    more = " or more" if page["IsTruncated"] else ""
    holds = f"{counted(count, 'version')} of objects{more}" if count else ""
    return Holding(resource["address"], "bucket", name, holds, not resource["values"]["force_destroy"])


def _table(resource: Mapping[str, Any], clients: Clients, _protects: bool) -> Holding | None:
    name = resource["values"]["name"]
    try:
        # ItemCount is six hours old at worst, so whether there is any item is asked of the table itself.
        some = clients.dynamodb.scan(TableName=name, Limit=1, Select="COUNT")["Count"]
        count = clients.dynamodb.describe_table(TableName=name)["Table"].get("ItemCount", 0)
    except clients.dynamodb.exceptions.ResourceNotFoundException:
        return None
    holds = f"about {counted(max(some, count), 'item')}" if some else ""
    return Holding(resource["address"], "table", name, holds, bool(resource["values"]["deletion_protection_enabled"]))


def _queue(resource: Mapping[str, Any], clients: Clients, protects: bool) -> Holding | None:
    try:
        facts = describe(clients.sqs, resource["values"]["url"])
    except NotFound:
        return None
    count = facts.visible + facts.in_flight + facts.delayed
    holds = f"about {counted(count, 'message')}" if count else ""
    return Holding(resource["address"], "queue", facts.name, holds, protects)


_LOOKS: Mapping[str, Callable[[Mapping[str, Any], Clients, bool], Holding | None]] = {
    "aws_s3_bucket": _bucket,
    "aws_dynamodb_table": _table,
    "aws_sqs_queue": _queue,
}
