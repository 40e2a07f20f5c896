"""The operations on services, as far as the emulator's own answers differ from AWS's.

https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_CreateService.html
https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_UpdateService.html
https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_DescribeServices.html
https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_DeleteService.html

Kept by the fleet: placement constraints and strategies, the zone rebalancing flag, at most ten services a description.
What becomes of a deployment is in `deployments`.
"""

from collections.abc import Callable
from typing import Any

from ministack.services import ecs

from emulated_aws.fleet.ecs import networks, services, tasks
from emulated_aws.fleet.ecs.clusters import require
from emulated_aws.fleet.refusals import Refused

Json = dict[str, Any]

MOST_DESCRIBED = 10
KEPT = ("placementConstraints", "placementStrategy", "availabilityZoneRebalancing")


def create(stock: Callable[[Json], Any]) -> Callable[[Json], Any]:
    """CreateService: its first deployment is in progress until its tasks run."""

    def create_service(data: Json) -> Any:
        cluster = require(data)
        daemon = data.get("schedulingStrategy") == "DAEMON"
        tasks.strategies_of(data.get("placementStrategy") or ())
        definition = ecs._task_defs.get(ecs._resolve_td_key(data.get("taskDefinition", "")))
        if definition is None:
            raise Refused("ClientException", "TaskDefinition not found.")
        networks.check(definition, data.get("networkConfiguration"))
        tasks.need_of(definition, "", data.get("placementConstraints") or ())
        configuration = _deployment_configuration(data.get("deploymentConfiguration") or {}, daemon)
        given = {**data, "deploymentConfiguration": configuration}
        answer = stock({**given, "desiredCount": 0} if daemon else given)
        service = ecs._services.get(f"{cluster['clusterName']}/{data.get('serviceName')}")
        if answer[0] != 200 or service is None:  # noqa: PLR2004
            return answer
        service.update({name: data[name] for name in KEPT if data.get(name)})
        if services.on_container_instances(service):
            service["deployments"][0].update(rolloutState="IN_PROGRESS", rolloutStateReason="")
        return {"service": ecs._sanitize(service)}

    return create_service


def _deployment_configuration(given: Json, daemon: bool) -> Json:
    defaults = {"minimumHealthyPercent": 0, "maximumPercent": 100} if daemon else {}
    return {
        "maximumPercent": 200,
        "minimumHealthyPercent": 100,
        "deploymentCircuitBreaker": {"enable": False, "rollback": False},
        **defaults,
        **given,
    }


def update(stock: Callable[[Json], Any]) -> Callable[[Json], Any]:
    """UpdateService."""

    def update_service(data: Json) -> Any:
        cluster = require(data)
        tasks.strategies_of(data.get("placementStrategy") or ())
        found = ecs._resolve_service_ref(data.get("service", ""))
        service = ecs._services.get(f"{cluster['clusterName']}/{found[0]}") if found else None
        if service is None:
            raise Refused("ServiceNotFoundException", "Service not found.")
        if service["status"] != "ACTIVE":
            raise Refused("ServiceNotActiveException", "Service was not ACTIVE.")
        if data.get("deploymentConfiguration"):
            merged = {**(service.get("deploymentConfiguration") or {}), **data["deploymentConfiguration"]}
            data = {**data, "deploymentConfiguration": merged}
        before = list(service["events"])
        answer = stock(data)
        service.update({name: data[name] for name in KEPT if name in data})
        # The emulator announces that one task drains, whatever was changed.
        service["events"] = before
        return {"service": ecs._sanitize(service)} if answer[0] == 200 else answer  # noqa: PLR2004

    return update_service


def delete(stock: Callable[[Json], Any]) -> Callable[[Json], Any]:
    """DeleteService: only a REPLICA service must be scaled to zero first, or deleted by force."""

    def delete_service(data: Json) -> Any:
        cluster = require(data)
        found = ecs._resolve_service_ref(data.get("service", ""))
        service = ecs._services.get(f"{cluster['clusterName']}/{found[0]}") if found else None
        daemon = service is not None and service.get("schedulingStrategy") == "DAEMON"
        return stock({**data, "force": True} if daemon else data)

    return delete_service


def describe(stock: Callable[[Json], Any]) -> Callable[[Json], Any]:
    """DescribeServices: at most ten."""

    def describe_services(data: Json) -> Any:
        if not 1 <= len(data.get("services") or ()) <= MOST_DESCRIBED:
            message = f"Between 1 and {MOST_DESCRIBED} services can be described at a time."
            raise Refused("InvalidParameterException", message)
        return stock(data)

    return describe_services


def omit_empty_network(stock: Callable[[Any], Any]) -> Callable[[Any], Any]:
    """Leave out an empty network configuration, on which Terraform's provider ends; answer the rebalancing flag."""

    def sanitize(value: Any) -> Any:
        shown = stock(value)
        if isinstance(shown, dict) and shown.get("networkConfiguration") == {}:
            del shown["networkConfiguration"]
        if isinstance(shown, dict) and "schedulingStrategy" in shown and "serviceArn" in shown:
            shown.setdefault("availabilityZoneRebalancing", "DISABLED")
        return shown

    return sanitize
