"""The table of roll-outs: one item a roll-out, one an event, and one for each fleet that is being rolled, as its lease.

Only the current supervisor writes what was done, and only after what it has read; operators write wishes beside that.
"""

import gzip
import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any

from opscore.dynamodb_attributes import from_attribute, to_attribute
from opscore.rollouts.record import AUDIT_SECONDS, Event, Rollout, Wish, from_plain, to_plain
from opscore.watchers import Changed

LIVE_INDEX = "live"
STARTED_INDEX = "by-start"

_ALL = "rollouts"
"""Value of the attribute that both indexes hash: there are few roll-outs, and lists want all of them by time."""


class Busy(Exception):
    """A fleet is being rolled already; `rollout_id` says in which roll-out."""

    def __init__(self, group: str, rollout_id: str) -> None:
        super().__init__(f"{group} is rolled by {rollout_id}")
        self.group = group
        self.rollout_id = rollout_id


class RolloutTable:
    """The table in DynamoDB, through a low-level client."""

    def __init__(self, dynamodb: Any, table: str) -> None:
        self._dynamodb = dynamodb
        self._table = table

    def create(self, rollout: Rollout) -> None:
        """Write a new roll-out and hold its fleets for it; raises `Busy` when another roll-out holds one."""
        writes = [self._put(_head(rollout), "attribute_not_exists(rollout_id)")]
        for fleet in rollout.fleets:
            held = {**_key(_held(fleet.group)), "holder": to_attribute(rollout.rollout_id)}
            writes.append(self._put(held, "attribute_not_exists(holder)"))
        try:
            self._dynamodb.transact_write_items(TransactItems=writes)
        except self._dynamodb.exceptions.TransactionCanceledException as error:
            for fleet in rollout.fleets:
                if (holder := self.holder(fleet.group)) and holder != rollout.rollout_id:
                    raise Busy(fleet.group, holder) from error
            raise

    def holder(self, group: str) -> str:
        """Return the live roll-out of a group, empty when there is none."""
        item = self._item(_held(group))
        return str(from_attribute(item["holder"])) if item else ""

    def read(self, rollout_id: str) -> Rollout | None:
        """Return a roll-out as it is at this moment; None when there is none with that id."""
        item = self._item(rollout_id)
        return _rollout(item) if item else None

    def events(self, rollout_id: str, after: int = 0) -> list[Event]:
        """Return the events of a roll-out in their order, without the first `after`."""
        values = {":i": to_attribute(rollout_id), ":s": to_attribute(after)}
        found = self._query(
            KeyConditionExpression="rollout_id = :i AND #s > :s", names={"#s": "sequence"}, values=values
        )
        return [Event(**from_attribute(item["event"])) for item in found]

    def live(self) -> list[Rollout]:
        """Return the roll-outs that have not ended; the index may lag behind by a moment."""
        return self._indexed(LIVE_INDEX, "live_in = :a", {":a": to_attribute(_ALL)})

    def since(self, start: int) -> list[Rollout]:
        """Return the roll-outs that began at `start` or later, the last one first."""
        values = {":a": to_attribute(_ALL), ":s": to_attribute(start)}
        return self._indexed(STARTED_INDEX, "kind = :a AND started >= :s", values)

    def update(self, before: Rollout, after: Rollout, events: Sequence[Event], generation: int) -> Rollout:
        """Write what was done, with its events; returns the roll-out as it now is.

        Raises `Changed` when another supervisor took over, or wrote since `before` was read.
        """
        written = replace(after, revision=before.revision + 1, events=before.events + len(events))
        writes = [self._update_head(before, written, generation)]
        for number, event in enumerate(events, start=before.events + 1):
            item = {**_key(before.rollout_id, number), "event": to_attribute(event._asdict()), **_expiry(event.at)}
            writes.append(self._put(item, "attribute_not_exists(rollout_id)"))
        if before.is_live and not written.is_live:
            writes += [self._release(fleet.group, before.rollout_id) for fleet in before.fleets]
        self._guarded(self._dynamodb.transact_write_items, TransactItems=writes)
        return written

    def wish(self, rollout_id: str, wish: Wish, by: str) -> None:
        """Say what is wanted of a live roll-out; raises `Changed` when it has ended."""
        self._guarded(
            self._dynamodb.update_item,
            TableName=self._table,
            Key=_key(rollout_id),
            UpdateExpression="SET wish = :w, wished_by = :b",
            ConditionExpression="attribute_exists(live_in)",
            ExpressionAttributeValues={":w": to_attribute(wish), ":b": to_attribute(by)},
        )

    def lease(self, name: str) -> tuple[int, int]:
        """Return which supervisor of a roll-out is the current one, and when it last looked; (0, 0) for none yet."""
        item = self._item(name) or {}
        generation, ticked_at = (from_attribute(item.get(key, {"N": "0"})) for key in ("generation", "ticked_at"))
        return generation, ticked_at

    def take_lease(self, name: str, generation: int, now: int) -> None:
        """Make the supervisor after `generation` the current one; raises `Changed` when another was quicker."""
        self._supervise(name, generation, generation + 1, now)

    def touch_lease(self, name: str, generation: int, now: int) -> None:
        """Say that the supervisor looks now; raises `Changed` when it is not the current one, or the roll-out over."""
        self._supervise(name, generation, generation, now)

    def _supervise(self, rollout_id: str, old: int, new: int, now: int) -> None:
        values = {":old": old, ":new": new, ":now": now}
        first = "attribute_not_exists(generation) OR " if old == 0 else ""
        self._guarded(
            self._dynamodb.update_item,
            TableName=self._table,
            Key=_key(rollout_id),
            UpdateExpression="SET generation = :new, ticked_at = :now",
            ConditionExpression=f"attribute_exists(live_in) AND ({first}generation = :old)",
            ExpressionAttributeValues={name: to_attribute(value) for name, value in values.items()},
        )

    def _update_head(self, before: Rollout, after: Rollout, generation: int) -> dict[str, Any]:
        values = {
            ":old": to_attribute(before.revision),
            ":new": to_attribute(after.revision),
            ":f": to_attribute([to_plain(fleet) for fleet in after.fleets]),
            ":e": to_attribute(after.events),
            ":ended": to_attribute(after.ended),
            ":g": to_attribute(generation),
        }
        expression = "SET revision = :new, fleets = :f, events = :e, ended = :ended"
        if not after.is_live:
            values[":x"] = to_attribute(after.ended + AUDIT_SECONDS)
            expression += ", expires = :x REMOVE live_in"
        return {
            "Update": {
                "TableName": self._table,
                "Key": _key(before.rollout_id),
                "UpdateExpression": expression,
                "ConditionExpression": "revision = :old AND generation = :g",
                "ExpressionAttributeValues": values,
            }
        }

    def _put(self, item: Mapping[str, Any], condition: str) -> dict[str, Any]:
        return {"Put": {"TableName": self._table, "Item": item, "ConditionExpression": condition}}

    def _release(self, group: str, rollout_id: str) -> dict[str, Any]:
        return {
            "Delete": {
                "TableName": self._table,
                "Key": _key(_held(group)),
                "ConditionExpression": "attribute_not_exists(holder) OR holder = :i",
                "ExpressionAttributeValues": {":i": to_attribute(rollout_id)},
            }
        }

    def _item(self, rollout_id: str) -> Mapping[str, Any] | None:
        answer = self._dynamodb.get_item(TableName=self._table, Key=_key(rollout_id), ConsistentRead=True)
        item: Mapping[str, Any] | None = answer.get("Item")
        return item

    def _indexed(self, index: str, condition: str, values: Mapping[str, Any]) -> list[Rollout]:
        found = self._query(IndexName=index, KeyConditionExpression=condition, values=values, ScanIndexForward=False)
        return [_rollout(item) for item in found]

    def _query(
        self, *, values: Mapping[str, Any], names: Mapping[str, str] | None = None, **request: Any
    ) -> Iterator[Mapping[str, Any]]:
        request |= {"TableName": self._table, "ExpressionAttributeValues": values}
        request |= {"ExpressionAttributeNames": names} if names else {}
        while True:
            answer = self._dynamodb.query(**request)
            yield from answer["Items"]
            if not (last := answer.get("LastEvaluatedKey")):
                return
            request["ExclusiveStartKey"] = last

    def _guarded(self, write: Any, **request: Any) -> None:
        exceptions = self._dynamodb.exceptions
        try:
            write(**request)
        except (exceptions.ConditionalCheckFailedException, exceptions.TransactionCanceledException) as error:
            raise Changed(str(error)) from error


def _key(rollout_id: str, sequence: int = 0) -> dict[str, Any]:
    return {"rollout_id": to_attribute(rollout_id), "sequence": to_attribute(sequence)}


def _held(group: str) -> str:
    return f"fleet:{group}"


def _expiry(at: int) -> dict[str, Any]:
    return {"expires": to_attribute(at + AUDIT_SECONDS)}


def _head(rollout: Rollout) -> dict[str, Any]:
    return {
        **_key(rollout.rollout_id),
        "kind": to_attribute(_ALL),
        "live_in": to_attribute(_ALL),
        "by": to_attribute(rollout.by),
        "reason": to_attribute(rollout.reason),
        "started": to_attribute(rollout.started),
        "parallel": to_attribute(rollout.parallel),
        "revision": to_attribute(rollout.revision),
        "fleets": to_attribute([to_plain(fleet) for fleet in rollout.fleets]),
        "plan": {"B": gzip.compress(json.dumps(rollout.plan).encode(), mtime=0)},
    }


def _rollout(item: Mapping[str, Any]) -> Rollout:
    """Read a roll-out's item; one that an index gives has everything as well."""
    plain = {name: from_attribute(value) for name, value in item.items() if name != "plan"}
    return Rollout(
        rollout_id=plain["rollout_id"],
        by=plain["by"],
        reason=plain.get("reason", ""),
        started=plain["started"],
        plan=json.loads(gzip.decompress(item["plan"]["B"])),
        fleets=tuple(from_plain(one) for one in plain["fleets"]),
        parallel=plain.get("parallel", 1),
        wish=Wish(plain.get("wish", "")),
        wished_by=plain.get("wished_by", ""),
        events=plain.get("events", 0),
        revision=plain["revision"],
        ended=plain.get("ended", 0),
    )
