"""FilterLogEvents in the sandbox: ids, order, pages, bounds and patterns."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from emulated_aws.plugin.log_patterns import UnsupportedPatternError, matcher
from tests.emulator.emulated_account import Account

GROUP = "/aws/lambda/report-generator"


@pytest.fixture(scope="module")
def start(account: Account) -> int:
    """Three streams whose ten events alternate in time; the time of the first."""
    import time

    start = int(time.time() * 1000) - 60_000
    logs = account.client("logs")
    logs.create_log_group(logGroupName=GROUP)
    for stream in range(3):
        logs.create_log_stream(logGroupName=GROUP, logStreamName=f"stream-{stream}")
        events = [
            {"timestamp": start + number, "message": f"event {number}"} for number in range(10) if number % 3 == stream
        ]
        logs.put_log_events(logGroupName=GROUP, logStreamName=f"stream-{stream}", logEvents=events)
    return start


def read(account: Account, **request: object) -> list[str]:
    events = account.client("logs").filter_log_events(logGroupName=GROUP, **request)["events"]
    return [event["message"].removeprefix("event ") for event in events]


def test_streams_are_interleaved_by_time_and_every_event_has_its_id(account: Account, start: int) -> None:
    events = account.client("logs").filter_log_events(logGroupName=GROUP)["events"]
    assert [event["message"] for event in events] == [f"event {number}" for number in range(10)]
    assert len({event["eventId"] for event in events}) == 10
    assert [event["logStreamName"] for event in events][:4] == ["stream-0", "stream-1", "stream-2", "stream-0"]


def test_pages_are_complete_and_without_repetition(account: Account, start: int) -> None:
    pages = (
        account.client("logs")
        .get_paginator("filter_log_events")
        .paginate(logGroupName=GROUP, PaginationConfig={"PageSize": 3})
    )
    sizes = [len(page["events"]) for page in pages]
    assert sizes == [3, 3, 3, 1]
    pages = (
        account.client("logs")
        .get_paginator("filter_log_events")
        .paginate(logGroupName=GROUP, PaginationConfig={"PageSize": 3})
    )
    assert [event["message"] for page in pages for event in page["events"]] == [f"event {n}" for n in range(10)]


def test_bounds_and_streams_and_pattern_select(account: Account, start: int) -> None:
    assert read(account, startTime=start + 3, endTime=start + 5) == ["3", "4", "5"]
    assert read(account, logStreamNames=["stream-1"]) == ["1", "4", "7"]
    assert read(account, logStreamNamePrefix="stream-2") == ["2", "5", "8"]
    assert read(account, filterPattern='"event 7"') == ["7"]
    assert read(account, filterPattern='"event 7"', limit=1) == ["7"]


def test_a_pattern_that_is_not_modelled_is_refused(account: Account, start: int) -> None:
    logs = account.client("logs")
    with pytest.raises(logs.exceptions.InvalidParameterException, match="does not model JSON"):
        logs.filter_log_events(logGroupName=GROUP, filterPattern='{ $.level = "ERROR" }')
    with pytest.raises(logs.exceptions.ResourceNotFoundException):
        logs.filter_log_events(logGroupName="/aws/lambda/nothing")


@pytest.mark.parametrize(
    ("pattern", "message", "matches"),
    [
        ("", "anything", True),
        ("ERROR", "[ERROR] boom", True),
        ("ERROR", "[error] boom", False),
        ("ERROR boom", "[ERROR] boom", True),
        ("ERROR calm", "[ERROR] boom", False),
        ('"ERROR] boom"', "[ERROR] boom", True),
        ('"ERROR boom"', "[ERROR] boom", False),
        ('"1f2e-3d4c"', 'message_id": "1f2e-3d4c"', True),
        (r'"say \"hi\""', 'they say "hi"', True),
        ("?ERROR ?WARN", "[WARN] eh", True),
        ("?ERROR ?WARN", "[INFO] eh", False),
        ("ERROR -calm", "[ERROR] calm", False),
        ('-"calm down"', "boom", True),
    ],
)
def test_terms_match_as_documented(pattern: str, message: str, matches: bool) -> None:
    assert matcher(pattern)(message) is matches


@pytest.mark.parametrize("pattern", ["{ $.a = 1 }", "[ip, user]", "%5..%", "1f2e-3d4c", '"open', 'a"b"'])
def test_a_pattern_that_aws_or_the_sandbox_does_not_take_is_refused(pattern: str) -> None:
    with pytest.raises(UnsupportedPatternError, match=re.escape(pattern)):
        matcher(pattern)


@given(st.text(), st.text())
def test_a_quoted_phrase_is_found_wherever_it_stands(before: str, phrase: str) -> None:
    quoted = '"' + re.sub(r'(["\\])', r"\\\1", phrase) + '"'
    assert matcher(quoted)(before + phrase)


@pytest.mark.parametrize(
    "wrong",
    [
        {"limit": 10_001},
        {"startTime": 2, "endTime": 1},
        {"nextToken": "none"},
        {"logStreamNames": ["stream-0"], "logStreamNamePrefix": "stream"},
    ],
)
def test_a_request_that_makes_no_sense_is_refused(account: Account, start: int, wrong: dict[str, object]) -> None:
    logs = account.client("logs")
    with pytest.raises(logs.exceptions.InvalidParameterException):
        logs.filter_log_events(logGroupName=GROUP, **wrong)
    assert read(account, limit=10_000, startTime=start, endTime=start) == ["0"]
