"""What asks for a report: the order a person or a schedule gives, the request that is worked off, the answer.

Both ends of every boundary take these types from here, so there is one definition of each.
"""

import enum
import functools
import hashlib
import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from insight.periods import BadPeriod, Period, check_range, parse_day
from insight.texts import is_one_line
from opscore.errors import UsageProblem

SPEC_VERSION = 1
"""Raised when the same events would give another report: a new version is a new report."""

FORMATS = ("csv", "html")

_ACCOUNT = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]{0,63}")
_LONGEST_TEXT = 200
_ORDER_FIELDS = frozenset({"account", "from", "to", "formats", "requested_by", "reason"})
_REQUEST_FIELDS = frozenset(
    {"account", "start", "end", "time_zone", "formats", "spec_version", "requested_by", "reason"}
)
_ANSWER_FIELDS = frozenset({"status", "report_id", "reason", "message"})


class BadRequest(UsageProblem):
    """An order or a request that does not follow its schema; the message names the field, never a person."""


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
    """Who wants which account's report over which half-open range of local days; the account knows its zone."""

    account: str
    start: date
    end: date
    formats: tuple[str, ...] = FORMATS
    requested_by: str = ""
    reason: str = ""

    def __post_init__(self) -> None:
        _check_account(self.account)
        check_range(self.start, self.end)
        object.__setattr__(self, "formats", _formats(self.formats))
        _check_remarks(self.requested_by, self.reason)

    def to_payload(self) -> dict[str, Any]:
        """Return the JSON object that the request function is invoked with."""
        return {
            "account": self.account,
            "from": self.start.isoformat(),
            "to": self.end.isoformat(),
            "formats": list(self.formats),
            "requested_by": self.requested_by,
            "reason": self.reason,
        }

    @classmethod
    def from_payload(cls, payload: object) -> "ReportOrder":
        """Read an order; a missing, unknown or ill-typed field raises BadRequest, an impossible range BadPeriod."""
        fields = _object(payload, "order", _ORDER_FIELDS, required=frozenset({"account", "from", "to"}))
        return cls(
            account=_text(fields, "account"),
            start=_day(fields, "from"),
            end=_day(fields, "to"),
            formats=_names(fields, "formats", FORMATS),
            requested_by=_text(fields, "requested_by"),
            reason=_text(fields, "reason"),
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
    """One report to make. Who asks and why are carried along but are no part of what the report is."""

    account: str
    start: date
    end: date
    time_zone: str
    formats: tuple[str, ...] = FORMATS
    spec_version: int = SPEC_VERSION
    requested_by: str = ""
    reason: str = ""

    def __post_init__(self) -> None:
        _check_account(self.account)
        Period(self.start, self.end, self.time_zone)
        object.__setattr__(self, "formats", _formats(self.formats))
        _check_remarks(self.requested_by, self.reason)
        if self.spec_version != SPEC_VERSION:
            raise BadRequest(
                f"Report specification {self.spec_version} is not known here; this code makes {SPEC_VERSION}.",
                hint="Deploy the code that knows it, or order the report anew.",
            )

    @functools.cached_property
    def period(self) -> Period:
        """The local days that the report covers."""
        return Period(self.start, self.end, self.time_zone)

    @property
    def report_id(self) -> str:
        """The report's name: equal for everything that must give the same report."""
        return "r_" + hashlib.sha256(canonical_json(self.identity()).encode()).hexdigest()[:24]

    def identity(self) -> dict[str, Any]:
        """Return what makes this report another than all others."""
        return {
            "account": self.account,
            "start": self.start.isoformat(),
            "end": self.end.isoformat(),
            "time_zone": self.time_zone,
            "spec_version": self.spec_version,
            "formats": list(self.formats),
        }

    def to_payload(self) -> dict[str, Any]:
        """Return the JSON object that travels through the queue."""
        return {**self.identity(), "requested_by": self.requested_by, "reason": self.reason}

    @classmethod
    def from_payload(cls, payload: object) -> "ReportRequest":
        """Read a request; raises BadRequest or BadPeriod like ReportOrder.from_payload."""
        required = _REQUEST_FIELDS - {"requested_by", "reason"}
        fields = _object(payload, "report request", _REQUEST_FIELDS, required=required)
        version = fields["spec_version"]
        if type(version) is not int:
            raise BadRequest("`spec_version` is a whole number.")
        return cls(
            account=_text(fields, "account"),
            start=_day(fields, "start"),
            end=_day(fields, "end"),
            time_zone=_text(fields, "time_zone"),
            formats=_names(fields, "formats", ()),
            spec_version=version,
            requested_by=_text(fields, "requested_by"),
            reason=_text(fields, "reason"),
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
        fields = _object(payload, "answer", _ANSWER_FIELDS, required=_ANSWER_FIELDS)
        try:
            status = Status(_text(fields, "status"))
        except ValueError:
            raise BadRequest("`status` of the answer is not one that is known here.") from None
        return cls(status, _text(fields, "report_id"), _text(fields, "reason"), _text(fields, "message"))


def canonical_json(value: object) -> str:
    """Return the one JSON text of a value: keys sorted, no blanks, ASCII only, no NaN."""
    return json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=True, allow_nan=False)


def _object(payload: object, what: str, known: frozenset[str], *, required: frozenset[str]) -> Mapping[str, Any]:
    if not isinstance(payload, Mapping):
        raise BadRequest(f"The {what} is not a JSON object.")
    names = {str(name) for name in payload}
    if unknown := sorted(names - known):
        raise BadRequest(f"The {what} has fields that are not known: {', '.join(unknown)}.")
    if missing := sorted(required - names):
        raise BadRequest(f"The {what} lacks {', '.join(missing)}.")
    return payload


def _text(fields: Mapping[str, Any], name: str) -> str:
    value = fields.get(name, "")
    if not isinstance(value, str):
        raise BadRequest(f"`{name}` is a text.")
    return value


def _day(fields: Mapping[str, Any], name: str) -> date:
    try:
        return parse_day(_text(fields, name))
    except BadPeriod as error:
        raise BadPeriod(f"`{name}`: {error.message}", hint=error.hint) from None


def _names(fields: Mapping[str, Any], name: str, default: Sequence[str]) -> tuple[str, ...]:
    value = fields.get(name, list(default))
    if not isinstance(value, list) or not all(isinstance(entry, str) for entry in value):
        raise BadRequest(f"`{name}` is a list of texts.")
    return tuple(value)


def _formats(formats: Sequence[str]) -> tuple[str, ...]:
    if unknown := sorted(set(formats) - set(FORMATS)):
        raise BadRequest(f"There is no report format {', '.join(unknown)}.", hint=f"Formats: {', '.join(FORMATS)}.")
    if not formats:
        raise BadRequest("No format is asked for.", hint=f"Formats: {', '.join(FORMATS)}.")
    return tuple(sorted(set(formats)))


def _check_account(account: str) -> None:
    # The account stands in object keys and in folder names, so it may hold nothing that means something there.
    if not _ACCOUNT.fullmatch(account):
        raise BadRequest(
            "`account` is no account id.",
            hint="Ids have 1 to 64 letters, digits, hyphens and underscores, and start with a letter or digit.",
        )


def _check_remarks(*texts: str) -> None:
    for text in texts:
        if len(text) > _LONGEST_TEXT or not is_one_line(text):
            raise BadRequest(f"`requested_by` and `reason` are single lines of at most {_LONGEST_TEXT} characters.")
