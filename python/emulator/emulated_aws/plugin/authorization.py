"""IAM: what a request is about, where the emulator's answer is coarser than AWS's.

Actions on container instances, tasks and services are authorised on those, not on their cluster
(https://docs.aws.amazon.com/service-authorization/latest/reference/list_amazonelasticcontainerservice.html), where
`ecs:cluster` names it; ListTasks of a whole cluster is about `*`.
PutMetricData has the condition key `cloudwatch:namespace`
(https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/iam-cw-condition-keys-namespace.html). SQS's batch
operations are authorised as the operation they repeat
(https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/sqs-api-permissions-reference.html),
Athena's on a query on the workgroup that it runs in
(https://docs.aws.amazon.com/service-authorization/latest/reference/list_amazonathena.html),
a public parameter's ARN has no account: `arn:aws:ssm:REGION::parameter/aws/service/…`
(https://docs.aws.amazon.com/systems-manager/latest/userguide/parameter-store-public-parameters.html).

Of several resources in one request the first is checked: ECS takes them from one cluster, and policies name clusters.
"""

import json
from collections.abc import Mapping
from typing import Any

from ministack.core import iam_actions
from ministack.core.responses import get_account_id, get_region
from ministack.services import athena

from emulated_aws.replacement import replace

RESOURCES: Mapping[str, tuple[str, str]] = {
    "DescribeContainerInstances": ("container-instance", "containerInstances"),
    "DeregisterContainerInstance": ("container-instance", "containerInstance"),
    "UpdateContainerInstancesState": ("container-instance", "containerInstances"),
    "ListTasks": ("container-instance", "containerInstance"),
    "DescribeTasks": ("task", "tasks"),
    "StopTask": ("task", "task"),
    "DescribeServices": ("service", "services"),
    "UpdateService": ("service", "service"),
    "DeleteService": ("service", "service"),
}


BATCHES: Mapping[str, str] = {
    f"sqs:{action}Batch": f"sqs:{action}" for action in ("ChangeMessageVisibility", "DeleteMessage", "SendMessage")
}


def install() -> None:
    """Name actions, resources and conditions as AWS does."""
    replace(iam_actions, "extract_iam_action", _without_batches)
    replace(iam_actions, "extract_resource_arn", _with_resources)
    replace(iam_actions, "request_tag_context", _with_namespace)


def _without_batches(stock: Any) -> Any:
    def extract(*request: Any) -> str | None:
        found: str | None = stock(*request)
        return BATCHES.get(found or "", found)

    return extract


def _with_resources(stock: Any) -> Any:
    def extract(service: str, method: str, path: str, headers: Any, body: bytes, *more: Any) -> str:
        found: str = stock(service, method, path, headers, body, *more)
        if service == "athena" and found == "*":
            return _workgroup(body)
        if service == "ssm" and (public := _public_parameter(body)):
            return f"arn:aws:ssm:{get_region()}::parameter{public}"
        return _of_the_cluster(found, headers, body) if service == "ecs" and ":cluster/" in found else found

    return extract


def _public_parameter(body: bytes) -> str:
    """Return the first public parameter, or path of them, that a request names; empty when it names none."""
    given = json.loads(body or b"{}")
    names = (given.get("Name"), given.get("Path"), *(given.get("Names") or ()))
    return next((name for name in names if str(name).startswith("/aws/service/")), "")


def _workgroup(body: bytes) -> str:
    """Return the workgroup of the query that a request is about, `*` for a request about none."""
    query = athena._executions.get(json.loads(body or b"{}").get("QueryExecutionId"))
    return f"arn:aws:athena:{get_region()}:{get_account_id()}:workgroup/{query['WorkGroup']}" if query else "*"


def _of_the_cluster(cluster_arn: str, headers: Mapping[str, str], body: bytes) -> str:
    kind, field = RESOURCES.get(headers.get("x-amz-target", "").rsplit(".", 1)[-1], ("", ""))
    named = json.loads(body).get(field) if field else None
    first = named[0] if isinstance(named, list) and named else named
    if not isinstance(first, str):
        return "*" if field == "containerInstance" else cluster_arn
    return f"{cluster_arn.replace(':cluster/', f':{kind}/')}/{first.rsplit('/', 1)[-1]}"


def _with_namespace(stock: Any) -> Any:
    def context(service: str, action: str, body: bytes, params: Mapping[str, Any]) -> dict[str, Any]:
        keys: dict[str, Any] = stock(service, action, body, params)
        if action == "cloudwatch:PutMetricData":
            keys |= {"cloudwatch:namespace": namespace(body, params)}
        if service == "ecs" and body[:1] == b"{":
            named = str(json.loads(body).get("cluster") or "default").rsplit("/", 1)[-1]
            keys |= {"ecs:cluster": f"arn:aws:ecs:{get_region()}:{get_account_id()}:cluster/{named}"}
        return keys

    return context


def namespace(body: bytes, params: Mapping[str, Any]) -> str:
    """Return the namespace of a PutMetricData request, in JSON or as a form; the emulator takes no CBOR here."""
    if named := params.get("Namespace"):
        return str(named[0] if isinstance(named, list) else named)
    return str(json.loads(body).get("Namespace", "")) if body[:1] == b"{" else ""
