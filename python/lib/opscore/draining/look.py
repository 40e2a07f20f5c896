"""Look at the tasks of many hosts at once: describe what is known in shared batches, list anew where it matters."""

from collections.abc import Iterable, Mapping, Sequence

from opscore.draining.cluster_reader import ClusterReader
from opscore.draining.facts import Host, Sight, Task
from opscore.draining.record import Drain

STATUSES = ("RUNNING", "STOPPED")


def look(reader: ClusterReader, draining: Sequence[tuple[Drain, Host]], now: int) -> dict[str, Sight]:
    """Return the sights by instance id; a host that the budget did not reach is missing and has its turn later.

    Hosts at their deadline and those that ECS counts no task on come first: they are about to be released. For these,
    and once every known task has stopped, both desired statuses are listed: a task on its way down is in no count, and
    a list may have missed one.
    """
    in_turn = sorted(draining, key=lambda pair: (pair[0].deadline > now, pair[1].counted > 0, pair[0].looked_at))
    known = _known_tasks(reader, in_turn)
    described = reader.tasks([task for ids in known.values() for task in ids])
    listed = _list_again(reader, in_turn, known, described, now)
    fresh = {task for ids in listed.values() for task in ids} - set(described)
    described |= reader.tasks(sorted(fresh))
    return {
        instance_id: Sight(_unstopped(described, {*ids, *listed.get(instance_id, ())}), instance_id in listed)
        for instance_id, ids in known.items()
    }


def _known_tasks(reader: ClusterReader, draining: Sequence[tuple[Drain, Host]]) -> dict[str, list[str]]:
    """Return the tasks that the records know of each host; where nobody has listed them, list those that shall run."""
    known: dict[str, list[str]] = {}
    for drain, host in draining:
        if drain.left is not None:
            known[drain.instance_id] = list(drain.left)
        elif not host.counted:
            known[drain.instance_id] = []
        elif reader.can_afford(2):
            known[drain.instance_id] = reader.task_ids(host.arn, "RUNNING")
    return known


def _list_again(
    reader: ClusterReader,
    draining: Sequence[tuple[Drain, Host]],
    known: Mapping[str, Sequence[str]],
    described: Mapping[str, Task],
    now: int,
) -> dict[str, list[str]]:
    """List the tasks of hosts that may be empty, and of those where ECS counts more than the record knows."""
    listed: dict[str, list[str]] = {}
    for drain, host in draining:
        if drain.instance_id not in known or not reader.can_afford(len(STATUSES)):
            continue
        tasks = _unstopped(described, known[drain.instance_id])
        if not tasks or now >= drain.deadline or host.counted > sum(task.desired == "RUNNING" for task in tasks):
            listed[drain.instance_id] = [task for status in STATUSES for task in reader.task_ids(host.arn, status)]
    return listed


def _unstopped(described: Mapping[str, Task], task_ids: Iterable[str]) -> tuple[Task, ...]:
    found = (described[task_id] for task_id in sorted(task_ids) if task_id in described)
    return tuple(task for task in found if not task.is_stopped)
