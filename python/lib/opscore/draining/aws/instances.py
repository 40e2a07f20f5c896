"""What EC2 says of instances that their cluster does not know, or does not hear; and which tasks ended with them."""

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

from botocore.exceptions import ClientError

from opscore.batches import batches
from opscore.draining.record import Drain
from opscore.fleets.cluster_reader import ClusterReader
from opscore.fleets.host import Host, Instance
from opscore.logs import structured_log

INSTANCES_PER_CALL = 200
_ENDED = ("shutting-down", "terminated")
_DIED = "Host EC2 (instance {}) "
"""How ECS's reason begins for a task whose host EC2 stopped or terminated:
https://docs.aws.amazon.com/AmazonECS/latest/developerguide/stopped-task-error-codes.html"""


def look_up(drains: Sequence[Drain], hosts: Mapping[str, Host], reader: ClusterReader, ec2: Any) -> dict[str, Instance]:
    """Return what EC2 says of the hosts that are not in the cluster, and of those whose agent is silent.

    Of an ended one that nobody has seen in the cluster, its dead tasks are counted, as far as the budget goes. Nothing
    is returned of instances that EC2 does not know.
    """
    doubtful = [
        drain.instance_id
        for drain in drains
        if (host := hosts.get(drain.instance_id)) is None or not host.agent_connected
    ]
    found = _described(doubtful, ec2)
    unseen = [
        drain.instance_id
        for drain in drains
        if not drain.container_instance and drain.instance_id not in hosts
        if drain.instance_id in found and found[drain.instance_id].ended
    ]
    died = _died(unseen, reader) if unseen else None
    if died is not None:
        found |= {name: found[name]._replace(died=died[name]) for name in unseen}
    return found


def _described(instance_ids: Sequence[str], ec2: Any) -> dict[str, Instance]:
    found: dict[str, Instance] = {}
    for some in batches(instance_ids, INSTANCES_PER_CALL):
        try:
            answer = ec2.describe_instances(Filters=[{"Name": "instance-id", "Values": list(some)}])
        except ec2.exceptions.ClientError as error:
            structured_log.write("WARNING", "the state of instances is not known", error=str(error))
            return found
        for reservation in answer["Reservations"]:
            found |= {
                entry["InstanceId"]: Instance(
                    int(entry["LaunchTime"].timestamp()), entry.get("State", {}).get("Name") in _ENDED
                )
                for entry in reservation["Instances"]
            }
    return found


def _died(instance_ids: Sequence[str], reader: ClusterReader) -> Counter[str] | None:
    """Count the tasks that ended with these instances within the last hour; None when that is not to be had.

    It takes too many reads, or was refused: the other hosts go on without this.
    """
    try:
        reasons = reader.stopped_reasons()
    except ClientError as error:
        structured_log.write("WARNING", "which tasks died is not known", error=str(error))
        return None
    if reasons is None:
        return None
    return Counter(name for reason in reasons for name in instance_ids if reason.startswith(_DIED.format(name)))
