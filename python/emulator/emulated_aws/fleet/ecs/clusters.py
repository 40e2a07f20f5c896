"""The operations on clusters' container instances, and what the others need to find a cluster.

https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_ListContainerInstances.html
https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_DescribeContainerInstances.html
https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_UpdateContainerInstancesState.html
https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_DeregisterContainerInstance.html
https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_PutAttributes.html
"""

import json
from collections.abc import Callable, Mapping
from typing import Any

from ministack.core.responses import get_account_id, get_region
from ministack.services import ec2, ecs

from emulated_aws.fleet.ecs import container_instances, records, tasks
from emulated_aws.fleet.ecs.query_language import BadExpression, compile_expression
from emulated_aws.fleet.protocol import page
from emulated_aws.fleet.refusals import Refused

Json = dict[str, Any]

LARGEST_PAGE = 100
MOST_UPDATED = 10
STATUSES = ("ACTIVE", "DRAINING", "REGISTERING", "DEREGISTERING", "REGISTRATION_FAILED")


def require(data: Mapping[str, Any]) -> Json:
    """Return the cluster that a request means, `default` when it names none; raises `Refused`."""
    name = ecs._resolve_cluster_name(data.get("cluster") or "default")
    cluster: Json | None = ecs._clusters.get(name) if name else None
    if cluster is None:
        raise Refused("ClusterNotFoundException", "Cluster not found.")
    return cluster


def container_instance(ref: str, cluster: Mapping[str, Any]) -> Json | None:
    """Return a container instance of this cluster by ARN or id; None when it is none, or another cluster's."""
    short = ref.rsplit("/", 1)[-1]
    scope = f"arn:aws:ecs:{get_region()}:{get_account_id()}:container-instance"
    record: Json | None = records.container_instances.get(f"{scope}/{cluster['clusterName']}/{short}")
    return record


def list_instances(data: Json) -> Json:
    """ListContainerInstances: by status and by an expression of the cluster query language."""
    cluster, status = require(data), data.get("status")
    if status and status not in STATUSES:
        raise Refused("InvalidParameterException", f"status must be one of {', '.join(STATUSES)}.")
    try:
        chosen = compile_expression(str(data.get("filter") or ""))
    except BadExpression as error:
        raise Refused("InvalidParameterException", f"Invalid filter: {error}.") from None
    size = int(data.get("maxResults") or LARGEST_PAGE)
    if not 1 <= size <= LARGEST_PAGE:
        raise Refused("InvalidParameterException", "maxResults must be between 1 and 100.")
    found = [
        record["containerInstanceArn"]
        for record in records.cluster_instances(cluster["clusterArn"])
        if status in (None, "", record["status"]) and chosen(container_instances.host_of(record).query_facts())
    ]
    items, token = page(found, str(data.get("nextToken") or ""), size)
    return {"containerInstanceArns": items, **({"nextToken": token} if token else {})}


def describe_instances(data: Json) -> Json:
    """DescribeContainerInstances: at most 100; what is missing comes back under failures."""
    cluster, refs = require(data), [str(ref) for ref in data.get("containerInstances") or ()]
    if not 1 <= len(refs) <= LARGEST_PAGE:
        message = "Between 1 and 100 container instances can be described at a time."
        raise Refused("InvalidParameterException", message)
    found, failures = [], []
    for ref in refs:
        record = container_instance(ref, cluster)
        if record is None:
            failures.append({"arn": _arn(ref, cluster), "reason": "MISSING"})
            continue
        shown = container_instances.describe(record)
        if "CONTAINER_INSTANCE_HEALTH" in (data.get("include") or ()):
            shown["healthStatus"] = {"overallStatus": "OK", "details": []}
        found.append(shown)
    return {"containerInstances": found, "failures": failures}


def _arn(ref: str, cluster: Mapping[str, Any]) -> str:
    if ref.startswith("arn:"):
        return ref
    return f"arn:aws:ecs:{get_region()}:{get_account_id()}:container-instance/{cluster['clusterName']}/{ref}"


def update_state(data: Json) -> Json:
    """UpdateContainerInstancesState: ACTIVE or DRAINING, at most ten, and not from another status."""
    cluster, status = require(data), data.get("status")
    refs = [str(ref) for ref in data.get("containerInstances") or ()]
    if status not in ("ACTIVE", "DRAINING"):
        raise Refused("InvalidParameterException", "Container instance status must be ACTIVE or DRAINING.")
    if not 1 <= len(refs) <= MOST_UPDATED:
        message = f"Between 1 and {MOST_UPDATED} container instances can be updated at a time."
        raise Refused("InvalidParameterException", message)
    found, failures = [], []
    for ref in refs:
        record = container_instance(ref, cluster)
        if record is None or record["status"] == "INACTIVE":
            failures.append({"arn": _arn(ref, cluster), "reason": "MISSING" if record is None else "INACTIVE"})
        elif record["status"] not in ("ACTIVE", "DRAINING"):
            failures.append({"arn": _arn(ref, cluster), "reason": f"INVALID_STATUS_{record['status']}"})
        else:
            if record["status"] != status:
                container_instances.change(record, status=status)
            found.append(container_instances.describe(record))
    return {"containerInstances": found, "failures": failures}


def register(data: Json) -> Json:
    """RegisterContainerInstance, as an agent calls it: the instance is the one of its identity document."""
    cluster = require(data)
    try:
        instance_id = str(json.loads(data.get("instanceIdentityDocument") or "{}")["instanceId"])
    except (ValueError, KeyError):
        raise Refused("ClientException", "The instance identity document is not valid.") from None
    if instance_id not in ec2._instances:
        raise Refused("ClientException", f"There is no instance {instance_id}.")
    record = container_instances.register(cluster, instance_id, list(data.get("attributes") or ()))
    return {"containerInstance": container_instances.describe(record)}


def deregister(data: Json) -> Json:
    """DeregisterContainerInstance: refused while tasks run, unless forced; the tasks are then orphans that run on."""
    cluster = require(data)
    record = container_instance(str(data.get("containerInstance", "")), cluster)
    if record is None or record["status"] == "INACTIVE":
        raise Refused("InvalidParameterException", "Referenced container instance not found.")
    host = container_instances.host_of(record)
    if host.tasks and not data.get("force"):
        raise Refused("InvalidParameterException", "Found running tasks on the instance.")
    for arn in list(host.tasks):
        tasks.orphan(records.live_tasks()[arn])
    container_instances.deregister(record)
    return {"containerInstance": container_instances.describe(record)}


def put_attributes(data: Json) -> Json:
    """PutAttributes: custom attributes of container instances."""
    cluster = require(data)
    for given in data.get("attributes") or ():
        record = _target(given, cluster)
        kept = [one for one in record["attributes"] if one["name"] != given["name"]]
        value = {"value": given["value"]} if given.get("value") else {}
        record["attributes"] = [*kept, {"name": given["name"], **value}]
        container_instances.refresh_facts(record)
    return {"attributes": list(data.get("attributes") or ())}


def delete_attributes(data: Json) -> Json:
    """DeleteAttributes."""
    cluster = require(data)
    for given in data.get("attributes") or ():
        record = _target(given, cluster)
        record["attributes"] = [one for one in record["attributes"] if one["name"] != given["name"]]
        container_instances.refresh_facts(record)
    return {"attributes": list(data.get("attributes") or ())}


def list_attributes(data: Json) -> Json:
    """ListAttributes of container instances."""
    cluster, name, value = require(data), data.get("attributeName"), data.get("attributeValue")
    found = [
        {**one, "targetType": "container-instance", "targetId": record["containerInstanceArn"]}
        for record in records.cluster_instances(cluster["clusterArn"])
        for one in record["attributes"]
        if name in (None, one["name"]) and value in (None, one.get("value"))
    ]
    items, token = page(found, str(data.get("nextToken") or ""), int(data.get("maxResults") or LARGEST_PAGE))
    return {"attributes": items, **({"nextToken": token} if token else {})}


def _target(given: Mapping[str, Any], cluster: Mapping[str, Any]) -> Json:
    record = container_instance(str(given.get("targetId", "")), cluster)
    if given.get("targetType", "container-instance") != "container-instance" or record is None:
        raise Refused("TargetNotFoundException", f"The target {given.get('targetId')} was not found.")
    return record


def delete_cluster(stock: Callable[[Json], Any]) -> Callable[[Json], Any]:
    """DeleteCluster: refused while something of it is left."""

    def delete(data: Json) -> Any:
        cluster = require(data)
        arn = cluster["clusterArn"]
        if any(records.cluster_instances(arn)):
            message = "The Cluster cannot be deleted while Container Instances are active or draining."
            raise Refused("ClusterContainsContainerInstancesException", message)
        if any(task["clusterArn"] == arn for task in records.live_tasks().values()):
            raise Refused("ClusterContainsTasksException", "The Cluster cannot be deleted while Tasks are active.")
        if any(one["clusterArn"] == arn and one["status"] == "ACTIVE" for one in ecs._services.values()):
            message = "The Cluster cannot be deleted while Services are active."
            raise Refused("ClusterContainsServicesException", message)
        return stock(data)

    return delete
