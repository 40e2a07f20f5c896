"""Requests in and answers out, in the three protocols that the fleet speaks, each handler under the fleet's lock."""

import datetime as dt
from collections.abc import Callable, Mapping
from typing import Any

from ministack.core.responses import error_response_json, json_response
from ministack.services import autoscaling, ec2

from emulated_aws.fleet import state, throttling
from emulated_aws.fleet.refusals import Refused

Answer = tuple[int, dict[str, str], bytes]
Handler = Callable[[Any], Any]


class Query:
    """The parameters of a request in the Query protocol."""

    def __init__(self, params: Mapping[str, Any]) -> None:
        self.params = params

    def text(self, name: str, default: str = "") -> str:
        """Return a parameter, or the default when it is missing or empty."""
        return str(autoscaling._p(self.params, name) or default)

    def has(self, name: str) -> bool:
        """Whether the parameter was sent, even empty."""
        return name in self.params

    def flag(self, name: str, default: bool = False) -> bool:
        """Return a Boolean parameter."""
        return self.text(name, str(default)).lower() == "true"

    def number(self, name: str, default: int | None = None) -> int | None:
        """Return an integer parameter; raises `Refused` when it is none."""
        text = self.text(name)
        if not text:
            return default
        try:
            return int(text)
        except ValueError:
            raise Refused("ValidationError", f"{name} must be an integer, not {text!r}.") from None

    def members(self, name: str) -> list[str]:
        """Return a list parameter."""
        return list(autoscaling._parse_member_list(self.params, name))

    def tree(self, name: str) -> Any:
        """Return a structure or a list of structures; empty when it was not sent."""
        return autoscaling._parse_nested(self.params, name)


def autoscaling_action(name: str, handler: Callable[[Query], Mapping[str, Any] | None]) -> Handler:
    """Wrap a handler that takes a query and returns the members of its result."""

    def handle(params: Mapping[str, Any]) -> Any:
        try:
            throttling.admit("autoscaling", name)
            with state.LOCK:
                result = handler(Query(params))
        except Refused as refusal:
            return autoscaling._error(refusal.code, xml(refusal.message), refusal.status)
        return autoscaling._xml(200, f"{name}Response", f"<{name}Result>{xml(result or {})}</{name}Result>")

    return handle


def ecs_action(name: str, handler: Callable[[dict[str, Any]], Any]) -> Handler:
    """Wrap a handler that takes the request's JSON; it returns a JSON object, or an answer of the emulator's."""

    def handle(data: dict[str, Any]) -> Any:
        try:
            throttling.admit("ecs", name)
            with state.LOCK:
                result = handler(data)
        except Refused as refusal:
            return error_response_json(refusal.code, refusal.message, refusal.status)
        return result if isinstance(result, tuple) else json_response(result)

    return handle


def ec2_action(name: str, handler: Callable[[Query], Any]) -> Handler:
    """Wrap a handler that takes a query and returns an answer of the emulator's."""

    def handle(params: Mapping[str, Any]) -> Any:
        try:
            throttling.admit("ec2", name)
            with state.LOCK:
                return handler(Query(params))
        except Refused as refusal:
            return ec2._error(refusal.code, xml(refusal.message), refusal.status)

    return handle


def xml(value: Any) -> str:
    """Write a value in the Query protocol; members that are None are left out."""
    return str(autoscaling._member_xml(_present(value)))


def _present(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {name: _present(item) for name, item in value.items() if item is not None}
    if isinstance(value, list | tuple):
        return [_present(item) for item in value]
    return value


def timestamp(seconds: float | None) -> str | None:
    """Write a time as the Query protocol does."""
    if seconds is None:
        return None
    return dt.datetime.fromtimestamp(seconds, dt.UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def page(items: list[Any], token: str, size: int) -> tuple[list[Any], str | None]:
    """Return one page of `items` and the token of the next; raises `Refused` on a token that was never given out."""
    try:
        start = int(token or 0)
    except ValueError:
        raise Refused("InvalidNextToken", "The NextToken value is not valid.") from None
    end = start + size
    return items[start:end], str(end) if end < len(items) else None
