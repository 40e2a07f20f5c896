"""The stack description, typed: what Terraform built, by role. Written by modules/stack-description."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from ops_cli.frame.environments import Environment
from opscore.errors import NotFound, OpsError

if TYPE_CHECKING:
    from mypy_boto3_ssm import SSMClient

SCHEMA_VERSION = 1

_APPLY_AGAIN = "Terraform writes it: apply the platform again (`opsctl deploy apply`)."


@dataclass(frozen=True)
class Function:
    """A Lambda function of the stack; callers invoke its alias `live`."""

    role: str
    name: str
    alias: str = "live"

    @property
    def log_group(self) -> str:
        """The function's CloudWatch log group."""
        return f"/aws/lambda/{self.name}"


@dataclass(frozen=True)
class Queue:
    """A work queue, its dead-letter queue (both as queue names) and the role of the function that consumes it."""

    role: str
    name: str
    dead_letter: str
    consumer: str


@dataclass(frozen=True)
class Resource:
    """A table, bucket or state machine, by its AWS name (state machines: their ARN)."""

    role: str
    name: str


@dataclass(frozen=True)
class Fleet:
    """An Auto Scaling group by name, and the ECS cluster of its hosts."""

    role: str
    name: str
    cluster: str


@dataclass(frozen=True)
class Stack:
    """Everything the platform consists of, by role."""

    project: str
    environment: str
    account_id: str
    region: str
    functions: Mapping[str, Function] = field(default_factory=dict)
    queues: Mapping[str, Queue] = field(default_factory=dict)
    tables: Mapping[str, Resource] = field(default_factory=dict)
    buckets: Mapping[str, Resource] = field(default_factory=dict)
    state_machines: Mapping[str, Resource] = field(default_factory=dict)
    fleets: Mapping[str, Fleet] = field(default_factory=dict)

    def function(self, name: str) -> Function:
        """Return a function by role or AWS name; raises `NotFound` with the nearest names."""
        for function in self.functions.values():
            if name in (function.role, function.name):
                return function
        raise NotFound.among("service", name, self.functions, listing="opsctl services")

    def queue(self, name: str) -> Queue:
        """Return a queue by role, by its name, or by its dead-letter queue's name."""
        for queue in self.queues.values():
            if name in (queue.role, queue.name, queue.dead_letter, f"{queue.role}-dead-letter"):
                return queue
        raise NotFound.among("queue", name, self.queues, listing="opsctl dlq list")

    def names_of(self, function: Function) -> list[str]:
        """Return the AWS names of a service's own resources: the function, and the queues it consumes."""
        consumed = [queue for queue in self.queues.values() if queue.consumer == function.role]
        return [function.name, *(name for queue in consumed for name in (queue.name, queue.dead_letter))]

    def fleet(self, name: str) -> Fleet:
        """Return a fleet by role, or by the name of its group or cluster."""
        for fleet in self.fleets.values():
            if name in (fleet.role, fleet.name, fleet.cluster):
                return fleet
        raise NotFound.among("fleet", name, self.fleets, listing="opsctl fleet")

    def bucket(self, role: str) -> str:
        """Return the name of the bucket with that role."""
        return self._name_of("bucket", role, self.buckets)

    def table(self, role: str) -> str:
        """Return the name of the table with that role."""
        return self._name_of("table", role, self.tables)

    def _name_of(self, kind: str, role: str, resources: Mapping[str, Resource]) -> str:
        if role not in resources:
            raise NotFound(
                f"The stack has no {kind} {role!r}.",
                hint="Is the deployed platform older than opsctl? Apply it again.",
            )
        return resources[role].name


def parse(description: object) -> Stack:
    """Return the `Stack` in a decoded description; refuses a schema this opsctl does not know."""
    if not isinstance(description, Mapping):
        raise OpsError("The stack description is not an object.", hint=_APPLY_AGAIN)
    version = description.get("schema_version")
    if version != SCHEMA_VERSION:
        raise OpsError(
            f"The stack description has schema {version}, this opsctl reads {SCHEMA_VERSION}.",
            hint="Use the opsctl of the same release as the deployed Terraform.",
        )
    try:
        return Stack(
            **{key: description[key] for key in ("project", "environment", "account_id", "region")},
            functions={role: Function(role, **facts) for role, facts in description["functions"].items()},
            queues={role: Queue(role, **facts) for role, facts in description["queues"].items()},
            tables=_resources(description["tables"]),
            buckets=_resources(description["buckets"]),
            state_machines=_resources(description["state_machines"]),
            fleets={role: Fleet(role, **facts) for role, facts in description["fleets"].items()},
        )
    except (KeyError, TypeError, AttributeError) as error:
        raise OpsError(
            f"The stack description does not have its own schema's form: {error}", hint=_APPLY_AGAIN
        ) from error


def _resources(facts_by_role: Mapping[str, Any]) -> dict[str, Resource]:
    return {role: Resource(role, **facts) for role, facts in facts_by_role.items()}


def from_ssm(ssm: "SSMClient", environment: Environment) -> Stack:
    """Read the description from the environment's SSM parameter."""
    name = environment.stack_parameter
    try:
        value = ssm.get_parameter(Name=name)["Parameter"]["Value"]
    except ssm.exceptions.ParameterNotFound:
        step = "opsctl sandbox up" if environment.is_local else f"opsctl --env {environment.name} deploy apply"
        raise NotFound(f"Nothing is deployed here: no SSM parameter {name}.", hint=f"`{step}` deploys it.") from None
    return parse(decode(value))


def decode(value: str) -> Any:
    """Return the object that the parameter's text stands for: JSON, or base64 of gzipped JSON for a large stack."""
    try:
        return json.loads(value if value.startswith("{") else _unpacked(value))
    except ValueError as error:
        raise OpsError(f"The stack description cannot be read: {error}.", hint=_APPLY_AGAIN) from error


def _unpacked(value: str) -> bytes:
    import base64
    import gzip
    import zlib

    try:
        return gzip.decompress(base64.b64decode(value))
    except (OSError, EOFError, zlib.error) as error:
        raise ValueError(str(error)) from error


def from_terraform(folder: str) -> Stack:
    """Read the description from the outputs of the Terraform root in `folder`."""
    from ops_cli.frame.terraform_state import outputs

    found = outputs(folder)
    if "stack" not in found:
        raise NotFound(f"The Terraform state in {folder} has no output `stack`.", hint="Apply it first.")
    return parse(found["stack"]["value"])
