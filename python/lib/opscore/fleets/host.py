"""What ECS says about a container instance and its tasks, reduced to what a decision needs."""

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

SERVICE = "service:"


class Host(NamedTuple):
    """A container instance. `running` and `pending` count tasks that *shall* run: those being stopped are in neither.

    https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_ContainerInstance.html
    """

    instance_id: str
    arn: str
    status: str
    agent_connected: bool = True
    running: int = 0
    pending: int = 0
    image_id: str = ""
    zone: str = ""

    @property
    def counted(self) -> int:
        """Tasks that ECS counts on the host; zero is no proof that it is empty."""
        return self.running + self.pending

    @classmethod
    def parse(cls, found: Mapping[str, Any]) -> "Host":
        """Read an entry of DescribeContainerInstances."""
        attributes = {entry["name"]: entry.get("value", "") for entry in found.get("attributes", [])}
        return cls(
            instance_id=found.get("ec2InstanceId", ""),
            arn=found["containerInstanceArn"],
            status=found["status"],
            agent_connected=bool(found.get("agentConnected")),
            running=int(found.get("runningTasksCount", 0)),
            pending=int(found.get("pendingTasksCount", 0)),
            image_id=attributes.get("ecs.ami-id", ""),
            zone=attributes.get("ecs.availability-zone", ""),
        )


class Instance(NamedTuple):
    """An EC2 instance: when it was launched, and whether EC2 has ended it or is about to.

    `died` counts the tasks that ended with it, as ECS says; None when that is not known.
    """

    launched: int
    ended: bool = False
    died: int | None = None


class Task(NamedTuple):
    """A task on a host. `group` is `service:NAME`, or `family:NAME` and the like for one that belongs to no service."""

    task_id: str
    group: str
    desired: str
    last: str

    @property
    def is_stopped(self) -> bool:
        """Whether the task's containers are gone. Its desired status only says what shall become of it.

        DELETED comes after STOPPED: https://docs.aws.amazon.com/AmazonECS/latest/developerguide/task-lifecycle-explanation.html
        """
        return self.last in ("STOPPED", "DELETED")

    @property
    def service(self) -> str:
        """Name of the service, empty for a standalone task."""
        return service_of(self.group)

    @classmethod
    def parse(cls, found: Mapping[str, Any]) -> "Task":
        """Read an entry of DescribeTasks."""
        return cls(short(found["taskArn"]), found.get("group", ""), found.get("desiredStatus", ""), found["lastStatus"])


class TaskSurvey(NamedTuple):
    """The tasks of one host that have not stopped, as just described.

    `complete` says that they were listed anew, in every desired status, after the host was DRAINING: only then does an
    empty survey mean an empty host.
    """

    tasks: Sequence[Task] = ()
    complete: bool = False
    daemons: frozenset[str] = frozenset()

    @property
    def others(self) -> list[Task]:
        """The tasks that are not daemons."""
        return [task for task in self.tasks if task.service not in self.daemons or not task.service]

    @property
    def standalone(self) -> list[Task]:
        """The tasks that belong to no service."""
        return [task for task in self.tasks if not task.service]


def service_of(group: str) -> str:
    """Return the service's name in a task's group, empty when it has none."""
    return group.removeprefix(SERVICE) if group.startswith(SERVICE) else ""


def short(arn: str) -> str:
    """Return the last part of an ARN: a task's or a container instance's id."""
    return arn.rsplit("/", 1)[-1]
