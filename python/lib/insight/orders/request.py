"""What asks for a report: the order of a person or a schedule, the request on the queue, the answer.

Both ends of every boundary take these types from here, so there is one definition of each.
"""

import enum
import functools
import hashlib
import json
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from typing import Any

from insight import payloads
from insight.canonical_json import canonical_json
from insight.payloads import BadRequest, fields_of
from insight.periods import Period, check_range, parse_month
from insight.texts import is_one_line

__all__ = ["BadRequest", "Refusal", "ReportAnswer", "ReportOrder", "ReportRequest", "Status"]

VERSION = 1
"""The version of the messages' schema, which every payload carries."""

SPEC_VERSION = 2
"""Raised when the same events would give another report: a new version is a new report."""

DEFAULT_FORMATS = ("csv", "html")
"""What a reader gets who asks for no format, and what a month's reports have."""

FORMATS = ("csv", "html", "json", "pdf", "xlsx")

_ACCOUNT = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]{0,63}")
_LONGEST_TEXT = 200
_REMARKS = frozenset({"requested_by", "reason"})
_ORDER_FIELDS = frozenset({"version", "account", "month", "from", "to", "formats", "force"}) | _REMARKS
_REQUIRED = frozenset({"account", "start", "end", "time_zone", "formats", "spec_version"})
_REQUEST_FIELDS = _REQUIRED | {"version", "generation"} | _REMARKS
_ANSWER_FIELDS = frozenset({"status", "report_id", "reason", "message"})


class Status(enum.StrEnum):
    """What became of an order."""

    REQUESTED = "requested"
    DELIVERED = "delivered"
    REFUSED = "refused"


class Refusal(enum.StrEnum):
    """Why an order was refused."""

    BAD_ORDER = "bad_order"
    UNKNOWN_ACCOUNT = "unknown_account"
    BAD_ACCOUNT = "bad_account"
    PERIOD_TOO_LONG = "period_too_long"


@dataclass(frozen=True)
class ReportOrder:
    """Who wants which account's report over which half-open range of local days; the account knows its zone.

    `force` asks for a further generation of a report that is there already. On the wire a whole month may be given as
    `"month": "2026-10"` in the place of `from` and `to`.
    """

    account: str
    start: date
    end: date
    formats: tuple[str, ...] = DEFAULT_FORMATS
    requested_by: str = ""
    reason: str = ""
    force: bool = False

    def __post_init__(self) -> None:
        check_account(self.account)
        check_range(self.start, self.end)
        object.__setattr__(self, "formats", _formats(self.formats))
        _check_remarks(self.requested_by, self.reason)

    def to_payload(self) -> dict[str, Any]:
        """Return the JSON object that the request function is invoked with."""
        return {
            "version": VERSION,
            "account": self.account,
            "from": self.start.isoformat(),
            "to": self.end.isoformat(),
            "formats": list(self.formats),
            "requested_by": self.requested_by,
            "reason": self.reason,
            "force": self.force,
        }

    @classmethod
    def from_payload(cls, payload: object) -> "ReportOrder":
        """Read an order; a missing, unknown or ill-typed field raises BadRequest, an impossible range BadPeriod."""
        fields = fields_of(payload, "order", _ORDER_FIELDS, required=frozenset({"account"}))
        payloads.check_version(fields, "order", VERSION)
        start, end = _range(fields)
        return cls(
            account=payloads.text(fields, "account"),
            start=start,
            end=end,
            formats=payloads.names(fields, "formats", DEFAULT_FORMATS),
            requested_by=payloads.text(fields, "requested_by"),
            reason=payloads.text(fields, "reason"),
            force=payloads.flag(fields, "force"),
        )

    def in_zone(self, time_zone: str) -> "ReportRequest":
        """Return the request that this order is for an account with that zone."""
        return ReportRequest(
            account=self.account,
            start=self.start,
            end=self.end,
            time_zone=time_zone,
            formats=self.formats,
            requested_by=self.requested_by,
            reason=self.reason,
        )


@dataclass(frozen=True)
class ReportRequest:
    """One report to make. Who asks and why are carried along but are no part of what the report is.

    `generation` is 1 for the first report of its kind; asking by force, or late data, adds the next.
    """

    account: str
    start: date
    end: date
    time_zone: str
    formats: tuple[str, ...] = DEFAULT_FORMATS
    spec_version: int = SPEC_VERSION
    requested_by: str = ""
    reason: str = ""
    generation: int = 1

    def __post_init__(self) -> None:
        check_account(self.account)
        if self.generation < 1:
            raise BadRequest("`generation` counts from 1.")
        Period(self.start, self.end, self.time_zone)
        object.__setattr__(self, "formats", _formats(self.formats))
        _check_remarks(self.requested_by, self.reason)
        if self.spec_version != SPEC_VERSION:
            raise BadRequest(
                f"Report specification {self.spec_version} is not known here; this code makes {SPEC_VERSION}.",
                hint="Deploy the code that knows it, or order the report again.",
            )

    @functools.cached_property
    def period(self) -> Period:
        """The local days that the report covers."""
        return Period(self.start, self.end, self.time_zone)

    @property
    def report_id(self) -> str:
        """The report's name: equal for everything that must give the same report."""
        return "r_" + hashlib.sha256(canonical_json(self.identity()).encode()).hexdigest()[:24]

    def of_generation(self, generation: int) -> "ReportRequest":
        """Return the request for another generation of the same report."""
        return replace(self, generation=generation)

    def identity(self) -> dict[str, Any]:
        """Return the fields that tell this report from every other."""
        identity = {
            "account": self.account,
            "start": self.start.isoformat(),
            "end": self.end.isoformat(),
            "time_zone": self.time_zone,
            "spec_version": self.spec_version,
            "formats": list(self.formats),
        }
        return identity if self.generation == 1 else {**identity, "generation": self.generation}

    def to_payload(self) -> dict[str, Any]:
        """Return the request as a JSON object, with who asked and why."""
        return {**self._work_order(), "requested_by": self.requested_by, "reason": self.reason}

    def to_message(self) -> str:
        """Return the body of the queue's message. Without who asked: dead letters are shown on screens."""
        return canonical_json(self._work_order())

    def _work_order(self) -> dict[str, Any]:
        return {"version": VERSION, "generation": self.generation, **self.identity()}

    @classmethod
    def from_payload(cls, payload: object) -> "ReportRequest":
        """Read a request; raises BadRequest or BadPeriod like ReportOrder.from_payload."""
        fields = fields_of(payload, "report request", _REQUEST_FIELDS, required=_REQUIRED)
        payloads.check_version(fields, "report request", VERSION)
        return cls(
            account=payloads.text(fields, "account"),
            start=payloads.day(fields, "start"),
            end=payloads.day(fields, "end"),
            time_zone=payloads.text(fields, "time_zone"),
            formats=payloads.names(fields, "formats", ()),
            spec_version=payloads.whole_number(fields, "spec_version", 0),
            requested_by=payloads.text(fields, "requested_by"),
            reason=payloads.text(fields, "reason"),
            generation=payloads.whole_number(fields, "generation", 1),
        )

    @classmethod
    def from_json(cls, text: str) -> "ReportRequest":
        """Read a request from a message body."""
        try:
            payload = json.loads(text)
        except ValueError:
            raise BadRequest("The message is not JSON.") from None
        return cls.from_payload(payload)


@dataclass(frozen=True)
class ReportAnswer:
    """What became of an order. `reason` (a Refusal) and `message` are empty unless it was refused."""

    status: Status
    report_id: str = ""
    reason: str = ""
    message: str = ""

    def to_payload(self) -> dict[str, str]:
        """Return the JSON object that the request function answers."""
        return {
            "status": self.status.value,
            "report_id": self.report_id,
            "reason": self.reason,
            "message": self.message,
        }

    @classmethod
    def from_payload(cls, payload: object) -> "ReportAnswer":
        """Read an answer; raises BadRequest when the function answered something else."""
        fields = fields_of(payload, "answer", _ANSWER_FIELDS, required=_ANSWER_FIELDS)
        try:
            status = Status(payloads.text(fields, "status"))
        except ValueError:
            raise BadRequest("`status` of the answer is not one that is known here.") from None
        texts = (payloads.text(fields, name) for name in ("report_id", "reason", "message"))
        return cls(status, *texts)


def parse_formats(texts: Iterable[str]) -> tuple[str, ...]:
    """Read formats as people type them: in any case, several in one text when commas stand between them.

    Without any text these are the DEFAULT_FORMATS. Raises BadRequest.
    """
    typed = list(texts)
    names = [name.strip().lower() for text in typed for name in text.split(",")]
    return _formats([name for name in names if name]) if typed else DEFAULT_FORMATS


def check_account(account: str) -> None:
    """Refuse what is no account id: ids stand in object keys and folder names, where some characters have a meaning."""
    if not _ACCOUNT.fullmatch(account):
        raise BadRequest(
            "`account` is no account id.",
            hint="Ids have 1 to 64 letters, digits, hyphens and underscores, and start with a letter or digit.",
        )


def _range(fields: Mapping[str, Any]) -> tuple[date, date]:
    if "month" not in fields:
        if missing := sorted({"from", "to"} - fields.keys()):
            raise BadRequest(f"The order lacks {', '.join(missing)}.")
        return payloads.day(fields, "from"), payloads.day(fields, "to")
    if {"from", "to"} & fields.keys():
        raise BadRequest("The order has a `month` beside `from` or `to`.", hint="Give one or the other.")
    return parse_month(payloads.text(fields, "month"))


def _formats(formats: Sequence[str]) -> tuple[str, ...]:
    if unknown := sorted(set(formats) - set(FORMATS)):
        raise BadRequest(f"There is no report format {', '.join(unknown)}.", hint=f"Formats: {', '.join(FORMATS)}.")
    if not formats:
        raise BadRequest("No format is asked for.", hint=f"Formats: {', '.join(FORMATS)}.")
    return tuple(sorted(set(formats)))


def _check_remarks(*texts: str) -> None:
    for text in texts:
        if len(text) > _LONGEST_TEXT or not is_one_line(text):
            raise BadRequest(f"`requested_by` and `reason` are single lines of at most {_LONGEST_TEXT} characters.")
