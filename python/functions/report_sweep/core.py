"""The sweep over a month: what the ledger owes and nobody works on is asked for, what late data changed is reissued."""

from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from datetime import datetime
from typing import TYPE_CHECKING

from insight import layout
from insight.manifest import Manifest
from insight.months import ledger, survey
from insight.months.late import drift, files_now
from insight.months.survey import MonthOrder, Outcome, Policy, Standing
from insight.numbers import peers
from insight.orders.request import ReportRequest
from insight.orders.state_table import States
from insight.orders.states import State
from insight.periods import parse_month

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

LOOKS_AT_ONCE = 8


@dataclass(frozen=True)
class Broom:
    """What a sweep works with. A report is reissued when more than `reissue_share` of its bytes moved on."""

    s3: "S3Client"
    states: States
    send: Callable[[list[str]], None]
    now: Callable[[], datetime]
    reports_bucket: str
    events_bucket: str
    patience_seconds: float
    reissue_share: float
    maximum_generations: int


def sweep(order: MonthOrder, broom: Broom) -> Outcome:
    """Ask for what is missing, stalled or lost, and for a further generation of what late data changed.

    A month of which nothing is open any more gets its table of peers.
    """
    owed = ledger.must_read(broom.s3, broom.reports_bucket, order.month)
    standings = survey.survey(owed, broom.states, order.accounts)
    policy = Policy(broom.patience_seconds)
    due = [(standing, why) for standing in standings if (why := policy.why(standing, broom.now()))]
    delivered = [standing for standing in standings if standing.state is State.DELIVERED]
    with ThreadPoolExecutor(LOOKS_AT_ONCE) as pool:
        looks = list(pool.map(lambda standing: _look(standing, broom), delivered))
    due += [look.due for look in looks if look.due]
    if not due and not order.accounts and all(standing.has_ended for standing in standings):
        figures = ((look.standing.entry.segment, look.figures) for look in looks)
        peers.publish(broom.s3, broom.reports_bucket, parse_month(order.month)[0], peers.make_table(figures))
    asked = survey.ask(due, order, broom.states, broom.send)
    return Outcome(order.month, len(standings), survey.counts(standings), asked)


@dataclass(frozen=True)
class _Look:
    """A delivered report looked at again: its figures, and, when it must be asked for, as what and why."""

    standing: Standing
    figures: Mapping[str, float | None]
    due: tuple[Standing, str] | None = None


def _look(standing: Standing, broom: Broom) -> _Look:
    """Compare a delivery on record with its manifest and with the event files."""
    request, record = standing.request, standing.record
    assert request is not None and record is not None  # noqa: S101  It is delivered.
    made = _manifest(request, broom)
    if made is None:
        return _Look(standing, {}, (replace(standing, record=broom.states.reopen(record)), "its manifest is gone"))
    found = drift(made.inputs, files_now(broom.s3, broom.events_bucket, request.account, request.period))
    if found.share <= broom.reissue_share or request.generation >= broom.maximum_generations:
        return _Look(standing, made.figures)
    anew = Standing(standing.entry, broom.states.next_generation(request), None)
    return _Look(standing, made.figures, (anew, str(found)))


def _manifest(request: ReportRequest, broom: Broom) -> Manifest | None:
    key = layout.report_prefix(request) + layout.MANIFEST
    try:
        return Manifest.from_json(broom.s3.get_object(Bucket=broom.reports_bucket, Key=key)["Body"].read())
    except broom.s3.exceptions.NoSuchKey:
        return None
