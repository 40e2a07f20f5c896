"""The table of reports: how the record of a report is read and changed, always under a condition.

    REQUESTED -> RUNNING -> DELIVERED -> REISSUED     a later generation was delivered
                 RUNNING -> REQUESTED                 this attempt ended, the message comes back
                 RUNNING -> FAILED                    finally; asking again or replaying its dead letter opens it again

RUNNING is a lease that ends at a known time, never a flag that a killed worker leaves behind. DELIVERED is written only
after the manifest, which is what proves a delivery: a worker that dies between the two leaves a lease, and the next
delivery of the message finds the manifest and writes DELIVERED. What a record holds is in `states`.
"""

import re
from collections.abc import Callable, Collection, Iterator, Mapping
from datetime import datetime
from typing import TYPE_CHECKING, Any

from insight.orders.request import ReportRequest
from insight.orders.states import Record, State, described, millis, moment, to_item
from opscore.errors import OpsError

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

ACCOUNT_INDEX = "by-account"

_KEYS_PER_CALL = 100
_LONGEST_MESSAGE = 500


class Held(OpsError):
    """Another worker is making the report; its lease ends at `until` at the latest."""

    def __init__(self, until: datetime) -> None:
        super().__init__(f"Another worker is making the report, until {until:%H:%M:%SZ} at the latest.")
        self.until = until


class States:
    """The table of reports; `now` gives an aware instant."""

    def __init__(self, dynamodb: "DynamoDBClient", table: str, now: Callable[[], datetime]) -> None:
        self._dynamodb = dynamodb
        self._table = table
        self._now = now

    def ask(self, request: ReportRequest) -> Record:
        """Open a report, or open it again when it has failed; return what is known of it then.

        The first to ask stays on record. Any other state is left alone.
        """
        found = self.note(request)
        return self._reopen(found, State.FAILED) if found.state is State.FAILED else found

    def note(self, request: ReportRequest) -> Record:
        """Add the record of a report that has none, as requested; return the record that is there then."""
        item = to_item({**described(request), "state": State.REQUESTED, "requested_at": moment(self._now())})
        try:
            self._dynamodb.put_item(
                TableName=self._table,
                Item=item,
                ConditionExpression="attribute_not_exists(report_id)",
                ReturnValuesOnConditionCheckFailure="ALL_OLD",
            )
        except self._dynamodb.exceptions.ConditionalCheckFailedException as refusal:
            return _old_record(refusal, request.report_id)
        return Record.from_item(item)

    def reopen(self, record: Record) -> Record:
        """Open a report again that is on record as delivered while its manifest is gone from the bucket."""
        return self._reopen(record, State.DELIVERED)

    def claim(self, request: ReportRequest, owner: str, until: datetime) -> bool:
        """Take the lease of a report until `until`; False when the report is delivered already.

        `owner` names one attempt. Raises Held while another attempt's lease lasts.
        """
        values = {
            ":requested": State.REQUESTED,
            ":failed": State.FAILED,
            ":now": millis(self._now()),
            ":me": owner,
        }
        # The owner's own lease counts as free: the client repeats a call whose answer was lost.
        free = "attribute_not_exists(#state) OR #state IN (:requested, :failed) OR #until < :now OR #owner = :me"
        change = {"state": State.RUNNING, "owner": owner, "until": millis(until), "started_at": moment(self._now())}
        known = {name: value for name, value in described(request).items() if name != "report_id"}
        known |= {"requested_at": change["started_at"]}
        held = self._change(request.report_id, change, if_absent=known, condition=free, values=values, count="attempts")
        if held is None:
            return True
        if held.state in (State.DELIVERED, State.REISSUED):
            return False
        raise Held(held.leased_until or self._now())

    def deliver(self, request: ReportRequest, seconds: float) -> bool:
        """Record that the manifest is there; False when that is on record already."""
        change = {"state": State.DELIVERED, "delivered_at": moment(self._now()), "seconds": seconds}
        condition = "NOT #state IN (:delivered, :reissued)"
        values = {":delivered": State.DELIVERED, ":reissued": State.REISSUED}
        remove = ("owner", "until", "reason", "message")
        return self._change(request.report_id, change, condition=condition, values=values, remove=remove) is None

    def fail(self, request: ReportRequest, owner: str, reason: str, message: str) -> bool:
        """End the owner's attempt and the report with it; False when the report is no longer the owner's."""
        return self._end(request, owner, {"state": State.FAILED, "reason": reason, "message": message})

    def release(self, request: ReportRequest, owner: str, reason: str, message: str) -> bool:
        """End the owner's attempt; the message will come back. False when the report is no longer the owner's."""
        return self._end(request, owner, {"state": State.REQUESTED, "reason": reason, "message": message})

    def settle(self, request: ReportRequest) -> None:
        """Record that everything that follows a delivery was done."""
        self._change(request.report_id, {"settled": True}, condition="attribute_exists(#state)")

    def supersede(self, request: ReportRequest) -> None:
        """Mark the generation before this delivered one as reissued."""
        if request.generation == 1:
            return
        before = request.of_generation(request.generation - 1)
        change = {"state": State.REISSUED, "superseded_by": request.report_id}
        self._change(before.report_id, change, condition="#state = :was", values={":was": State.DELIVERED})

    def newest(self, request: ReportRequest) -> ReportRequest:
        """Return the request for the newest generation; there may be no record of it yet."""
        first = self.get(request.of_generation(1).report_id)
        return request.of_generation(first.newest if first else 1)

    def next_generation(self, request: ReportRequest) -> ReportRequest:
        """Add a generation after `request`, which is the newest; return the newest there is then.

        Two that ask at once get the same one. It has no record until it is asked for.
        """
        condition = "attribute_not_exists(#newest) OR #newest = :was"
        change, values = {"newest": request.generation + 1}, {":was": request.generation}
        first = request.of_generation(1)
        overtaken = self._change(first.report_id, change, condition=condition, values=values)
        return first.of_generation(overtaken.newest if overtaken else request.generation + 1)

    def get(self, report_id: str) -> Record | None:
        """Return what is known of one report."""
        key = to_item({"report_id": report_id})
        item = self._dynamodb.get_item(TableName=self._table, Key=key, ConsistentRead=True).get("Item")
        return Record.from_item(item) if item else None

    def get_many(self, report_ids: Collection[str]) -> dict[str, Record]:
        """Return what is known of these reports, by id; those without a record are left out."""
        found: dict[str, Record] = {}
        wanted = sorted(set(report_ids))
        for at in range(0, len(wanted), _KEYS_PER_CALL):
            keys = [to_item({"report_id": report_id}) for report_id in wanted[at : at + _KEYS_PER_CALL]]
            for item in self._batch(keys):
                record = Record.from_item(item)
                found[record.report_id] = record
        return found

    def all(self, account: str | None = None) -> Iterator[Record]:
        """Yield the records of one account, or of all, in no order."""
        if account is None:
            pages = self._dynamodb.get_paginator("scan").paginate(TableName=self._table)
        else:
            pages = self._dynamodb.get_paginator("query").paginate(
                TableName=self._table,
                IndexName=ACCOUNT_INDEX,
                KeyConditionExpression="#account = :account",
                ExpressionAttributeNames={"#account": "account"},
                ExpressionAttributeValues=to_item({":account": account}),
            )
        for page in pages:
            yield from map(Record.from_item, page["Items"])

    def ids(self, limit: int) -> list[str]:
        """Return the ids of at most `limit` reports, in no order: the table is read from its beginning."""
        pages = self._dynamodb.get_paginator("scan").paginate(
            TableName=self._table, ProjectionExpression="report_id", PaginationConfig={"MaxItems": limit}
        )
        return [item["report_id"]["S"] for page in pages for item in page["Items"]]

    def _batch(self, keys: list[dict[str, Any]]) -> Iterator[Mapping[str, Any]]:
        # What the call leaves unprocessed (throttling, 16 MB) is asked for again; the client paces its own retries.
        pending: Any = {self._table: {"Keys": keys, "ConsistentRead": True}}
        while pending:
            answer = self._dynamodb.batch_get_item(RequestItems=pending)
            yield from answer["Responses"].get(self._table, [])
            pending = answer.get("UnprocessedKeys")

    def _reopen(self, record: Record, was: State) -> Record:
        change = {"state": State.REQUESTED, "requested_at": moment(self._now()), "attempts": 0}
        remove = ("reason", "message", "delivered_at", "settled", "seconds")
        condition, values = "#state = :was", {":was": was}
        self._change(record.report_id, change, condition=condition, values=values, remove=remove)
        return self.get(record.report_id) or record

    def _end(self, request: ReportRequest, owner: str, change: Mapping[str, str]) -> bool:
        shortened = {name: value[:_LONGEST_MESSAGE] for name, value in change.items()}
        condition = "#state = :running AND #owner = :me"
        values = {":running": State.RUNNING, ":me": owner}
        remove = ("owner", "until")
        return self._change(request.report_id, shortened, condition=condition, values=values, remove=remove) is None

    def _change(
        self,
        report_id: str,
        change: Mapping[str, Any],
        *,
        condition: str,
        values: Mapping[str, Any] | None = None,
        remove: Collection[str] = (),
        if_absent: Mapping[str, Any] | None = None,
        count: str = "",
    ) -> Record | None:
        """Change an item under a condition over `#name`s; None when it was changed, else the record that is there."""
        wanted = {**change, **(if_absent or {})}
        setters = [f"#{name} = :set_{name}" for name in change]
        setters += [f"#{name} = if_not_exists(#{name}, :set_{name})" for name in if_absent or {}]
        given = {**(values or {}), **{f":set_{name}": value for name, value in wanted.items()}}
        if count:
            setters.append(f"#{count} = if_not_exists(#{count}, :none) + :one")
            given |= {":none": 0, ":one": 1}
        removals = f" REMOVE {', '.join(f'#{name}' for name in remove)}" if remove else ""
        expression = f"SET {', '.join(setters)}{removals}"
        used = {name: name[1:] for name in re.findall(r"#\w+", f"{expression} {condition}")}
        try:
            self._dynamodb.update_item(
                TableName=self._table,
                Key=to_item({"report_id": report_id}),
                UpdateExpression=expression,
                ConditionExpression=condition,
                ExpressionAttributeNames=used,
                ExpressionAttributeValues=to_item(given),
                ReturnValuesOnConditionCheckFailure="ALL_OLD",
            )
        except self._dynamodb.exceptions.ConditionalCheckFailedException as refusal:
            return _old_record(refusal, report_id)
        return None


def _old_record(refusal: Any, report_id: str) -> Record:
    """Return the record that made DynamoDB refuse a conditional write; an empty one when there is none."""
    return Record.from_item(refusal.response.get("Item") or to_item({"report_id": report_id}))
