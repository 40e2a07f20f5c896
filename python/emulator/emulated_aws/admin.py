"""The sandbox's own routes of the fleet: how fast it lives, and what goes wrong.

    GET    /_sandbox/fleet                 settings and faults
    POST   /_sandbox/fleet/settings        {"time_scale": 0.01, "boot_seconds": 0.2}
    POST   /_sandbox/fleet/faults          {"kind": "boot_failure", "match": {"group": "web"}, "times": 1}
    DELETE /_sandbox/fleet/faults[/ID]     take one back, or all
    POST   /_sandbox/fleet/images          {"architecture": "arm64", "flaw": "boot_failure"}: publish a newer ECS image
    POST   /_sandbox/fleet/spot-interruptions   {"instance_id": "i-..."}

They belong to no AWS service, so they take no credentials; the emulator listens on the loopback interface alone.
"""

import asyncio
import json
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import asdict
from typing import Any

import ministack.app
from ministack.core.responses import request_scope
from ministack.services import ec2

from emulated_aws.fleet import faults, state
from emulated_aws.fleet.ec2.ami import publication
from emulated_aws.fleet.ecs import agents
from emulated_aws.fleet.refusals import Refused
from emulated_aws.replacement import replace

PREFIX = "/_sandbox/fleet"

Receive = Callable[[], Awaitable[Mapping[str, Any]]]
Send = Callable[[Mapping[str, Any]], Awaitable[None]]


def install() -> None:
    """Serve the routes in front of the emulator."""
    replace(ministack.app, "app", _with_routes)


def _with_routes(stock: Any) -> Any:
    async def application(scope: Mapping[str, Any], receive: Receive, send: Send) -> None:
        path = str(scope.get("path", ""))
        if scope.get("type") != "http" or not (path == PREFIX or path.startswith(f"{PREFIX}/")):
            await stock(scope, receive, send)
            return
        body = await _body(receive)
        status, answer = await asyncio.to_thread(respond, str(scope["method"]), path.removeprefix(PREFIX), body)
        content = json.dumps(answer).encode()
        headers = [(b"content-type", b"application/json"), (b"content-length", str(len(content)).encode())]
        await send({"type": "http.response.start", "status": status, "headers": headers})
        await send({"type": "http.response.body", "body": content})

    return application


async def _body(receive: Receive) -> bytes:
    content, more = b"", True
    while more:
        message = await receive()
        content += message.get("body", b"")
        more = bool(message.get("more_body"))
    return content


def respond(method: str, path: str, body: bytes) -> tuple[int, Any]:
    """Return the status and the answer of one request."""
    try:
        given = json.loads(body or b"{}")
        if not isinstance(given, dict):
            raise Refused("BadRequest", "The body must be a JSON object.")
        with state.LOCK:
            return _route(method, path.strip("/").split("/"), given)
    except ValueError:
        return 400, {"error": "The body is not JSON."}
    except Refused as refusal:
        return refusal.status, {"error": refusal.message}


def _route(method: str, path: list[str], given: dict[str, Any]) -> tuple[int, Any]:
    match (method, *path):
        case ("GET", ""):
            return 200, {"settings": asdict(state.settings()), "faults": state.faults.saved()}
        case ("POST", "settings"):
            return 200, asdict(state.change_settings(given))
        case ("POST", "faults"):
            return 201, asdict(state.faults.add(faults.read(given)))
        case ("DELETE", "faults"):
            state.faults.clear()
            return 200, {}
        case ("DELETE", "faults", fault_id):
            if not state.faults.remove(fault_id):
                raise Refused("NotFound", f"There is no fault {fault_id}.", 404)
            return 200, {}
        case ("POST", "images"):
            return 201, publication.publish(given)
        case ("POST", "spot-interruptions"):
            _interrupt(str(given.get("instance_id", "")))
            return 200, {}
    raise Refused("NotFound", f"There is no route {method} {PREFIX}/{'/'.join(path)}.", 404)


def _interrupt(instance_id: str) -> None:
    for (account, region, found), _record in ec2._instances.all_items():
        if found == instance_id:
            with request_scope(account, region):
                agents.interrupt(instance_id)
            return
    raise Refused("NotFound", f"There is no instance {instance_id!r}.", 404)
