"""Draining: calls against AWS's published sample on the same trace, the decision, the zip and the function's import."""

import os
import statistics
import sys
import tempfile
import time
import tracemalloc
import zipfile
from pathlib import Path
from typing import Any

from ops_cli.packaging import Target, build
from opscore.draining.aws.task_survey import look
from opscore.draining.judging.decision import decide
from opscore.draining.policy import Policy
from opscore.draining.record import Cause, Drain
from opscore.fleets.cluster_reader import ClusterReader
from opscore.fleets.host import Host, Task, TaskSurvey
from tests.bench.timing import compare
from tests.lib.opscore.draining.model_aws import ModelAws, ModelHost, ModelTask
from tests.lib.opscore.draining.model_clients import ModelEcs
from tests.lib.opscore.draining.race import CLUSTER_HOSTS, TASKS_EACH, race

ROOT = Path(__file__).parents[2]
READS_PER_HOST = 0.05
HALF_OF_THE_REFILL = 10.0
FUNCTION = "ecs-drain"


def run() -> list[dict[str, Any]]:
    """Measure the race, the decision for a whole cluster, and the function's zip."""
    return [*_race(), _decision(), _memory(), *_function()]


def _race() -> list[dict[str, Any]]:
    sample, sleeper, ours = race()
    rows = [
        _row(
            "ECS reads a second and draining host, 500 at once",
            ours.reads_per_host,
            sample.reads_per_host,
            READS_PER_HOST,
        ),
        _row("busiest 15 s: ECS reads a second (the bucket gains 20)", ours.peak, sample.peak, HALF_OF_THE_REFILL),
    ]
    for other in (sample, sleeper):
        rows.append(_row(f"tasks killed, beside {other.way}", ours.tasks_killed, other.tasks_killed, 0))
        rows.append(_row(f"hosts released early, beside {other.way}", ours.released_early, other.released_early, 0))
    return rows


def _row(metric: str, ours: float, peer: float, goal: float) -> dict[str, Any]:
    ratio = round(ours / peer, 4) if peer else None
    mine, other = round(ours, 4), round(peer, 4)
    return {"metric": metric, "ours": mine, "peer": other, "ratio": ratio, "goal": f"<= {goal:g}", "met": ours <= goal}


def _decision() -> dict[str, Any]:
    """Decide about 1,000 hosts with 10,000 tasks; the floor only looks at every task once."""
    policy, now = Policy(), 10_000
    facts = [_facts(number, now) for number in range(CLUSTER_HOSTS)]

    def ours() -> None:
        for drain, host, survey in facts:
            decide(drain, host, survey, policy, now)

    def floor() -> int:
        return sum(task.is_stopped for _, _, survey in facts for task in survey.tasks)

    pairs = [(_seconds(ours), _seconds(floor)) for _ in range(15)]
    mine, least = (statistics.median(times) for times in zip(*pairs, strict=True))
    ratio = statistics.median(one / other for one, other in pairs)
    return {
        "metric": "decision for 1,000 hosts with 10,000 tasks / one look at each task (ms; goal: under 50)",
        "ours": round(1000 * mine, 2),
        "peer": round(1000 * least, 2),
        "ratio": round(ratio, 2),
        "goal": "<= 50 ms, <= 15",
        "met": mine < 0.05 and ratio <= 15,
    }


def _memory() -> dict[str, Any]:
    """Look at all 10,000 tasks of 1,000 draining hosts at once, which the budget of reads never allows."""
    aws = ModelAws()
    for number in range(CLUSTER_HOSTS):
        tasks = [ModelTask(f"t{number}-{index}") for index in range(TASKS_EACH)]
        aws.add(ModelHost(f"i-{number}", tasks=tasks, status="DRAINING"))
    drains = {f"i-{number}": _facts(number, 10_000)[0] for number in range(CLUSTER_HOSTS)}
    tracemalloc.start()
    reader = ClusterReader(ModelEcs(aws), "web", budget=sys.maxsize)
    found = reader.hosts([host.arn for host in aws.hosts.values()])
    surveys = look(reader, [(drains[host.instance_id], host) for host in found.values()], 10_000)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert sum(len(survey.tasks) for survey in surveys.values()) == CLUSTER_HOSTS * TASKS_EACH
    row = {"metric": "memory for one look at 10,000 tasks (MB, of the function's 512)", "peer": None, "ratio": None}
    return row | {"ours": round(peak / 1e6, 1), "goal": "<= 20", "met": peak <= 20e6}


def _facts(number: int, now: int) -> tuple[Drain, Host, TaskSurvey]:
    drain = Drain(f"i-{number}", 1, "web", "web", Cause.TERMINATION, now - 60, now + 3600, hook="drain")
    tasks = [Task(f"t{number}-{index}", f"service:web-{index}", "RUNNING", "RUNNING") for index in range(TASKS_EACH)]
    return drain, Host(drain.instance_id, "arn", "DRAINING", running=TASKS_EACH), TaskSurvey(tasks)


def _seconds(work: Any) -> float:
    began = time.perf_counter()
    work()
    return time.perf_counter() - began


def _function() -> list[dict[str, Any]]:
    """Build the function as it is deployed, and import it from its zip's contents alone."""
    built = build(ROOT, Target.sandbox(), report=lambda _line: None)
    zipped = next((ROOT / "build" / "sandbox").glob(f"{FUNCTION}-*.zip"))
    assert built, "the build returns what it built"
    size = zipped.stat().st_size / 1e6
    row = {"metric": "zip of the function (MB)", "ours": round(size, 3), "peer": None, "ratio": None}
    with tempfile.TemporaryDirectory() as folder:
        zipfile.ZipFile(zipped).extractall(folder)
        environment = {**os.environ, "PYTHONPATH": folder}
        return [
            row | {"goal": "< 1", "met": size < 1},
            compare(
                "import of the function / import boto3",
                [sys.executable, "-c", "import ecs_drain.handler"],
                [sys.executable, "-c", "import boto3, botocore.config"],
                1.1,
                environment=environment,
            ),
        ]
