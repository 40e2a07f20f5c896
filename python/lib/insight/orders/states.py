"""One record of the table of reports: the states a report can be in, its fields, and how an item spells them.

How records change is in `state_table`.
"""

import enum
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import Any

from insight.orders.request import ReportRequest


class State(enum.StrEnum):
    """How far a report is. REISSUED: it was delivered, and so was a later generation of it."""

    REQUESTED = "REQUESTED"
    RUNNING = "RUNNING"
    DELIVERED = "DELIVERED"
    FAILED = "FAILED"
    REISSUED = "REISSUED"


@dataclass(frozen=True)
class Record:
    """What the table says about one report. It must be readable even when this code would refuse its request.

    `reason` is for programs, `message` for people; of a report that is not FAILED they are about its last attempt.
    `seconds` is how long the attempt that delivered it took; `newest` the newest generation, kept with the first.
    """

    report_id: str
    account: str
    start: date
    end: date
    time_zone: str
    generation: int
    state: State
    requested_by: str
    why: str
    requested_at: datetime | None
    started_at: datetime | None
    delivered_at: datetime | None
    leased_until: datetime | None
    attempts: int
    seconds: float
    reason: str
    message: str
    settled: bool
    superseded_by: str
    newest: int

    @classmethod
    def from_item(cls, item: Mapping[str, Any]) -> "Record":
        """Read an item in DynamoDB's notation; what it lacks is empty."""
        fields = {name: _plain(value) for name, value in item.items()}
        until = fields.get("until")
        return cls(
            report_id=fields["report_id"],
            account=fields.get("account", ""),
            start=date.fromisoformat(fields.get("first_day", "1970-01-01")),
            end=date.fromisoformat(fields.get("day_after", "1970-01-02")),
            time_zone=fields.get("time_zone", ""),
            generation=int(fields.get("generation", 1)),
            state=State(fields.get("state", State.REQUESTED)),
            requested_by=fields.get("requested_by", ""),
            why=fields.get("why", ""),
            requested_at=_instant(fields.get("requested_at")),
            started_at=_instant(fields.get("started_at")),
            delivered_at=_instant(fields.get("delivered_at")),
            leased_until=None if until is None else datetime.fromtimestamp(until / 1000, UTC),
            attempts=int(fields.get("attempts", 0)),
            seconds=float(fields.get("seconds", 0)),
            reason=fields.get("reason", ""),
            message=fields.get("message", ""),
            settled=fields.get("settled", False),
            superseded_by=fields.get("superseded_by", ""),
            newest=int(fields.get("newest", 1)),
        )

    def is_stalled(self, now: datetime, patience_seconds: float) -> bool:
        """Say whether no worker seems to be making it: its lease has ended, or it has waited too long.

        Its message may still be on the queue; asking again then makes the same report twice, which does no harm.
        """
        if self.state is State.RUNNING:
            return self.leased_until is not None and self.leased_until < now
        since = max(filter(None, (self.requested_at, self.started_at)), default=None)
        waits = self.state is State.REQUESTED
        return waits and (since is None or (now - since).total_seconds() > patience_seconds)


def described(request: ReportRequest) -> dict[str, Any]:
    """Return the attributes that say which report an item is about, and who asked."""
    return {
        "report_id": request.report_id,
        "account": request.account,
        "first_day": request.start.isoformat(),
        "day_after": request.end.isoformat(),
        "time_zone": request.time_zone,
        "formats": ",".join(request.formats),
        "spec_version": request.spec_version,
        "generation": request.generation,
        "requested_by": request.requested_by,
        "why": request.reason,
    }


def moment(instant: datetime) -> str:
    """Write an instant as an attribute that sorts."""
    return instant.astimezone(UTC).isoformat(timespec="milliseconds")


def millis(instant: datetime) -> int:
    """Write an instant as the number that conditions compare."""
    return int(instant.timestamp() * 1000)


def to_item(attributes: Mapping[str, Any]) -> dict[str, Any]:
    """Write attributes in DynamoDB's notation."""
    return {name: _typed(value) for name, value in attributes.items()}


def _typed(value: str | float | bool) -> dict[str, Any]:
    if isinstance(value, bool):
        return {"BOOL": value}
    return {"S": str(value)} if isinstance(value, str) else {"N": repr(value)}


def _plain(value: Mapping[str, Any]) -> Any:
    ((kind, content),) = value.items()
    return float(content) if kind == "N" else content


def _instant(text: str | None) -> datetime | None:
    return datetime.fromisoformat(text) if text else None
