"""Read what the gates need: from the cluster, in few calls and within a budget, and from the alarms."""

import datetime as dt
from collections.abc import Collection, Iterator, Mapping, Sequence
from typing import Any

from opscore.batches import batches
from opscore.fleets.cluster_reader import ClusterReader
from opscore.fleets.host import short
from opscore.rollouts.judging.gates import Health, service_name

ALARMS_PER_CALL = 100
TASKS_READ = 2_000
"""Tasks that one look describes at most: 20 calls, of a bucket that gains 20 a second for the whole account."""


class HealthReader:
    """Reads the health of a fleet; `cluster` is empty for a group without ECS, of which only the alarms tell."""

    def __init__(self, ecs: Any, cloudwatch: Any, cluster: str, alarms: Sequence[str]) -> None:
        self._ecs = ecs
        self._cloudwatch = cloudwatch
        self._cluster = cluster
        self._alarms = alarms

    def read(self, new: Collection[str], since: int) -> Health:
        """Return the health as it is; `new` are the instances with the new image, `since` is when the fleet began."""
        ringing = self._ringing()
        if not self._cluster:
            return Health(ringing=ringing)
        reader = ClusterReader(self._ecs, self._cluster)
        hosts = reader.locate(sorted(new)) if new else {}
        joined = [name for name, host in hosts.items() if host.agent_connected and host.status != "REGISTERING"]
        arns = {host.arn for host in hosts.values()}
        return Health(
            new=new,
            joined=joined,
            services=list(reader.services(self._service_names()).values()),
            stopped=[
                (service_name(task), task.get("stoppedReason", ""))
                for task in self._tasks("STOPPED", arns)
                if _stopped_since(task, since)
            ],
            unhealthy={
                service_name(task) for task in self._tasks("RUNNING", arns) if task.get("healthStatus") == "UNHEALTHY"
            },
            ringing=ringing,
        )

    def _ringing(self) -> list[str]:
        ringing: list[str] = []
        for some in batches(self._alarms, ALARMS_PER_CALL):
            answer = self._cloudwatch.describe_alarms(
                AlarmNames=list(some), AlarmTypes=["MetricAlarm", "CompositeAlarm"], StateValue="ALARM"
            )
            found = [*answer.get("MetricAlarms", []), *answer.get("CompositeAlarms", [])]
            ringing += [alarm["AlarmName"] for alarm in found]
        return ringing

    def _service_names(self) -> list[str]:
        return [short(arn) for arn in self._listed("list_services", "serviceArns")]

    def _tasks(self, desired: str, arns: Collection[str]) -> Iterator[Mapping[str, Any]]:
        """Yield the tasks on some hosts; of very many tasks only the first are looked at."""
        if not arns:
            return
        listed = self._listed("list_tasks", "taskArns", desiredStatus=desired)
        for some in batches(listed[:TASKS_READ], 100):
            answer = self._ecs.describe_tasks(cluster=self._cluster, tasks=list(some))
            yield from (task for task in answer["tasks"] if task.get("containerInstanceArn") in arns)

    def _listed(self, operation: str, key: str, **request: Any) -> list[str]:
        found: list[str] = []
        while True:
            answer = getattr(self._ecs, operation)(cluster=self._cluster, maxResults=100, **request)
            found += answer[key]
            if not answer.get("nextToken"):
                return found
            request["nextToken"] = answer["nextToken"]


def _stopped_since(task: Mapping[str, Any], since: int) -> bool:
    stopped: dt.datetime | None = task.get("stoppedAt") or task.get("stoppingAt")
    return stopped is not None and stopped >= dt.datetime.fromtimestamp(since, dt.UTC)
