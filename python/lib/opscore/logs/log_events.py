"""Read a CloudWatch log group in order, once or for as long as somebody watches."""

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from opscore import aws_faults
from opscore.errors import NotFound, UsageProblem

if TYPE_CHECKING:
    from mypy_boto3_logs import CloudWatchLogsClient

LATE_MS = 30_000
"""How far back a follower looks again. Events become readable some seconds after their own time stamp:
https://docs.aws.amazon.com/AmazonCloudWatchLogs/latest/APIReference/API_FilterLogEvents.html"""

FAILED_ROUNDS = 5
"""So many rounds in a row may fail for a reason that passes (throttling, no answer) before a follower gives up."""

_SYNTAX = "https://docs.aws.amazon.com/AmazonCloudWatch/latest/logs/FilterAndPatternSyntax.html"


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

    Raises `NotFound` when the log group does not exist, `UsageProblem` when CloudWatch cannot read the pattern.
    """
    request: dict[str, Any] = {"logGroupName": group, "startTime": start_ms}
    request |= {"filterPattern": pattern} if pattern else {}
    request |= {"endTime": end_ms} if end_ms is not None else {}
    while True:
        page = _page(logs, request)
        for event in page.get("events", []):
            yield LogEvent(
                event["eventId"], event["timestamp"], event.get("logStreamName", ""), event["message"].rstrip("\n")
            )
        token = page.get("nextToken")
        if not token or token == request.get("nextToken"):
            return
        request["nextToken"] = token


def _page(logs: "CloudWatchLogsClient", request: Any) -> Any:
    try:
        return logs.filter_log_events(**request)
    except logs.exceptions.ResourceNotFoundException:
        group = request["logGroupName"]
        raise NotFound(f"There is no log group {group}.", hint="Has the service been deployed?") from None
    except Exception as error:
        pattern = request.get("filterPattern")
        if pattern and aws_faults.code(error) == "InvalidParameterException":
            said = aws_faults.message(error)
            raise UsageProblem(f"CloudWatch cannot read the filter {pattern!r}: {said}", hint=_SYNTAX) from None
        raise


def read_sorted(logs: "CloudWatchLogsClient", group: str, *, start_ms: int, pattern: str = "") -> list[LogEvent]:
    """Return what `read` yields, oldest first; events of one moment stay in the order in which they came."""
    return sorted(read(logs, group, start_ms=start_ms, pattern=pattern), key=lambda event: event.at_ms)


class Follower:
    """Reads a log group in rounds; every event is in exactly one of them, also one that arrives up to `LATE_MS` late.

    `clock` gives seconds since the epoch. A log group that does not exist yet has no events; `is_there` says so.
    """

    def __init__(
        self,
        logs: "CloudWatchLogsClient",
        group: str,
        *,
        start_ms: int,
        pattern: str = "",
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._logs, self._group, self._pattern, self._clock = logs, group, pattern, clock
        self._start_ms = start_ms
        self._newest_ms = start_ms
        self._seen: dict[str, int] = {}
        self._failed = 0
        self.is_there = True

    def round(self) -> list[LogEvent]:
        """Return the events that are new since the last round, oldest first.

        A failure that passes gives an empty round; the next one reads from where the last good one ended.
        """
        since = max(self._start_ms, self._newest_ms - LATE_MS)
        try:
            found = read_sorted(self._logs, self._group, start_ms=since, pattern=self._pattern)
        except NotFound:
            self.is_there = False
            return []
        except Exception as error:
            self._failed += 1
            if not aws_faults.is_transient(error) or self._failed >= FAILED_ROUNDS:
                raise
            return []
        self._failed, self.is_there = 0, True
        new = list({event.event_id: event for event in found if event.event_id not in self._seen}.values())
        self._remember(new)
        return new

    def _remember(self, new: list[LogEvent]) -> None:
        # An event may carry a time to come: it must not move the window past those that arrive meanwhile.
        now_ms = int(self._clock() * 1000)
        newest = max((event.at_ms for event in new), default=self._newest_ms)
        self._newest_ms = max(self._newest_ms, min(newest, now_ms))
        self._seen |= {event.event_id: event.at_ms for event in new}
        self._seen = {name: at for name, at in self._seen.items() if at >= self._newest_ms - LATE_MS}


def follow(
    follower: Follower, *, interval: float = 2.0, sleep: Callable[[float], None] = time.sleep
) -> Iterator[list[LogEvent]]:
    """Yield round after round without end, `interval` seconds apart; a round may be empty."""
    while True:
        yield follower.round()
        sleep(interval)
