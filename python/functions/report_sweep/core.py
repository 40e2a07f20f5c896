"""The sweep over a month: what the ledger owes and nobody works on is asked for, what late data changed is reissued."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from datetime import datetime
from typing import TYPE_CHECKING

from insight import layout, ledger, monthly
from insight.late import drift, files_now
from insight.manifest import Manifest
from insight.monthly import MonthOrder, Outcome, Policy, Standing
from insight.requests import ReportRequest
from insight.state_items import State
from insight.states import States

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
    """Ask for what is missing, stalled or lost, and for a further generation of what late data changed."""
    owed = ledger.must_read(broom.s3, broom.reports_bucket, order.month)
    standings = monthly.survey(owed, broom.states, order.accounts)
    policy = Policy(broom.patience_seconds)
    due = [(standing, why) for standing in standings if (why := policy.why(standing, broom.now()))]
    delivered = [standing for standing in standings if standing.state is State.DELIVERED]
    with ThreadPoolExecutor(LOOKS_AT_ONCE) as pool:
        due += filter(None, pool.map(lambda standing: _checked(standing, broom), delivered))
    asked = monthly.ask(due, order, broom.states, broom.send)
    return Outcome(order.month, len(standings), monthly.counts(standings), asked)


def _checked(standing: Standing, broom: Broom) -> tuple[Standing, str] | None:
    """Compare a delivery on record with its manifest and with the event files; say what to ask for, and why."""
    request, record = standing.request, standing.record
    assert request is not None and record is not None  # noqa: S101  It is delivered.
    made = _manifest(request, broom)
    if made is None:
        return replace(standing, record=broom.states.reopen(record)), "its manifest is gone"
    found = drift(made.inputs, files_now(broom.s3, broom.events_bucket, request.account, request.period))
    if found.share <= broom.reissue_share or request.generation >= broom.maximum_generations:
        return None
    return Standing(standing.entry, broom.states.next_generation(request), None), str(found)


def _manifest(request: ReportRequest, broom: Broom) -> Manifest | None:
    key = layout.report_prefix(request) + layout.MANIFEST
    try:
        return Manifest.from_json(broom.s3.get_object(Bucket=broom.reports_bucket, Key=key)["Body"].read())
    except broom.s3.exceptions.NoSuchKey:
        return None
