"""The sweep over a month: lost reports are asked for again, and those that late data changed are made again.

A month that the schedule never opened is opened: the sweep runs six hours later, and daily from then on.
"""

from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from datetime import datetime
from typing import TYPE_CHECKING

from insight.delivery import store
from insight.months import ledger, survey
from insight.months.late import drift, files_now
from insight.months.survey import MonthOrder, Outcome, Policy, Standing
from insight.numbers import peers
from insight.orders.state_table import States
from insight.orders.states import State
from insight.periods import parse_month

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

CHECKS_AT_ONCE = 8


@dataclass(frozen=True)
class Dependencies:
    """What a sweep needs; `send` puts message bodies on the queue and raises when one was not taken.

    `open_month` has a month opened, and `count_forgotten` counts it for the alarm.

    A report is made again when more than `reissue_share` of the bytes it was made of have changed, up to
    `maximum_generations` of it.
    """

    s3: "S3Client"
    states: States
    send: Callable[[list[str]], None]
    open_month: Callable[[MonthOrder], None]
    count_forgotten: Callable[[], None]
    now: Callable[[], datetime]
    reports_bucket: str
    events_bucket: str
    patience_seconds: float
    reissue_share: float
    maximum_generations: int


def sweep(order: MonthOrder, deps: Dependencies) -> Outcome:
    """Ask for what is missing, stalled or lost, and for a further generation of what late data changed.

    A month without a ledger has been forgotten by its schedule: it is counted, and opened.

    A month in which every report is delivered or has failed gets its table of peers.
    """
    stored = ledger.read(deps.s3, deps.reports_bucket, order.month)
    if stored is None:
        # Counted first: whatever comes of opening it, somebody hears.
        deps.count_forgotten()
        deps.open_month(order)
        return Outcome(order.month, 0, {})
    standings = survey.survey(stored.ledger, deps.states, order.accounts)
    policy = Policy(deps.patience_seconds)
    due = [(standing, why) for standing in standings if (why := policy.why(standing, deps.now()))]
    delivered = [standing for standing in standings if standing.state is State.DELIVERED]
    with ThreadPoolExecutor(CHECKS_AT_ONCE) as pool:
        checked = list(pool.map(lambda standing: _check(standing, deps), delivered))
    due += [found.due for found in checked if found.due]
    if not due and not order.accounts and all(standing.has_ended for standing in standings):
        figures = ((found.standing.entry.segment, found.figures) for found in checked)
        peers.publish(deps.s3, deps.reports_bucket, parse_month(order.month)[0], peers.make_table(figures))
    asked = survey.ask(due, order, deps.states, deps.send)
    return Outcome(order.month, len(standings), survey.counts(standings), asked)


@dataclass(frozen=True)
class _Checked:
    """A delivered report after its check: its figures, and, when it must be asked for, as what and why."""

    standing: Standing
    figures: Mapping[str, float | None]
    due: tuple[Standing, str] | None = None


def _check(standing: Standing, deps: Dependencies) -> _Checked:
    """Compare a delivery on record with its manifest and with the event files."""
    request, record = standing.request, standing.record
    assert request is not None and record is not None  # noqa: S101  It is delivered.
    manifest = store.find_manifest(deps.s3, deps.reports_bucket, request)
    if manifest is None:
        return _Checked(standing, {}, (replace(standing, record=deps.states.reopen(record)), "its manifest is gone"))
    found = drift(manifest.inputs, files_now(deps.s3, deps.events_bucket, request.account, request.period))
    if found.share <= deps.reissue_share or request.generation >= deps.maximum_generations:
        return _Checked(standing, manifest.figures)
    next_one = Standing(standing.entry, deps.states.next_generation(request), None)
    return _Checked(standing, manifest.figures, (next_one, str(found)))
