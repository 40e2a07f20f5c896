"""The sweep over a month: what the ledger owes and nobody works on is asked for, what late data changed is reissued."""

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

from insight import layout, ledger, monthly
from insight.late import Drift, drift, files_now
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
    """Ask for what is missing or stalled, and for a further generation of what late data changed."""
    owed = ledger.must_read(broom.s3, broom.reports_bucket, order.month)
    standings = monthly.survey(owed, broom.states, order.accounts)
    policy = Policy(broom.patience_seconds)
    due = [(standing, why) for standing in standings if (why := policy.why(standing, broom.now()))]
    asked = monthly.ask([*due, *_reissues(standings, broom)], order, broom.states, broom.send)
    return Outcome(order.month, len(standings), monthly.counts(standings), asked)


def _reissues(standings: Sequence[Standing], broom: Broom) -> list[tuple[Standing, str]]:
    delivered = [
        standing
        for standing in standings
        if standing.state is State.DELIVERED
        and standing.request
        and standing.request.generation < broom.maximum_generations
    ]
    with ThreadPoolExecutor(LOOKS_AT_ONCE) as pool:
        drifts = list(pool.map(lambda standing: _drift(standing, broom), delivered))
    return [
        (Standing(standing.entry, _next(standing, broom), None), str(found))
        for standing, found in zip(delivered, drifts, strict=True)
        if found.share > broom.reissue_share
    ]


def _drift(standing: Standing, broom: Broom) -> Drift:
    request = _request(standing)
    key = layout.report_prefix(request) + layout.MANIFEST
    made = Manifest.from_json(broom.s3.get_object(Bucket=broom.reports_bucket, Key=key)["Body"].read())
    return drift(made.inputs, files_now(broom.s3, broom.events_bucket, request.account, request.period))


def _next(standing: Standing, broom: Broom) -> ReportRequest:
    return broom.states.next_generation(_request(standing))


def _request(standing: Standing) -> ReportRequest:
    assert standing.request is not None  # noqa: S101  Only delivered reports come here, and they have one.
    return standing.request
