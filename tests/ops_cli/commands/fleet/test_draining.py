"""drained, drain, undrain and fleet on a fleet in the test's own process."""

import datetime as dt
import json
import time
from collections.abc import Iterator
from dataclasses import replace
from types import SimpleNamespace
from typing import Any

import boto3
import click
import pytest
from moto import mock_aws

from ops_cli import main as root
from ops_cli.commands.fleet.completing import complete_drain
from ops_cli.commands.fleet.drain import show
from ops_cli.commands.fleet.drains import _columns
from ops_cli.frame.context import Ops
from ops_cli.frame.environments import Environment, register
from ops_cli.frame.options import Choices
from opscore.draining.aws.drain_table import DynamoDrains
from opscore.draining.operator.waiting import wait_for_end
from opscore.draining.record import Cause, Drain, Outcome
from opscore.draining.requests import Order, Undo, parse
from tests.lib.opscore.draining.drains_table import make_table

REGION, GROUP, QUEUE = "eu-west-1", "opsctl-test-web", "opsctl-test-drain-events"
STACK = {
    "schema_version": 1,
    "project": "opsctl",
    "environment": "test",
    "account_id": "123456789012",
    "region": REGION,
    "functions": {"ecs-drain": {"name": "opsctl-test-ecs-drain"}},
    "queues": {"drain-events": {"name": QUEUE, "dead_letter": f"{QUEUE}-dead-letter", "consumer": "ecs-drain"}},
    "tables": {"drains": {"name": "opsctl-test-drains"}},
    "buckets": {},
    "state_machines": {},
    "fleets": {"web": {"name": GROUP, "cluster": GROUP}},
}
NOW = int(time.time())
DRAIN = Drain("i-1", 1, GROUP, GROUP, Cause.TERMINATION, NOW - 100, NOW + 3000, hook="opsctl-drain", image_id="ami-old")


class FakeEcs:
    """A cluster of two hosts: i-1 with two web tasks and a batch task, i-2 with room for one more task."""

    def __init__(self) -> None:
        self.statuses = {"i-1": "ACTIVE", "i-2": "ACTIVE"}

    def list_container_instances(self, cluster: str, status: str = "", filter: str = "") -> dict[str, Any]:  # noqa: A002
        names = [name for name in self.statuses if not filter or name in filter]
        return {"containerInstanceArns": [f"arn/{name}" for name in names if status in ("", self.statuses[name])]}

    def describe_container_instances(self, cluster: str, containerInstances: list[str]) -> dict[str, Any]:  # noqa: N803
        return {"containerInstances": [self._host(arn.rsplit("/", 1)[-1]) for arn in containerInstances]}

    def _host(self, name: str) -> dict[str, Any]:
        resources = [{"name": "CPU", "integerValue": 1000}, {"name": "MEMORY", "integerValue": 150}]
        return {
            "containerInstanceArn": f"arn/{name}",
            "ec2InstanceId": name,
            "status": self.statuses[name],
            "agentConnected": name == "i-1",
            "versionInfo": {"agentVersion": "1.89.0"},
            "runningTasksCount": 3 if name == "i-1" else 0,
            "remainingResources": resources,
        }

    def list_tasks(self, cluster: str, containerInstance: str, desiredStatus: str) -> dict[str, Any]:  # noqa: N803
        return {"taskArns": ["t/1", "t/2", "t/3"] if containerInstance == "arn/i-1" else []}

    def describe_tasks(self, cluster: str, tasks: list[str]) -> dict[str, Any]:
        groups = {"1": "service:web", "2": "service:web", "3": "family:batch"}
        return {
            "tasks": [
                {"taskArn": f"t/{task}", "group": groups[task], "taskDefinitionArn": "td", "lastStatus": "RUNNING"}
                for task in tasks
            ]
        }

    def describe_task_definition(self, taskDefinition: str) -> dict[str, Any]:  # noqa: N803
        return {"taskDefinition": {"containerDefinitions": [{"cpu": 100, "memory": 100}]}}

    def describe_services(self, cluster: str, services: list[str]) -> dict[str, Any]:
        return {"services": [{"serviceName": name, "desiredCount": 2} for name in services]}


class FakeAutoScaling:
    def __init__(self) -> None:
        self.states = {"i-1": "InService", "i-2": "InService"}

    def describe_auto_scaling_instances(self, InstanceIds: list[str]) -> dict[str, Any]:  # noqa: N803
        known = [name for name in InstanceIds if name in ("i-1", "i-2")]
        return {"AutoScalingInstances": [{"InstanceId": name, "AutoScalingGroupName": GROUP} for name in known]}

    def describe_lifecycle_hooks(self, AutoScalingGroupName: str) -> dict[str, Any]:  # noqa: N803
        hook = {"LifecycleHookName": "opsctl-drain", "LifecycleTransition": "autoscaling:EC2_INSTANCE_TERMINATING"}
        return {"LifecycleHooks": [{**hook, "HeartbeatTimeout": 1800}]}

    def describe_auto_scaling_groups(self, AutoScalingGroupNames: list[str]) -> dict[str, Any]:  # noqa: N803
        def instance(name: str, version: str) -> dict[str, Any]:
            return {
                "InstanceId": name,
                "AvailabilityZone": f"{REGION}a",
                "LifecycleState": self.states[name],
                "HealthStatus": "Healthy",
                "LaunchTemplate": {"Version": version},
            }

        group = {"AutoScalingGroupName": GROUP, "MinSize": 1, "DesiredCapacity": 2, "MaxSize": 4}
        template = {"LaunchTemplateId": "lt-1", "Version": "2"}
        return {
            "AutoScalingGroups": [
                {**group, "LaunchTemplate": template, "Instances": [instance("i-1", "1"), instance("i-2", "2")]}
            ]
        }


class FakeEc2:
    def describe_launch_template_versions(self, **_: Any) -> dict[str, Any]:
        return {"LaunchTemplateVersions": [{"LaunchTemplateData": {"ImageId": "ami-new"}}]}

    def describe_instances(self, **_: Any) -> dict[str, Any]:
        images = {"i-1": "ami-old", "i-2": "ami-new"}
        rows = [{"InstanceId": name, "ImageId": image} for name, image in images.items()]
        return {"Reservations": [{"Instances": rows}]}

    def describe_images(self, **_: Any) -> dict[str, Any]:
        made = (dt.datetime.now(dt.UTC) - dt.timedelta(days=40, hours=1)).isoformat()
        return {"Images": [{"ImageId": "ami-old", "CreationDate": made}]}


class World:
    """The stack: a table, a queue, a fleet, and opsctl to look at them."""

    def __init__(self, capsys: pytest.CaptureFixture[str]) -> None:
        self.ecs = FakeEcs()
        self.autoscaling = FakeAutoScaling()
        self.drains = DynamoDrains(boto3.client("dynamodb", REGION), "opsctl-test-drains")
        self._capsys = capsys

    def opsctl(self, *arguments: str) -> tuple[int, str, str]:
        code = root.run(arguments)
        return (code, *self._capsys.readouterr())

    def rows(self, *arguments: str) -> Any:
        code, out, _ = self.opsctl(*arguments, "--output", "json")
        assert code == 0
        return json.loads(out)

    def ordered(self) -> list[Any]:
        sqs = boto3.client("sqs", REGION)
        url = sqs.get_queue_url(QueueName=QUEUE)["QueueUrl"]
        found = sqs.receive_message(QueueUrl=url, MaxNumberOfMessages=10).get("Messages", [])
        return [parse(message["Body"]) for message in found]


@pytest.fixture
def world(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Iterator[World]:
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "test")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "test")
    monkeypatch.setenv("OPSCTL_ENV", "test")
    register(Environment("test", region=REGION))
    with mock_aws():
        boto3.client("ssm", REGION).put_parameter(Name="/opsctl/test/stack", Value=json.dumps(STACK), Type="String")
        boto3.client("sqs", REGION).create_queue(QueueName=QUEUE)
        make_table(boto3.client("dynamodb", REGION), "opsctl-test-drains")
        made = World(capsys)

        def ops() -> Ops:
            found = Ops()
            found._clients |= {"ecs": made.ecs, "autoscaling": made.autoscaling, "ec2": FakeEc2()}
            return found

        monkeypatch.setattr(root, "Ops", ops)
        monkeypatch.setattr("ops_cli.commands.fleet.stack_fleets.time", SimpleNamespace(time=lambda: NOW))
        yield made


def test_drained_shows_open_drains_first_and_hosts_that_nobody_recorded(world: World) -> None:
    blocked = replace(DRAIN, heartbeat_at=NOW, left={"t1": "service:web"}, blocker="web", why="no room")
    world.drains.create(blocked)
    ended = replace(DRAIN, instance_id="i-9", started=NOW - 500).decided(Outcome.LET_GO, "late", 2).closed(NOW - 50)
    world.drains.create(ended)
    world.ecs.statuses["i-2"] = "DRAINING"
    rows = world.rows("drained")
    assert [(row["instance"], row["state"], row["tasks_left"], row["killed"]) for row in rows] == [
        ("i-1", "draining", 1, None),
        ("i-2", "draining", 0, None),
        ("i-9", "let-go", None, 2),
    ]
    assert (rows[0]["blocker"], rows[0]["why"], rows[0]["action_left_seconds"]) == ("web", "no room", 1800)
    assert rows[1]["why"].startswith("set DRAINING by somebody else")


def kept(instance: str, attempt: int = 1, began: int = NOW - 5000) -> Drain:
    drain = replace(DRAIN, instance_id=instance, attempt=attempt, started=began)
    return drain.decided(Outcome.KEPT, "late").closed(began + 100)


def test_drained_stuck_shows_only_what_needs_a_person(world: World) -> None:
    world.drains.create(DRAIN)
    world.drains.create(kept("i-2"))
    world.drains.create(kept("i-gone"))
    world.drains.create(kept("i-1", attempt=2, began=NOW - 200))
    world.ecs.statuses |= {"i-2": "DRAINING", "i-1": "DRAINING"}
    world.drains.create(replace(DRAIN, attempt=3))
    rows = world.rows("drained", "--stuck")
    assert [(row["instance"], row["stuck"], row["next"]) for row in rows] == [
        ("i-2", "kept at its deadline", "opsctl drain show i-2/1")
    ]


def test_drained_watch_goes_on_while_a_host_drains_even_when_none_is_stuck(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    world.drains.create(DRAIN)
    world.ecs.statuses["i-1"] = "DRAINING"

    def pass_time(_seconds: float) -> None:
        world.drains.update(DRAIN, DRAIN.decided(Outcome.DRAINED, "empty").closed(NOW))

    monkeypatch.setattr(time, "sleep", pass_time)
    assert world.opsctl("drained", "--stuck", "--watch")[0] == 0
    assert world.rows("drained")[0]["state"] == "drained"


def test_drained_stuck_shows_a_host_for_as_long_as_it_is_kept(world: World) -> None:
    world.drains.create(kept("i-2", began=NOW - 9 * 86_400))
    assert world.rows("drained", "--stuck") == []
    world.autoscaling.states["i-2"] = "Terminating:Retained"
    (row,) = world.rows("drained", "--stuck")
    assert (row["instance"], row["state"]) == ("i-2", "kept")


def test_a_table_names_the_cluster_only_where_there_are_several() -> None:
    web, batch = {"cluster": "web"}, {"cluster": "batch"}
    assert _columns([web, web], stuck=False)[0].key == "instance"
    assert [column.key for column in _columns([web, batch], stuck=True)[:2]] == ["cluster", "instance"]


def test_drained_forgets_what_is_older_than_asked_for(world: World) -> None:
    world.drains.create(replace(DRAIN, started=NOW - 7200).decided(Outcome.DRAINED, "empty").closed(NOW - 7000))
    assert world.rows("drained", "--since", "1h") == []
    assert len(world.rows("drained", "--since", "3h")) == 1


def test_drain_start_plans_asks_and_orders(world: World) -> None:
    rows = world.rows("drain", "start", "i-1", "--dry-run")
    assert [(row["group"], row["tasks"], row["to"], row["blocked"]) for row in rows] == [
        ("family:batch", 1, {}, 1),
        ("service:web", 2, {"i-2": 1}, 1),
    ]
    assert rows[1]["why"] == "no room: the other hosts lack memory (1 time)"
    assert world.ordered() == []
    code, _, err = world.opsctl("drain", "start", "i-1")
    assert (code, "Nobody can be asked" in err) == (2, True)
    code, _, err = world.opsctl("drain", "start", "i-1", "i-1", "--yes", "--reason", "kernel patch")
    assert (code, "opsctl undrain i-1" in err) == (0, True)
    (ordered,) = world.ordered()
    assert isinstance(ordered, Order)
    assert (ordered.instance_id, ordered.group, ordered.reason) == ("i-1", GROUP, "kernel patch")


def test_the_word_start_may_be_left_out(world: World) -> None:
    assert world.rows("drain", "i-1", "--dry-run") == world.rows("drain", "start", "i-1", "--dry-run")
    code, _, err = world.opsctl("drain", "--yes", "--force", "--env", "test", "i-2", "i-1")
    assert (code, "opsctl undrain i-2 i-1" in err) == (0, True)
    assert {ordered.instance_id for ordered in world.ordered()} == {"i-1", "i-2"}


@pytest.mark.parametrize(
    ("outcome", "code", "says"), [(Outcome.DRAINED, 0, "1 instance drained"), (Outcome.KEPT, 3, "i-1/1")]
)
def test_drain_with_wait_tells_by_its_exit_code_whether_all_drained(
    world: World, monkeypatch: pytest.MonkeyPatch, outcome: Outcome, code: int, says: str
) -> None:
    # The function's clock is an hour behind: what is waited for does not hang on clocks.
    ended = replace(DRAIN, started=NOW - 3600, cause=Cause.OPERATOR).decided(outcome, "why").closed(NOW - 3600)
    monkeypatch.setitem(wait_for_end.__kwdefaults__ or {}, "sleep", lambda _seconds: world.drains.create(ended))
    answered = world.opsctl("drain", "i-1", "--yes", "--wait")
    assert answered[0] == code
    assert says in answered[2]


def test_an_instance_of_no_fleet_is_named_and_nothing_is_ordered(world: World) -> None:
    code, _, err = world.opsctl("drain", "start", "i-1", "i-404", "--yes")
    assert (code, "Not instances of a fleet of this stack: i-404." in err) == (4, True)
    assert world.ordered() == []


def test_undrain_orders_unless_the_instance_is_terminating(world: World) -> None:
    world.ecs.statuses |= {"i-1": "DRAINING", "i-2": "DRAINING"}
    world.drains.create(DRAIN)
    code, _, err = world.opsctl("undrain", "i-1", "--yes")
    assert (code, "that cannot be undone: i-1" in err) == (1, True)
    assert world.opsctl("undrain", "i-2", "--yes")[0] == 0
    (ordered,) = world.ordered()
    assert isinstance(ordered, Undo)


def test_drain_show_tells_one_drain_or_the_last_of_an_instance(world: World) -> None:
    world.drains.create(DRAIN.decided(Outcome.KEPT, "late").closed(NOW))
    world.drains.create(replace(DRAIN, attempt=2, left={"t1": "service:web"}))
    shown = world.rows("drain", "show", "i-1")
    assert (shown["drain_id"], shown["outcome"], shown["tasks_left"]) == ("i-1/2", "open", {"t1": "service:web"})
    assert world.rows("drain", "show", "i-1/1")["next"].startswith("opsctl undrain i-1")
    assert world.opsctl("drain", "show", "i-404")[0] == 4
    assert world.opsctl("drain", "show", "i-1/x")[0] == 4


def test_a_drain_is_found_by_the_beginning_of_its_instance_and_completed(world: World) -> None:
    world.drains.create(replace(DRAIN, instance_id="i-0abc1").decided(Outcome.KEPT, "late").closed(NOW))
    world.drains.create(replace(DRAIN, instance_id="i-0abd2"))
    assert world.rows("drain", "show", "i-0abc")["drain_id"] == "i-0abc1/1"
    assert world.rows("drain", "show", "i-0abd/1")["drain_id"] == "i-0abd2/1"
    code, _, err = world.opsctl("drain", "show", "i-0ab")
    assert (code, "Which one: i-0abc1, i-0abd2?" in err) == (2, True)
    assert world.opsctl("drain", "show", "")[0] == 4
    context = click.Context(show, obj=Ops(Choices(env="test")))
    assert [item.value for item in complete_drain(context, show.params[0], "i-0abd")] == ["i-0abd2"]


def test_fleet_shows_drift_from_what_the_group_wants(world: World) -> None:
    (row,) = world.rows("fleet")
    assert (row["fleet"], row["in_service"], row["drifted"], row["draining_by"]) == ("web", 2, 1, "opsctl")
    hosts = world.rows("fleet", "web")
    assert [(host["instance"], host["image_age_days"], host["drift"]) for host in hosts] == [
        ("i-1", 40, "runs ami-old, the group wants ami-new"),
        ("i-2", None, ""),
    ]
    assert [host["agent"] for host in hosts] == ["1.89.0", "not connected"]


def test_an_unknown_fleet_is_answered_with_the_nearest(world: World) -> None:
    code, _, err = world.opsctl("fleet", "wep")
    assert (code, "Did you mean web?" in err) == (4, True)


def test_drained_says_of_a_host_that_takes_tasks_again_that_it_does(world: World) -> None:
    world.drains.create(replace(DRAIN, hook="", cause=Cause.OPERATOR).decided(Outcome.DRAINED, "empty").closed(NOW))
    (row,) = world.rows("drained")
    assert (row["state"], row["tasks_left"], row["why"]) == (
        "active",
        None,
        "takes tasks again; its last drain ended as drained",
    )


def test_drained_lists_an_instance_once_by_its_last_drain(world: World) -> None:
    world.drains.create(replace(DRAIN, instance_id="i-9").decided(Outcome.DRAINED, "empty").closed(NOW - 60))
    world.drains.create(replace(DRAIN, instance_id="i-9", attempt=2).decided(Outcome.LEFT, "gone").closed(NOW))
    assert [(row["drain_id"], row["state"]) for row in world.rows("drained")] == [("i-9/2", "left")]


def test_drained_counts_the_tasks_on_a_kept_host(world: World) -> None:
    world.drains.create(replace(kept("i-2"), left={"t1": "service:web", "t2": "service:web"}))
    world.autoscaling.states["i-2"] = "Terminating:Retained"
    world.ecs.statuses["i-2"] = "DRAINING"
    assert [row["tasks_left"] for row in world.rows("drained")] == [2]


def test_drain_with_wait_sees_the_end_of_a_drain_that_had_begun_long_before(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    old = replace(DRAIN, started=NOW - 900, cause=Cause.OPERATOR, hook="")
    world.drains.create(old)

    def end(_seconds: float) -> None:
        world.drains.update(old, old.decided(Outcome.DRAINED, "empty").closed(NOW))

    monkeypatch.setitem(wait_for_end.__kwdefaults__ or {}, "sleep", end)
    code, _, err = world.opsctl("drain", "i-1", "--yes", "--wait")
    assert (code, "1 instance drained" in err) == (0, True)


def test_undrain_of_an_active_host_says_so_and_orders_nothing(world: World) -> None:
    code, _, err = world.opsctl("undrain", "i-1", "--yes")
    assert (code, "Already ACTIVE, so tasks are placed there, and nothing to do: i-1." in err) == (0, True)
    assert world.ordered() == []


def test_draining_every_host_of_a_service_that_has_nowhere_to_go_wants_force(world: World) -> None:
    code, _, err = world.opsctl("drain", "i-1", "i-2", "--yes")
    assert (code, "every task of web is on these hosts, and none has another place." in err) == (1, True)
    assert world.ordered() == []
    assert "wants --force" in world.opsctl("drain", "i-1", "i-2", "--dry-run")[2]
    assert world.opsctl("drain", "i-1", "i-2", "--yes", "--force")[0] == 0
    assert len(world.ordered()) == 2


def test_an_order_and_an_undo_name_the_drain_that_was_known(world: World) -> None:
    world.opsctl("drain", "i-1", "--yes")
    world.drains.create(replace(DRAIN, cause=Cause.OPERATOR, hook=""))
    world.ecs.statuses["i-1"] = "DRAINING"
    world.opsctl("undrain", "i-1", "--yes")
    assert [(type(sent), sent.attempt) for sent in world.ordered()] == [(Order, 0), (Undo, 1)]


def test_drained_names_every_host_that_auto_scaling_keeps_also_one_without_a_record(world: World) -> None:
    world.autoscaling.states |= {"i-1": "Terminating:Retained", "i-2": "Terminating:Retained"}
    world.drains.create(replace(DRAIN).decided(Outcome.DRAINED, "empty").closed(NOW - 60))
    rows = {row["instance"]: row["stuck"] for row in world.rows("drained", "--stuck")}
    assert rows == dict.fromkeys(("i-1", "i-2"), "kept by Auto Scaling until somebody terminates it")


def test_status_names_kept_hosts_and_what_to_run_next(world: World) -> None:
    boto3.client("sqs", REGION).create_queue(QueueName=f"{QUEUE}-dead-letter")
    world.drains.create(replace(kept("i-2"), left={"t1": "service:web"}))
    world.autoscaling.states["i-2"] = "Terminating:Retained"
    code, out, err = world.opsctl("status", "--output", "json", "--fail")
    (host,) = json.loads(out)["hosts"]
    assert (code, err) == (1, "Next: opsctl drained --stuck\n")
    assert (host["host"], host["tasks_left"], host["why"]) == ("i-2", 1, "kept at its deadline")
    screen = world.opsctl("status")[1]
    assert "1 host that needs a person" in screen
    assert "i-2   kept" in screen
