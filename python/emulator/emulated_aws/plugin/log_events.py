"""CloudWatch Logs: FilterLogEvents with ids, pages, time bounds and documented patterns.

https://docs.aws.amazon.com/AmazonCloudWatchLogs/latest/APIReference/API_FilterLogEvents.html

Mended: every event has a unique `eventId`; streams are interleaved by time; `limit` and `nextToken` page; a pattern
matches as documented (log_patterns.py). Refused: a limit above 10,000, an end before the start, a token that is none,
names and a prefix of streams at once. Not modelled: the 1 MB limit of a page, `unmask`. A log line that arrives while
somebody pages and is older than the page is not shown, as on AWS.
"""

import itertools
import re
import time
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from ministack.core.responses import error_response_json, json_response
from ministack.services import cloudwatch_logs

from emulated_aws.plugin.log_patterns import UnsupportedPatternError, matcher
from emulated_aws.replacement import replace

PAGE_LIMIT = 10_000
_TOKEN = re.compile(r"[0-9]{44}")
"""A token is the id of the last event of its page."""
_arrivals = itertools.count()


def install() -> None:
    """Give every event its id on arrival, and answer FilterLogEvents ourselves."""
    replace(cloudwatch_logs, "_append_log_events", _with_ids)
    replace(cloudwatch_logs, "_filter_log_events", lambda _: _filter_log_events)


def _with_ids(stock: Any) -> Any:
    def append(stream: Any, events: list[dict[str, Any]]) -> None:
        for event in events:
            event["eventId"] = _event_id(event["timestamp"])
        stock(stream, events)

    return append


def _event_id(timestamp: int) -> str:
    """Return a number that is unique and sorts by the event's time, then by arrival."""
    return f"{timestamp:015d}{time.time_ns():020d}{next(_arrivals) % 10**9:09d}"


def _filter_log_events(data: Mapping[str, Any]) -> Any:
    name = cloudwatch_logs._resolve_log_group_name(data)
    group = cloudwatch_logs._log_groups.get(name)
    if group is None:
        return error_response_json("ResourceNotFoundException", "The specified log group does not exist.", 400)
    try:
        matches = matcher(data.get("filterPattern") or "")
    except UnsupportedPatternError as error:
        return error_response_json("InvalidParameterException", str(error), 400)
    if problem := _problem(data):
        return error_response_json("InvalidParameterException", problem, 400)
    limit = data.get("limit", PAGE_LIMIT)
    with cloudwatch_logs._log_events_lock:
        candidates = sorted(_candidates(group["streams"], data), key=lambda event: event["eventId"])
    page = list(itertools.islice((event for event in candidates if matches(event["message"])), limit + 1))
    answer: dict[str, Any] = {"events": page[:limit], "searchedLogStreams": []}
    if len(page) > limit:
        answer["nextToken"] = page[limit - 1]["eventId"]
    return json_response(answer)


def _problem(data: Mapping[str, Any]) -> str:
    """Return what is wrong with the limit, the bounds, the token or the choice of streams; empty when nothing is."""
    limit, token = data.get("limit", PAGE_LIMIT), data.get("nextToken")
    if not 1 <= limit <= PAGE_LIMIT:
        return f"Value '{limit}' at 'limit' failed to satisfy constraint: it must be between 1 and {PAGE_LIMIT}"
    if data.get("startTime", 0) > data.get("endTime", float("inf")):
        return "The end time must not be before the start time."
    if token is not None and not _TOKEN.fullmatch(token):
        return "The specified nextToken is invalid."
    if data.get("logStreamNames") and data.get("logStreamNamePrefix"):
        return "logStreamNames and logStreamNamePrefix cannot be used together."
    return ""


def _candidates(streams: Mapping[str, Any], data: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    start, end = data.get("startTime", 0), data.get("endTime", float("inf"))
    after = data.get("nextToken", "")
    for name in _chosen(streams, data):
        for event in streams[name]["events"]:
            if start <= event["timestamp"] <= end and event["eventId"] > after:
                yield {**event, "logStreamName": name}


def _chosen(streams: Mapping[str, Any], data: Mapping[str, Any]) -> Iterable[str]:
    if names := data.get("logStreamNames"):
        return [name for name in names if name in streams]
    return [name for name in streams if name.startswith(data.get("logStreamNamePrefix") or "")]
