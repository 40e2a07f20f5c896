"""Read a CloudWatch log group in order, once or for as long as somebody watches."""

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from opscore.errors import NotFound

if TYPE_CHECKING:
    from mypy_boto3_logs import CloudWatchLogsClient

LATE_MS = 10_000
"""How far back a follower looks again. Events become readable some seconds after their own time stamp:
https://docs.aws.amazon.com/AmazonCloudWatchLogs/latest/APIReference/API_FilterLogEvents.html"""


@dataclass(frozen=True)
class LogEvent:
    """One line of a log: when (milliseconds since the epoch), in which stream, and what it says."""

    event_id: str
    at_ms: int
    stream: str
    message: str


def read(
    logs: "CloudWatchLogsClient", group: str, *, start_ms: int, pattern: str = "", end_ms: int | None = None
) -> Iterator[LogEvent]:
    """Yield the events of `group` from `start_ms` on that match the CloudWatch filter `pattern`, page by page.

    Raises `NotFound` when the log group does not exist.
    """
    request: dict[str, Any] = {"logGroupName": group, "startTime": start_ms}
    request |= {"filterPattern": pattern} if pattern else {}
    request |= {"endTime": end_ms} if end_ms is not None else {}
    while True:
        try:
            page = logs.filter_log_events(**request)
        except logs.exceptions.ResourceNotFoundException:
            raise NotFound(f"There is no log group {group}.", hint="Has the service been deployed?") from None
        for event in page.get("events", []):
            yield LogEvent(
                event["eventId"], event["timestamp"], event.get("logStreamName", ""), event["message"].rstrip("\n")
            )
        token = page.get("nextToken")
        if not token or token == request.get("nextToken"):
            return
        request["nextToken"] = token


def follow(
    logs: "CloudWatchLogsClient",
    group: str,
    *,
    start_ms: int,
    pattern: str = "",
    interval: float = 2.0,
    sleep: Callable[[float], None] = time.sleep,
) -> Iterator[LogEvent]:
    """Yield events as they arrive, each once, without end; late arrivals within `LATE_MS` are not missed."""
    seen: dict[str, int] = {}
    newest = start_ms
    while True:
        since = max(start_ms, newest - LATE_MS)
        for event in sorted(read(logs, group, start_ms=since, pattern=pattern), key=lambda event: event.at_ms):
            if event.event_id not in seen:
                seen[event.event_id] = event.at_ms
                newest = max(newest, event.at_ms)
                yield event
        seen = {event_id: at for event_id, at in seen.items() if at >= newest - LATE_MS}
        sleep(interval)
