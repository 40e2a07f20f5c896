"""A CloudWatch Logs client with a few lines in it, handed out in pages."""

from typing import Any


class FakeLogs:
    """Lines sorted by time, as CloudWatch does. A quoted pattern must be in a line; `?"a" ?"b"` means any of them."""

    class exceptions:  # noqa: N801  botocore calls it so
        class ResourceNotFoundException(Exception):
            pass

    def __init__(self, page: int = 3) -> None:
        self.groups: dict[str, list[tuple[int, str]]] = {}
        self.requests: list[dict[str, Any]] = []
        self._page = page

    def log(self, group: str, at_ms: int, line: str) -> None:
        self.groups.setdefault(group, []).append((at_ms, line))

    def filter_log_events(self, **request: Any) -> dict[str, Any]:
        self.requests.append(request)
        if request["logGroupName"] not in self.groups:
            raise self.exceptions.ResourceNotFoundException
        wanted = [term.strip('?"') for term in request.get("filterPattern", "").split('" ') if term]
        found = [
            {"eventId": str(number), "timestamp": at, "logStreamName": "s", "message": line}
            for number, (at, line) in enumerate(sorted(self.groups[request["logGroupName"]]))
            if request["startTime"] <= at <= request.get("endTime", at)
            and (not wanted or any(term in line for term in wanted))
        ]
        first = int(request.get("nextToken", 0))
        page: dict[str, Any] = {"events": found[first : first + self._page]}
        if first + self._page < len(found):
            page["nextToken"] = str(first + self._page)
        return page
