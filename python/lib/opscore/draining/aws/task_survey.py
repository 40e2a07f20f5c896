"""Look at the tasks of many hosts at once: describe what is known in shared batches, list anew where it matters."""

from collections.abc import Iterable, Mapping, Sequence

from opscore.draining.record import Drain
from opscore.fleets.cluster_reader import ClusterReader
from opscore.fleets.host import Host, Task, TaskSurvey

STATUSES = ("RUNNING", "STOPPED")


def look(reader: ClusterReader, draining: Sequence[tuple[Drain, Host]], now: int) -> dict[str, TaskSurvey]:
    """Return the surveys by instance id; a host that the budget did not reach is missing and has its turn later.

    Hosts at their deadline and those that ECS counts no task on come first: they are about to be released. For these,
    at the first look, and once every known task has stopped, both desired statuses are listed: a task on its way down
    is in no count, and a list may have missed one.
    """
    in_turn = sorted(draining, key=lambda pair: (pair[0].deadline > now, pair[1].counted > 0, pair[0].looked_at))
    known = {drain.instance_id: list(drain.left) for drain, _ in in_turn if drain.left is not None}
    described = reader.tasks([task for ids in known.values() for task in ids])
    listed = _list(reader, in_turn, known, described, now)
    fresh = {task for ids in listed.values() for task in ids} - set(described)
    described |= reader.tasks(sorted(fresh))
    return {
        name: TaskSurvey(_unstopped(described, {*known.get(name, ()), *listed.get(name, ())}), name in listed)
        for name in known.keys() | listed.keys()
    }


def _list(
    reader: ClusterReader,
    draining: Sequence[tuple[Drain, Host]],
    known: Mapping[str, Sequence[str]],
    described: Mapping[str, Task],
    now: int,
) -> dict[str, list[str]]:
    """List the tasks of the hosts that nobody has listed yet, that may be empty, or have more than is known."""
    listed: dict[str, list[str]] = {}
    for drain, host in draining:
        if not reader.can_afford(len(STATUSES)):
            break
        tasks = _unstopped(described, known.get(drain.instance_id, ()))
        if not tasks or now >= drain.deadline or host.counted > sum(task.desired == "RUNNING" for task in tasks):
            listed[drain.instance_id] = [task for status in STATUSES for task in reader.task_ids(host.arn, status)]
    return listed


def _unstopped(described: Mapping[str, Task], task_ids: Iterable[str]) -> tuple[Task, ...]:
    found = (described[task_id] for task_id in sorted(task_ids) if task_id in described)
    return tuple(task for task in found if not task.is_stopped)
