"""Orders, requests and answers: one schema, strict, and the same report for the same request."""

import hashlib
import json
from datetime import date
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from insight.canonical_json import canonical_json
from insight.orders.request import (
    DEFAULT_FORMATS,
    FORMATS,
    BadRequest,
    Refusal,
    ReportAnswer,
    ReportOrder,
    ReportRequest,
    Status,
    parse_formats,
)
from insight.periods import BadPeriod

ORDER = {
    "account": "acme",
    "from": "2026-10-01",
    "to": "2026-11-01",
    "formats": ["html", "csv"],
    "requested_by": "ada",
    "reason": "renewal",
}
REQUEST = ReportRequest("acme", date(2026, 10, 1), date(2026, 11, 1), "Europe/Berlin")


def test_an_order_survives_the_wire() -> None:
    order = ReportOrder.from_payload(ORDER)
    assert order == ReportOrder("acme", date(2026, 10, 1), date(2026, 11, 1), ("csv", "html"), "ada", "renewal")
    assert ReportOrder.from_payload(json.loads(json.dumps(order.to_payload()))) == order


def test_an_order_needs_only_account_and_period() -> None:
    order = ReportOrder.from_payload({"account": "acme", "from": "2026-10-01", "to": "2026-11-01"})
    assert (order.formats, order.requested_by, order.reason) == (DEFAULT_FORMATS, "", "")


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        ({"accounts": "acme"}, "fields that are not known: accounts"),
        ({"account": None}, "`account` is a text"),
        ({"account": "acme/../ember"}, "`account` is no account id"),
        ({"account": ""}, "`account` is no account id"),
        ({"account": "acme\n"}, "`account` is no account id"),
        ({"formats": ["docx"]}, "no report format docx"),
        ({"formats": []}, "No format"),
        ({"formats": "html"}, "`formats` is a list of texts"),
        ({"formats": [1]}, "`formats` is a list of texts"),
        ({"requested_by": "a\nb"}, "single lines"),
        ({"reason": "x" * 201}, "at most 200 characters"),
        ({"reason": "\ud800"}, "single lines"),
    ],
)
def test_a_field_that_is_wrong_is_refused_by_name(change: dict[str, Any], sentence: str) -> None:
    with pytest.raises(BadRequest, match=sentence):
        ReportOrder.from_payload({**ORDER, **change})


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        ({"from": "2026-10"}, "`from`: '2026-10' is not a day"),
        ({"to": "tomorrow"}, "`to`: 'tomorrow' is not a day"),
        ({"to": "2026-10-01"}, "is empty"),
        ({"to": "2026-09-01"}, "is empty"),
    ],
)
def test_a_period_that_cannot_be_is_refused(change: dict[str, Any], sentence: str) -> None:
    with pytest.raises(BadPeriod, match=sentence):
        ReportOrder.from_payload({**ORDER, **change})


@pytest.mark.parametrize("payload", [None, [], "acme", 7, {}])
def test_what_is_no_order_is_refused(payload: object) -> None:
    with pytest.raises(BadRequest):
        ReportOrder.from_payload(payload)


def test_the_account_gives_an_order_its_zone() -> None:
    request = ReportOrder.from_payload(ORDER).in_zone("Europe/Berlin")
    assert (request.report_id, request.requested_by) == (REQUEST.report_id, "ada")


def test_a_request_survives_the_queue() -> None:
    request = ReportRequest("acme", date(2026, 10, 1), date(2026, 11, 1), "UTC", ("html",), 2, "ada", "why")
    assert ReportRequest.from_json(canonical_json(request.to_payload())) == request


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        ({"spec_version": 1}, "specification 1 is not known"),
        ({"spec_version": True}, "`spec_version` is a whole number"),
        ({"spec_version": "1"}, "`spec_version` is a whole number"),
        ({"priority": 1}, "not known: priority"),
        ({"time_zone": "Mars/Olympus"}, "no time zone"),
        ({"formats": None}, "`formats` is a list"),
    ],
)
def test_a_request_is_read_strictly(change: dict[str, Any], sentence: str) -> None:
    with pytest.raises((BadRequest, BadPeriod), match=sentence):
        ReportRequest.from_payload({**REQUEST.to_payload(), **change})


@pytest.mark.parametrize("field", ["account", "start", "end", "time_zone", "formats", "spec_version"])
def test_a_request_lacks_nothing(field: str) -> None:
    payload = REQUEST.to_payload()
    del payload[field]
    with pytest.raises(BadRequest, match=f"lacks {field}"):
        ReportRequest.from_payload(payload)


@pytest.mark.parametrize("body", ["", "{", "[]", "null", "NaN"])
def test_a_message_that_holds_no_request_is_refused(body: str) -> None:
    with pytest.raises(BadRequest):
        ReportRequest.from_json(body)


def test_the_report_id_is_the_same_today_and_tomorrow() -> None:
    canonical = (
        b'{"account":"acme","end":"2026-11-01","formats":["csv","html"],'
        b'"spec_version":2,"start":"2026-10-01","time_zone":"Europe/Berlin"}'
    )
    assert REQUEST.report_id == f"r_{hashlib.sha256(canonical).hexdigest()[:24]}" == "r_9336d006f0c19039ac635533"


@given(st.permutations(sorted(REQUEST.to_payload())), st.permutations(["csv", "html"]), st.text("abc ", max_size=9))
def test_the_report_id_knows_neither_order_nor_who_asks(fields: list[str], formats: list[str], remark: str) -> None:
    payload = {**REQUEST.to_payload(), "formats": [*formats, formats[0]], "requested_by": remark, "reason": remark}
    shuffled = json.dumps({name: payload[name] for name in fields}, indent=2)
    assert ReportRequest.from_json(shuffled).report_id == REQUEST.report_id


@pytest.mark.parametrize(
    "other",
    [
        ReportRequest("acme2", date(2026, 10, 1), date(2026, 11, 1), "Europe/Berlin"),
        ReportRequest("acme", date(2026, 10, 2), date(2026, 11, 1), "Europe/Berlin"),
        ReportRequest("acme", date(2026, 10, 1), date(2026, 11, 2), "Europe/Berlin"),
        ReportRequest("acme", date(2026, 10, 1), date(2026, 11, 1), "Europe/Paris"),
        ReportRequest("acme", date(2026, 10, 1), date(2026, 11, 1), "Europe/Berlin", ("csv",)),
    ],
)
def test_another_report_has_another_id(other: ReportRequest) -> None:
    assert other.report_id != REQUEST.report_id


def test_an_answer_survives_the_wire() -> None:
    refused = ReportAnswer(Status.REFUSED, reason=Refusal.UNKNOWN_ACCOUNT, message="There is no account 'x'.")
    assert ReportAnswer.from_payload(json.loads(json.dumps(refused.to_payload()))) == refused


@pytest.mark.parametrize("payload", [None, {"status": "lost", "report_id": "", "reason": "", "message": ""}, {}])
def test_an_answer_of_another_kind_is_recognised(payload: object) -> None:
    with pytest.raises(BadRequest):
        ReportAnswer.from_payload(payload)


def test_a_month_is_the_range_of_its_days() -> None:
    order = ReportOrder.from_payload({"account": "acme", "month": "2026-02", "force": True, "version": 1})
    assert (order.start, order.end, order.force) == (date(2026, 2, 1), date(2026, 3, 1), True)


@pytest.mark.parametrize(
    ("payload", "sentence"),
    [
        ({"account": "acme"}, "lacks from, to"),
        ({"account": "acme", "from": "2026-10-01"}, "lacks to"),
        ({"account": "acme", "month": "2026-10", "to": "2026-11-01"}, "a `month` beside"),
        ({"account": "acme", "month": "2026-13"}, "neither a day nor a month"),
        ({"account": "acme", "month": "2026-10-01"}, "is not a month"),
        ({"account": "acme", "month": "2026-10", "force": "yes"}, "`force` is true or false"),
        ({"account": "acme", "month": "2026-10", "version": 2}, "version 2; this code reads 1"),
    ],
)
def test_an_order_has_one_period_and_a_known_version(payload: dict[str, Any], sentence: str) -> None:
    with pytest.raises((BadRequest, BadPeriod), match=sentence):
        ReportOrder.from_payload(payload)


def test_each_generation_is_a_report_of_its_own() -> None:
    generations = [REQUEST.of_generation(number) for number in (1, 2, 3)]
    assert generations[0] == REQUEST
    assert len({request.report_id for request in generations}) == 3
    assert [ReportRequest.from_json(request.to_message()) for request in generations] == generations


@pytest.mark.parametrize("generation", [0, -1, True, "2", 1.0])
def test_generations_count_from_one(generation: object) -> None:
    with pytest.raises(BadRequest, match="`generation`"):
        ReportRequest.from_payload({**REQUEST.to_payload(), "generation": generation})


def test_a_message_of_before_there_were_generations_is_still_read() -> None:
    payload = REQUEST.to_payload()
    del payload["version"], payload["generation"]
    assert ReportRequest.from_payload(payload) == REQUEST


def test_who_asks_and_why_stay_out_of_the_queue() -> None:
    asked = ReportRequest("acme", REQUEST.start, REQUEST.end, "UTC", requested_by="ada", reason="renewal")
    assert not any(word in asked.to_message() for word in ("ada", "renewal", "requested_by"))
    assert ReportRequest.from_json(asked.to_message()).report_id == asked.report_id


@pytest.mark.parametrize(
    ("typed", "read"),
    [
        ([], DEFAULT_FORMATS),
        (["CSV"], ("csv",)),
        (["csv,html"], ("csv", "html")),
        (["xlsx , Html", "csv", "csv"], ("csv", "html", "xlsx")),
        ([",".join(FORMATS)], FORMATS),
    ],
)
def test_formats_are_read_as_people_type_them(typed: list[str], read: tuple[str, ...]) -> None:
    assert parse_formats(typed) == read


@pytest.mark.parametrize("typed", [["docx"], ["csv,docx"], [""], [","]])
def test_a_format_that_is_none_is_refused_with_those_there_are(typed: list[str]) -> None:
    with pytest.raises(BadRequest) as caught:
        parse_formats(typed)
    assert caught.value.hint == "Formats: csv, html, json, pdf, xlsx."
