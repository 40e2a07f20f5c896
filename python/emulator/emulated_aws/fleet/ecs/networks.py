"""The network of a task: whether it needs one of its own, and which ports of its host it takes.

https://docs.aws.amazon.com/AmazonECS/latest/developerguide/task-networking.html
https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_PortMapping.html
"""

from collections.abc import Iterator, Mapping
from typing import Any

from emulated_aws.fleet.refusals import Refused


def check(definition: Mapping[str, Any], given: Any) -> None:
    """Refuse a task in the awsvpc network that says nothing of it, and another task that does.

    https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_RunTask.html (networkConfiguration)
    """
    own = definition.get("networkMode") == "awsvpc"
    if own and not ((given or {}).get("awsvpcConfiguration") or {}).get("subnets"):
        message = "Network Configuration must be provided when networkMode 'awsvpc' is specified."
        raise Refused("InvalidParameterException", message)
    if given and not own:
        message = "Network Configuration is not valid for the given networkMode of this task definition."
        raise Refused("InvalidParameterException", message)


def fixed_ports(definition: Mapping[str, Any]) -> list[int]:
    """Return the ports of its host that a task names."""
    mode = definition.get("networkMode")
    if mode in ("awsvpc", "none"):
        return []
    mappings = [one for container in definition["containerDefinitions"] for one in container.get("portMappings") or ()]
    if mode == "host":
        return [int(one.get("containerPort") or 0) for one in mappings]
    return [int(one["hostPort"]) for one in mappings if one.get("hostPort")]


def dynamic_ports(definition: Mapping[str, Any]) -> int:
    """Return how many ports of its host a task gets without naming them: in the bridge network alone."""
    if definition.get("networkMode") in ("awsvpc", "none", "host"):
        return 0
    mappings = (one for container in definition["containerDefinitions"] for one in container.get("portMappings") or ())
    return sum(not one.get("hostPort") for one in mappings)


def bindings(
    definition: Mapping[str, Any], container: Mapping[str, Any], dynamic: Iterator[int]
) -> list[dict[str, Any]]:
    """Return a container's ports as DescribeTasks shows them; `dynamic` gives those that nobody named."""
    mode = definition.get("networkMode")
    if mode in ("awsvpc", "none"):
        return []
    return [
        {
            "bindIP": "0.0.0.0",  # noqa: S104 - a record, nothing listens
            "containerPort": one["containerPort"],
            "hostPort": one.get("hostPort") or (one["containerPort"] if mode == "host" else next(dynamic)),
            "protocol": one.get("protocol", "tcp"),
        }
        for one in container.get("portMappings") or ()
    ]
