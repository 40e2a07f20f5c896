"""What a service says of itself: its own event messages, and events of ECS on the default bus.

https://docs.aws.amazon.com/AmazonECS/latest/developerguide/service-event-messages-list.html
https://docs.aws.amazon.com/AmazonECS/latest/developerguide/ecs_service_events.html
https://docs.aws.amazon.com/AmazonECS/latest/developerguide/ecs_service_deployment_events.html

Sent as service actions: SERVICE_STEADY_STATE and SERVICE_TASK_PLACEMENT_FAILURE; as state changes of a deployment:
SERVICE_DEPLOYMENT_IN_PROGRESS, -COMPLETED and -FAILED. Others are not modelled.
"""

from typing import Any

from ministack.core.responses import new_uuid

from emulated_aws.fleet import clock
from emulated_aws.fleet.events import emit
from emulated_aws.fleet.protocol import timestamp

Service = dict[str, Any]
Deployment = dict[str, Any]

EVENTS_KEPT = 100
REPEAT_SECONDS = 60.0


def say(service: Service, message: str) -> bool:
    """Add an event message to the service; return whether it is news. One that was just said is not repeated."""
    text = f"(service {service['serviceName']}) {message}"
    events = service["events"]
    repeated = next((one for one in events if one["message"] == text), None)
    if repeated and clock.now() < repeated["createdAt"] + REPEAT_SECONDS:
        return False
    events.insert(0, {"id": new_uuid(), "createdAt": clock.now(), "message": text})
    del events[EVENTS_KEPT:]
    return True


def tell_action(service: Service, kind: str, name: str, **more: Any) -> None:
    """Send a service action; `kind` is INFO, WARN or ERROR."""
    when = timestamp(clock.now())
    detail = {"eventType": kind, "eventName": name, "clusterArn": service["clusterArn"], "createdAt": when, **more}
    emit("aws.ecs", "ECS Service Action", detail, [service["serviceArn"]])


def tell_deployment(service: Service, deployment: Deployment, state: str, reason: str) -> None:
    """Send the new state of a deployment: IN_PROGRESS, COMPLETED or FAILED."""
    detail = {
        "eventType": "ERROR" if state == "FAILED" else "INFO",
        "eventName": f"SERVICE_DEPLOYMENT_{state}",
        "deploymentId": deployment["id"],
        "updatedAt": timestamp(clock.now()),
        "reason": reason,
    }
    emit("aws.ecs", "ECS Deployment State Change", detail, [service["serviceArn"]])
