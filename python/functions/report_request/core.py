"""From an order to a request on the queue, or to a refusal with its reason."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from insight.delivery import store
from insight.orders.request import BadRequest, Refusal, ReportAnswer, ReportOrder, ReportRequest, Status
from insight.orders.state_table import States
from insight.orders.states import State
from insight.periods import BadPeriod, check_range
from insight.sources.accounts import Account, BadAccount, UnknownAccount, find_account
from opscore.errors import OpsError

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient
    from mypy_boto3_s3 import S3Client


@dataclass(frozen=True)
class Dependencies:
    """What an order is answered with; `send` puts a message body on the queue and raises when it could not.

    `formats` are those that the generator can write.
    """

    s3: "S3Client"
    dynamodb: "DynamoDBClient"
    states: States
    send: Callable[[str], object]
    reports_bucket: str
    accounts_table: str
    maximum_period_days: int
    formats: tuple[str, ...]


class _Refused(Exception):
    def __init__(self, why: Refusal, error: OpsError) -> None:
        super().__init__(error.message)
        self.why = why
        self.message = " ".join(filter(None, (error.message, error.hint)))


def place_order(payload: object, deps: Dependencies) -> ReportAnswer:
    """Answer an order; one that cannot be fulfilled is refused. AWS's errors are raised, and ordering again is safe."""
    try:
        order = _checked(payload, deps)
        account = _account(order.account, deps)
    except _Refused as refused:
        return ReportAnswer(Status.REFUSED, reason=refused.why.value, message=refused.message)
    request, is_delivered = _wanted(order.in_zone(account.time_zone), deps, force=order.force)
    if is_delivered:
        return ReportAnswer(Status.DELIVERED, request.report_id)
    deps.states.ask(request)
    # Also when it was asked for before: whether an earlier call got as far as the queue cannot be seen here, and a
    # second message makes the same report.
    deps.send(request.to_message())
    return ReportAnswer(Status.REQUESTED, request.report_id)


def _wanted(request: ReportRequest, deps: Dependencies, *, force: bool) -> tuple[ReportRequest, bool]:
    """Return the generation that answers the order, and whether it is delivered."""
    newest = replace(deps.states.newest(request), requested_by=request.requested_by, reason=request.reason)
    record = deps.states.get(newest.report_id)
    if record is None or record.state is not State.DELIVERED:
        # Not delivered yet, so a forced order makes no further generation: a double click is one report.
        return newest, False
    if not store.is_delivered(deps.s3, deps.reports_bucket, newest):
        deps.states.reopen(record)
        return newest, False
    return (deps.states.next_generation(newest), False) if force else (newest, True)


def _checked(payload: object, deps: Dependencies) -> ReportOrder:
    try:
        order = ReportOrder.from_payload(payload)
        if unwritten := sorted(set(order.formats) - set(deps.formats)):
            raise BadRequest(
                f"No report is made as {', '.join(unwritten)} here.",
                hint=f"Formats here: {', '.join(deps.formats)}. The generator's zip has no writer for others.",
            )
    except (BadRequest, BadPeriod) as error:
        raise _Refused(Refusal.BAD_ORDER, error) from error
    try:
        check_range(order.start, order.end, maximum_days=deps.maximum_period_days)
    except BadPeriod as error:
        raise _Refused(Refusal.PERIOD_TOO_LONG, error) from error
    return order


def _account(account_id: str, deps: Dependencies) -> Account:
    try:
        account = find_account(deps.dynamodb, deps.accounts_table, account_id)
    except BadAccount as error:
        raise _Refused(Refusal.BAD_ACCOUNT, error) from error
    if account is None:
        raise _Refused(Refusal.UNKNOWN_ACCOUNT, UnknownAccount(account_id))
    return account
