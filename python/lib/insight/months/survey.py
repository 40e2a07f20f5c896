"""How the reports of a month stand, and asking for those that are missing, stalled or failed.

A run may be killed at any point and started again: the ledger says which reports the month owes, the table of reports
which of them are requested or being made, and the rest is asked for.
"""

from collections import Counter
from collections.abc import Callable, Collection, Iterable
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from typing import Any

from insight import payloads
from insight.months.ledger import Entry, Ledger
from insight.orders.request import VERSION, ReportRequest
from insight.orders.state_table import States
from insight.orders.states import Record, State
from insight.payloads import BadRequest, fields_of
from insight.periods import parse_month, start_of_day
from opscore.errors import OpsError

_ASKED_AT_ONCE = 10
"""As many as SQS takes in one batch."""

LAST_ZONE = "Etc/GMT+12"
"""Where a day ends last, twelve hours after it does in UTC."""

_FIELDS = frozenset({"version", "scheduled_at", "month", "accounts", "again", "requested_by", "reason"})


class NotOver(OpsError):
    """A month that is not over yet in every time zone."""


@dataclass(frozen=True)
class MonthOrder:
    """Which month's reports are wanted; without a `month`, the one before the scheduled time.

    `again` also asks for what has failed; `accounts` narrows it down.
    """

    scheduled_at: datetime
    month: str = ""
    accounts: tuple[str, ...] = ()
    again: bool = False
    requested_by: str = "schedule"
    reason: str = ""

    def __post_init__(self) -> None:
        month = self.month or month_before(self.scheduled_at)
        object.__setattr__(self, "month", month)
        check_over(month, self.scheduled_at)

    def to_payload(self) -> dict[str, Any]:
        """Return the JSON object that the functions of the monthly run are invoked with."""
        return {
            "version": VERSION,
            "scheduled_at": self.scheduled_at.isoformat(),
            "month": self.month,
            "accounts": list(self.accounts),
            "again": self.again,
            "requested_by": self.requested_by,
            "reason": self.reason,
        }

    @classmethod
    def from_payload(cls, payload: object) -> "MonthOrder":
        """Read an order; raises BadRequest, BadPeriod, NotOver."""
        fields = fields_of(payload, "order for a month", _FIELDS, required=frozenset({"scheduled_at"}))
        payloads.check_version(fields, "order for a month", VERSION)
        return cls(
            scheduled_at=_instant(payloads.text(fields, "scheduled_at")),
            month=payloads.text(fields, "month"),
            accounts=payloads.names(fields, "accounts", ()),
            again=payloads.flag(fields, "again"),
            requested_by=payloads.text(fields, "requested_by") or "schedule",
            reason=payloads.text(fields, "reason"),
        )


@dataclass(frozen=True)
class Standing:
    """How one report of the month stands: its newest generation, and what is known of that. `request` needs a zone."""

    entry: Entry
    request: ReportRequest | None
    record: Record | None

    @property
    def state(self) -> State | None:
        """The state, None for a report that was never asked for."""
        if self.request is None:
            return State.FAILED
        return self.record.state if self.record else None

    @property
    def has_ended(self) -> bool:
        """Say whether the report is delivered or has failed: nothing more happens by itself."""
        return self.state in (State.DELIVERED, State.FAILED)


@dataclass(frozen=True)
class Policy:
    """When to ask again: for what has waited longer than `patience_seconds` and, if wanted, for what has failed."""

    patience_seconds: float
    failed_too: bool = False

    def why(self, standing: Standing, now: datetime) -> str:
        """Say why a report has to be asked for; empty when it has not."""
        record = standing.record
        if standing.request is None:
            return ""
        if record is None:
            return "missing"
        if record.state is State.FAILED:
            return "failed" if self.failed_too else ""
        return "stalled" if record.is_stalled(now, self.patience_seconds) else ""


@dataclass
class Outcome:
    """What a run found and did; `asked` counts the requests by why they were made."""

    month: str
    expected: int
    states: dict[str, int]
    asked: Counter[str] = field(default_factory=Counter)

    def to_payload(self) -> dict[str, Any]:
        """Return the JSON object that the functions of the monthly run answer."""
        return {"month": self.month, "expected": self.expected, "states": self.states, "asked": dict(self.asked)}


def month_before(instant: datetime) -> str:
    """Return the month before the one that `instant` lies in, in UTC."""
    return f"{instant.astimezone(UTC).replace(day=1) - timedelta(days=1):%Y-%m}"


def check_over(month: str, at: datetime) -> None:
    """Refuse a month that is not over in every zone by then."""
    _, end = parse_month(month)
    over = start_of_day(end, LAST_ZONE)
    if at < over:
        raise NotOver(
            f"{month} is over everywhere only at {over:%Y-%m-%d %H:%M} UTC.",
            hint="`opsctl report start --from … --to …` makes a report of the days so far.",
        )


def survey(ledger: Ledger, states: States, accounts: Collection[str] = ()) -> list[Standing]:
    """Return how each report of the month stands, in the ledger's order."""
    entries = [entry for entry in ledger.entries if not accounts or entry.account in accounts]
    firsts = states.get_many([entry.report_id for entry in entries if not entry.problem])
    later = {
        entry.report_id: ledger.request(entry).of_generation(firsts[entry.report_id].newest)
        for entry in entries
        if entry.report_id in firsts and firsts[entry.report_id].newest > 1
    }
    newest = states.get_many([request.report_id for request in later.values()])
    return [_standing(ledger, entry, firsts, later, newest) for entry in entries]


def _standing(
    ledger: Ledger,
    entry: Entry,
    firsts: dict[str, Record],
    later: dict[str, ReportRequest],
    newest: dict[str, Record],
) -> Standing:
    if entry.problem:
        return Standing(entry, None, None)
    if entry.report_id in later:
        request = later[entry.report_id]
        return Standing(entry, request, newest.get(request.report_id))
    return Standing(entry, ledger.request(entry), firsts.get(entry.report_id))


def counts(standings: Iterable[Standing]) -> dict[str, int]:
    """Count reports by state; those that were never asked for are MISSING."""
    return dict(sorted(Counter(standing.state or "MISSING" for standing in standings).items()))


def ask(
    standings: Iterable[tuple[Standing, str]],
    order: MonthOrder,
    states: States,
    send: Callable[[list[str]], None],
) -> Counter[str]:
    """Ask for reports, each given with why; return how many by why.

    `send` raises an OpsError when a message was not taken; the others are asked for all the same, then it is raised.
    A new report is put on record after its message was sent, so that a record proves a message: killed in between,
    the next run sends it once more. A failed or stalled one is on record, so it is opened first.
    """
    given = [(_with_remarks(standing, order, why), standing.record, why) for standing, why in standings]
    troubles: list[OpsError] = []
    for at in range(0, len(given), _ASKED_AT_ONCE):
        group = given[at : at + _ASKED_AT_ONCE]
        try:
            _ask([(request, record) for request, record, _ in group], states, send)
        except OpsError as trouble:
            troubles.append(trouble)
    if troubles:
        raise troubles[0]
    return Counter(why for _, _, why in given)


def _ask(
    group: Iterable[tuple[ReportRequest, Record | None]], states: States, send: Callable[[list[str]], None]
) -> None:
    known = [request for request, record in group if record is not None]
    new = [request for request, record in group if record is None]
    for request in known:
        states.ask(request)
    send([request.to_message() for request in (*known, *new)])
    for request in new:
        states.note(request)


def _with_remarks(standing: Standing, order: MonthOrder, why: str) -> ReportRequest:
    """Return the standing's request with who asks, and why, in it."""
    if standing.request is None:
        raise BadRequest(f"The account {standing.entry.account!r} has no usable record.")
    return replace(standing.request, requested_by=order.requested_by, reason=(order.reason or why)[:200])


def _instant(text: str) -> datetime:
    try:
        instant = datetime.fromisoformat(text)
    except ValueError:
        raise BadRequest("`scheduled_at` is an instant, such as 2026-11-02T06:00:00Z.") from None
    if instant.tzinfo is None:
        raise BadRequest("`scheduled_at` lacks its zone: write it with a Z at the end.")
    return instant
