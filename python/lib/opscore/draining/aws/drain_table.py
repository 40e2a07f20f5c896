"""The table of drains: one item a drain, a sparse index of the open ones, and the leases of the pollers.

Every write names only what it changes and holds only under a condition, so that an event, a poller and an operator may
write about the same host at the same time.
"""

from collections.abc import Iterator, Mapping
from typing import Any, Protocol

from opscore.draining.record import Drain
from opscore.dynamodb_attributes import from_attribute, to_attribute
from opscore.watchers import Changed, Leases

OPEN_INDEX = "open"
CLUSTER_INDEX = "by-cluster"


UNDECIDED = " AND attribute_not_exists(verdict)"


class Drains(Leases, Protocol):
    """What the drivers need of the table."""

    def latest(self, instance_id: str) -> Drain | None:
        """Return the last drain of an instance."""

    def create(self, drain: Drain) -> None:
        """Write a new drain; raises `Changed` when that attempt exists."""

    def update(self, before: Drain, after: Drain) -> None:
        """Write what changed in an open drain; raises `Changed` when it was closed meanwhile."""

    def open_in(self, cluster: str) -> list[Drain]:
        """Return the open drains of a cluster."""


class DynamoDrains:
    """The table in DynamoDB, read through a low-level client."""

    def __init__(self, dynamodb: Any, table: str) -> None:
        self._dynamodb = dynamodb
        self._table = table

    def latest(self, instance_id: str) -> Drain | None:
        """Return the last drain of an instance, as it is at this moment."""
        found = self._history(instance_id, Limit=1)
        return found[0] if found else None

    def history(self, instance_id: str) -> list[Drain]:
        """Return all drains of an instance, the last one first."""
        return self._history(instance_id)

    def _history(self, instance_id: str, **limit: int) -> list[Drain]:
        answer = self._dynamodb.query(
            TableName=self._table,
            KeyConditionExpression="instance_id = :i",
            ExpressionAttributeValues={":i": to_attribute(instance_id)},
            ScanIndexForward=False,
            ConsistentRead=True,
            **limit,
        )
        return [Drain.from_item(item) for item in answer["Items"]]

    def create(self, drain: Drain) -> None:
        """Write a new drain; raises `Changed` when that attempt exists."""
        self._guarded(
            self._dynamodb.put_item,
            Item=drain.to_item(),
            ConditionExpression="attribute_not_exists(instance_id)",
        )

    def update(self, before: Drain, after: Drain) -> None:
        """Write what changed in an open drain; raises `Changed` when it was closed meanwhile.

        A first verdict also needs that there is none: what an index showed may be older than that.
        """
        old, new = before.to_item(), after.to_item()
        assigned = {name: value for name, value in new.items() if old.get(name) != value}
        removed = [name for name in old if name not in new]
        if not assigned and not removed:
            return
        expression = "SET " + ", ".join(f"#{name} = :{name}" for name in assigned) if assigned else ""
        expression += " REMOVE " + ", ".join(f"#{name}" for name in removed) if removed else ""
        values = {f":{name}": value for name, value in assigned.items()}
        self._guarded(
            self._dynamodb.update_item,
            Key=_key(before.instance_id, before.attempt),
            UpdateExpression=expression.strip(),
            ConditionExpression=f"attribute_exists(open_in){UNDECIDED if decides(before, after) else ''}",
            ExpressionAttributeNames={f"#{name}": name for name in (*assigned, *removed)},
            **({"ExpressionAttributeValues": values} if values else {}),
        )

    def open_in(self, cluster: str) -> list[Drain]:
        """Return the open drains of a cluster; the index may lag behind by a moment."""
        return list(self._query(OPEN_INDEX, "open_in = :c", {":c": to_attribute(cluster)}))

    def since(self, cluster: str, start: int) -> list[Drain]:
        """Return the drains of a cluster that began at `start` or later, open or closed."""
        values = {":c": to_attribute(cluster), ":s": to_attribute(start)}
        return list(self._query(CLUSTER_INDEX, "#c = :c AND started >= :s", values, names={"#c": "cluster"}))

    def _query(
        self, index: str, condition: str, values: Mapping[str, Any], names: Mapping[str, str] | None = None
    ) -> Iterator[Drain]:
        request = {
            "TableName": self._table,
            "IndexName": index,
            "KeyConditionExpression": condition,
            "ExpressionAttributeValues": values,
            **({"ExpressionAttributeNames": names} if names else {}),
        }
        while True:
            answer = self._dynamodb.query(**request)
            yield from (Drain.from_item(item) for item in answer["Items"])
            if not (last := answer.get("LastEvaluatedKey")):
                return
            request["ExclusiveStartKey"] = last

    def lease(self, name: str) -> tuple[int, int]:
        """Return which poller of the cluster is the current one, and when it last looked; (0, 0) for none yet."""
        answer = self._dynamodb.get_item(TableName=self._table, Key=_lease_key(name), ConsistentRead=True)
        item = answer.get("Item")
        return (from_attribute(item["generation"]), from_attribute(item["ticked_at"])) if item else (0, 0)

    def take_lease(self, name: str, generation: int, now: int) -> None:
        """Make the poller after `generation` the current one; raises `Changed` when another was quicker."""
        self._write_lease(
            name, "attribute_not_exists(generation) OR generation = :old", generation, generation + 1, now
        )

    def touch_lease(self, name: str, generation: int, now: int) -> None:
        """Say that the poller looks now; raises `Changed` when it is not the current one."""
        self._write_lease(name, "generation = :old", generation, generation, now)

    def _write_lease(self, cluster: str, condition: str, old: int, new: int, now: int) -> None:
        values = {":old": old, ":new": new, ":now": now}
        self._guarded(
            self._dynamodb.update_item,
            Key=_lease_key(cluster),
            UpdateExpression="SET generation = :new, ticked_at = :now",
            ConditionExpression=condition,
            ExpressionAttributeValues={name: to_attribute(value) for name, value in values.items()},
        )

    def _guarded(self, write: Any, **request: Any) -> None:
        try:
            write(TableName=self._table, **request)
        except self._dynamodb.exceptions.ConditionalCheckFailedException as error:
            raise Changed(str(error)) from error


def decides(before: Drain, after: Drain) -> bool:
    """Say whether an update brings the verdict."""
    return before.verdict is None and after.verdict is not None


def _key(instance_id: str, attempt: int) -> dict[str, Any]:
    return {"instance_id": to_attribute(instance_id), "attempt": to_attribute(attempt)}


def _lease_key(cluster: str) -> dict[str, Any]:
    return _key(f"poller:{cluster}", 0)
