"""HTTP: no answer to the Go SDK (Terraform's) before it has finished sending the request.

The Go SDK closes a request's body as soon as the head of the answer is there. When its transport has not quite let go
of the body by then, it closes the connection, the rest of the answer is lost, and the SDK sends the request again
("use of closed network connection", https://github.com/aws/aws-sdk-go-v2/issues/2737). AWS never answers that fast; the
emulator, half a millisecond away, loses about one answer in five thousand, and then what was created once is created
twice: "Alias already exists". Requests without a body, and other clients, are answered at once.
"""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from typing import Any

SECONDS = 0.01
_GO = b"aws-sdk-go"
_WITH_BODY = ("PATCH", "POST", "PUT")

Send = Callable[[Mapping[str, Any]], Awaitable[None]]


def paced(scope: Mapping[str, Any], send: Send) -> Send:
    """Return `send`, or one that waits a moment before it begins an answer that could come too soon."""
    return _later(send) if needs_pace(scope) else send


def needs_pace(scope: Mapping[str, Any]) -> bool:
    """Whether the request in `scope` is one of the Go SDK with a body."""
    if scope.get("method") not in _WITH_BODY:
        return False
    return any(name.lower() == b"user-agent" and _GO in value for name, value in scope.get("headers", ()))


def _later(send: Send) -> Send:
    async def send_later(message: Mapping[str, Any]) -> None:
        if message["type"] == "http.response.start":
            await asyncio.sleep(SECONDS)
        await send(message)

    return send_later
