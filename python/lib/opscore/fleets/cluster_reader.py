"""Reads of one cluster in the largest batches that ECS takes, counted against a budget.

The read calls share one bucket with everybody else in the account and region; it refills with 20 calls a second:
https://docs.aws.amazon.com/AmazonECS/latest/APIReference/request-throttling.html
"""

from collections.abc import Collection, Iterable, Iterator, Sequence
from typing import Any

from opscore.batches import batches
from opscore.fleets.host import Host, Task, short

REFILL_PER_SECOND = 20
HOSTS_PER_CALL = 100
TASKS_PER_CALL = 100
SERVICES_PER_CALL = 10
INSTANCES_PER_FILTER = 40


class ClusterReader:
    """Reads through an ECS client. `spent` counts the calls; `can_afford` keeps those that can wait in the budget."""

    def __init__(self, ecs: Any, cluster: str, budget: int = HOSTS_PER_CALL) -> None:
        self._ecs = ecs
        self.cluster = cluster
        self.budget = budget
        self.spent = 0

    def can_afford(self, calls: int) -> bool:
        """Say whether `calls` more stay within the budget."""
        return self.spent + calls <= self.budget

    def container_instances(self, status: str = "", without: Collection[str] = ()) -> list[dict[str, Any]]:
        """Return the cluster's container instances as DescribeContainerInstances gives them; only those in `status`.

        Those whose ARNs are in `without` are not described.
        """
        wanted = {"status": status} if status else {}
        arns = self._list("list_container_instances", "containerInstanceArns", **wanted)
        return self._described([arn for arn in arns if arn not in without])

    def locate(self, instance_ids: Sequence[str]) -> dict[str, Host]:
        """Return the hosts by EC2 instance id; instances that the cluster does not know are missing."""
        arns: list[str] = []
        for some in batches(instance_ids, INSTANCES_PER_FILTER):
            arns += self._list("list_container_instances", "containerInstanceArns", filter=_one_of(some))
        return {host.instance_id: host for host in self.hosts(arns).values()}

    def hosts(self, arns: Sequence[str]) -> dict[str, Host]:
        """Return the hosts by ARN. ECS answers for unknown ones with 200 and `failures`: they are missing."""
        return {entry["containerInstanceArn"]: Host.parse(entry) for entry in self._described(arns)}

    def _described(self, arns: Sequence[str]) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = []
        for some in batches(arns, HOSTS_PER_CALL):
            found += self._call("describe_container_instances", containerInstances=list(some))["containerInstances"]
        return found

    def task_ids(self, host: str, desired: str) -> list[str]:
        """Return the tasks on a host in one desired status; ECS keeps those that stopped within the last hour."""
        return [
            short(arn) for arn in self._list("list_tasks", "taskArns", containerInstance=host, desiredStatus=desired)
        ]

    def tasks(self, task_ids: Sequence[str]) -> dict[str, Task]:
        """Return tasks by id; those that ECS has forgotten, an hour after they stopped, are missing."""
        found: dict[str, Task] = {}
        for some in batches(task_ids, TASKS_PER_CALL):
            answer = self._call("describe_tasks", tasks=list(some))
            found |= {(task := Task.parse(entry)).task_id: task for entry in answer["tasks"]}
        return found

    def stopped_reasons(self) -> list[str] | None:
        """Return why the cluster's tasks of the last hour stopped; None when reading that goes over the budget."""
        arns: list[str] = []
        for page in self._pages("list_tasks", "taskArns", desiredStatus="STOPPED"):
            arns += page
            if not self.can_afford(1 + len(arns) // TASKS_PER_CALL):
                return None
        reasons: list[str] = []
        for some in batches(arns, TASKS_PER_CALL):
            answer = self._call("describe_tasks", tasks=[short(arn) for arn in some])
            reasons += [entry.get("stoppedReason", "") for entry in answer["tasks"]]
        return reasons

    def services(self, names: Iterable[str]) -> dict[str, dict[str, Any]]:
        """Return services by name as DescribeServices gives them."""
        found: dict[str, dict[str, Any]] = {}
        for some in batches(sorted(set(names)), SERVICES_PER_CALL):
            answer = self._call("describe_services", services=list(some))
            found |= {entry["serviceName"]: entry for entry in answer["services"]}
        return found

    def _list(self, operation: str, key: str, **request: Any) -> list[str]:
        return [arn for page in self._pages(operation, key, **request) for arn in page]

    def _pages(self, operation: str, key: str, **request: Any) -> Iterator[list[str]]:
        token: dict[str, str] = {}
        while True:
            answer = self._call(operation, **request, **token)
            yield answer[key]
            if not answer.get("nextToken"):
                return
            token = {"nextToken": answer["nextToken"]}

    def _call(self, operation: str, **request: Any) -> dict[str, Any]:
        self.spent += 1
        answer: dict[str, Any] = getattr(self._ecs, operation)(cluster=self.cluster, **request)
        return answer


def _one_of(instance_ids: Sequence[str]) -> str:
    """Return a filter in ECS's cluster query language."""
    if len(instance_ids) == 1:
        return f"ec2InstanceId == {instance_ids[0]}"
    return "ec2InstanceId in [" + ", ".join(f"'{instance_id}'" for instance_id in instance_ids) + "]"
