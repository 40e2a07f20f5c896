"""The whole platform as a newcomer meets it: a fresh copy of the tree, the README's commands, what is on the screen.

The tests of this file run in order on one sandbox, which takes minutes to make. A host that cannot drain waits for its
deadline from the third test on, while the others run.
"""

import datetime as dt
import functools
import json
import os
import shutil
from collections.abc import Iterator
from typing import Any

import pytest

from tests.e2e.newcomer import Newcomer
from tests.e2e.web_fleet import PLATFORM, WebFleet, eventually

pytestmark = [
    pytest.mark.e2e,
    pytest.mark.terraform,
    pytest.mark.skipif(shutil.which("terraform") is None, reason="terraform is not installed"),
]

PINNED = "pinned"
"""A service that ECS may neither stop nor start a task of: it holds its host for ever."""

SIZE = 5
"""Hosts of the fleet while the tests work on it; it may have one more."""


@pytest.fixture(scope="module")
def newcomer(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Newcomer]:
    someone = Newcomer.at(tmp_path_factory.mktemp("newcomer"))
    yield someone
    someone.run("make", "down")


@pytest.fixture(scope="module")
def web(newcomer: Newcomer) -> WebFleet:
    return WebFleet(newcomer.data("sandbox", "status")["endpoint"])


@pytest.fixture(scope="module")
def alerts(web: WebFleet) -> str:
    """A queue that hears the alerts from now on."""
    return web.listen()


@pytest.fixture(scope="module")
def pinned(web: WebFleet, alerts: str) -> str:
    """A host that is terminated and cannot drain."""
    assert alerts
    host = web.pin(PINNED)
    web.terminate(host)
    return host


def test_make_demo_plays_the_story_from_a_fresh_tree(newcomer: Newcomer) -> None:
    answer = newcomer.run("make", "demo")
    assert answer.code == 0, answer.out[-3000:] + answer.err[-3000:]
    assert "The story went as told." in answer.out


def test_opsctl_needs_no_other_flag(newcomer: Newcomer) -> None:
    assert {row["service"] for row in newcomer.data("services")} == {"ecs-drain", "report-generator", "report-request"}
    assert {row["check"]: row["level"] for row in newcomer.data("doctor")}["stack description"] == "ok"


def test_a_plan_right_after_the_apply_is_empty(newcomer: Newcomer) -> None:
    assert_nothing_to_change(newcomer)


def assert_nothing_to_change(newcomer: Newcomer) -> None:
    answer = newcomer.opsctl("deploy", "plan")
    assert answer.code == 0, answer.err
    assert "No changes." in answer.out + answer.err


def test_the_fleet_has_hosts_with_tasks_and_a_plan_says_which_service_cannot_leave_one(
    newcomer: Newcomer, pinned: str
) -> None:
    (fleet,) = newcomer.data("fleet")
    assert (fleet["fleet"], fleet["draining_by"], fleet["drifted"]) == ("web", "opsctl", 0)
    hosts = newcomer.data("fleet", "web")
    assert sum(host["tasks"] or 0 for host in hosts) >= 4 + 2 + 3 + 1
    assert all(host["image_age_days"] > 0 for host in hosts)
    (blocked,) = [row for row in newcomer.data("drain", pinned, "--dry-run") if row["blocked"]]
    assert blocked["group"] == f"service:{PINNED}"
    assert "ECS may neither stop a task nor start one" in blocked["why"]


def drains(newcomer: Newcomer) -> dict[str, dict[str, Any]]:
    """Return the last drain of each instance; the rows come with the open ones first, then the latest."""
    found: dict[str, dict[str, Any]] = {}
    for row in newcomer.data("drained"):
        found.setdefault(row["instance"], row)
    return found


def await_drained(newcomer: Newcomer, instances: set[str]) -> dict[str, dict[str, Any]]:
    def ended() -> dict[str, dict[str, Any]] | None:
        found = drains(newcomer)
        over = all(name in found and found[name]["state"] != "draining" for name in instances)
        return {name: found[name] for name in instances} if over else None

    rows: dict[str, dict[str, Any]] = eventually(ended, "the end of the drains")
    assert {name: (row["state"], row["killed"]) for name, row in rows.items()} == dict.fromkeys(
        instances, ("drained", 0)
    )
    return rows


def test_hosts_that_go_for_any_reason_lose_no_task(newcomer: Newcomer, web: WebFleet, pinned: str) -> None:
    before = set(web.grow(SIZE + 1))
    web.resize(SIZE)
    (scaled_in,) = eventually(lambda: before - set(web.in_service()), "the group's choice")
    unheard, terminated, interrupted, ordered, _ = sorted(before - {scaled_in})
    web.terminate_unheard(unheard)
    web.terminate(terminated)
    web.interrupt(interrupted)
    answer = newcomer.opsctl("drain", ordered, "--yes", "--reason", "kernel patch")
    assert answer.code == 0, answer.err
    eventually(lambda: {scaled_in, terminated} <= drains(newcomer).keys(), "the drains that events begin")
    web.sweep()
    rows = await_drained(newcomer, {scaled_in, unheard, terminated, interrupted, ordered})
    causes = {row["instance"]: row["cause"] for row in rows.values()}
    assert causes == {
        scaled_in: "termination",
        unheard: "termination",
        terminated: "termination",
        interrupted: "spot",
        ordered: "operator",
    }
    assert all(row["tasks_at_start"] > 0 and row["image"].startswith("ami-") and row["zone"] for row in rows.values())
    shown = newcomer.data("drain", "show", ordered)
    assert shown["detail"].endswith(": kernel patch")
    assert newcomer.data("drain", "show", unheard)["detail"] == "the sweep found the instance waiting"
    # The schedule may find one of them in the second before its event arrives, not both.
    assert "" in [newcomer.data("drain", "show", name)["detail"] for name in (scaled_in, terminated)]
    assert web.victims() == []
    assert web.states()[pinned].startswith("Terminating:")


def test_a_host_that_was_ordered_away_takes_tasks_again(newcomer: Newcomer, web: WebFleet) -> None:
    (ordered,) = [name for name, row in drains(newcomer).items() if row["cause"] == "operator"]
    assert newcomer.opsctl("undrain", ordered, "--yes").code == 0
    eventually(
        lambda: {host["instance"]: host["status"] for host in newcomer.data("fleet", "web")}[ordered] == "ACTIVE",
        "the host among those that take tasks",
    )


def test_an_instance_refresh_replaces_every_host_and_kills_no_task(newcomer: Newcomer, web: WebFleet) -> None:
    eventually(lambda: len(web.in_service()) == SIZE, "the replacement of what was terminated")
    before = set(web.in_service())
    web.await_refreshed(web.refresh())
    await_drained(newcomer, before - set(web.in_service()))
    assert not before & set(web.in_service())
    assert web.victims() == []


def test_a_plan_after_instances_came_and_went_is_empty(newcomer: Newcomer) -> None:
    assert_nothing_to_change(newcomer)


def test_the_stack_reads_the_same_from_ssm_and_from_the_terraform_outputs(newcomer: Newcomer) -> None:
    from_outputs = newcomer.data("stack", "--terraform-dir", str(newcomer.tree / ".sandbox/terraform"))
    assert from_outputs == newcomer.data("stack")
    addresses = newcomer.data("state", "list", "--type", "aws_sqs_queue", "--query", "[].address")
    assert len(addresses) == 4


def test_the_downloaded_reports_are_real(newcomer: Newcomer) -> None:
    manifests = sorted((newcomer.tree / "build/demo").glob("*/manifest.json"))
    assert {path.parent.name.split("_")[0] for path in manifests} == {"acme", "borealis", "ember"}
    for path in manifests:
        rows = json.loads(path.read_text())["rows"]
        assert rows["counted"] > 0
        assert "<svg" in (path.parent / "report.html").read_text()


def test_the_same_request_is_the_same_report(newcomer: Newcomer) -> None:
    first = newcomer.data("report", "start", "--account", "acme", "--from", "2026-10")
    assert first["status"] == "delivered"
    listed = newcomer.data("report", "list", "--account", "acme")
    assert [row["report_id"] for row in listed] == [first["report_id"]]


def test_least_privilege_is_enforced(newcomer: Newcomer) -> None:
    """The emulator must refuse what a role does not have, or every green run says nothing about IAM."""
    code = (
        "from ops_cli.context import Ops; from ops_cli.options import Choices\n"
        "import json\n"
        "ops = Ops(Choices(env='sandbox'))\n"
        "iam, sts = ops.client('iam'), ops.client('sts')\n"
        "role = ops.stack.function('report-request').name\n"
        "arn = next(r['Arn'] for r in iam.list_roles()['Roles'] if r['RoleName'].startswith(role))\n"
        "found = sts.assume_role(RoleArn=arn, RoleSessionName='test')['Credentials']\n"
        "import botocore.session\n"
        "session = botocore.session.Session()\n"
        "session.set_credentials(found['AccessKeyId'], found['SecretAccessKey'], found['SessionToken'])\n"
        "s3 = session.create_client('s3', region_name='eu-west-1', endpoint_url=ops.environment.endpoint)\n"
        "try:\n"
        "    s3.list_objects_v2(Bucket=ops.stack.bucket('usage-events')); print('allowed')\n"
        "except s3.exceptions.ClientError as error:\n"
        "    print(error.response['Error']['Code'])\n"
    )
    answer = newcomer.run(str(newcomer.tree / ".venv/bin/python"), "-c", code)
    assert answer.out.strip() in ("AccessDenied", "AccessDeniedException"), answer.err


@pytest.mark.parametrize(
    ("arguments", "code", "says"),
    [
        (("replay-dlq", "report-request"), 4, "Did you mean report-requests"),
        (("report", "start", "--account", "acm", "--from", "2026-10"), 4, "Did you mean acme"),
        (("logs", "report-generatr"), 4, "Did you mean report-generator"),
        (("--env", "sandbx", "status"), 4, "Did you mean sandbox"),
        (("report", "start", "--account", "acme", "--from", "2026-10-31", "--to", "2026-10-01"), 2, "before it starts"),
    ],
)
def test_a_wrong_name_is_answered_with_the_nearest(
    newcomer: Newcomer, arguments: tuple[str, ...], code: int, says: str
) -> None:
    answer = newcomer.opsctl(*arguments)
    assert (answer.code, answer.out) == (code, "")
    assert says in answer.err


def test_a_host_that_cannot_drain_is_kept_named_and_rings(
    newcomer: Newcomer, web: WebFleet, pinned: str, alerts: str
) -> None:
    eventually(lambda: web.states()[pinned] == "Terminating:Retained", "the deadline of the host that cannot drain")
    (stuck,) = newcomer.data("drained", "--stuck")
    assert (stuck["instance"], stuck["state"], stuck["blocker"]) == (pinned, "kept", PINNED)
    assert stuck["next"] == f"opsctl drain show {pinned}/1"
    web.sweep()
    message = eventually(lambda: web.heard(alerts, f"{PLATFORM}-ecs-drain-stuck"), "the alarm")
    assert message["AlarmDescription"].endswith("Next: opsctl drained --stuck")
    assert web.victims() == []


def test_a_kept_host_goes_once_its_service_can_move(newcomer: Newcomer, web: WebFleet, pinned: str) -> None:
    web.unpin(PINNED)
    eventually(lambda: web.host_of(PINNED) != pinned, "the move of the task that held its host")
    eventually(
        lambda: {host["instance"]: host["tasks"] for host in newcomer.data("fleet", "web")}[pinned] == 0,
        "an empty host",
    )
    web.terminate(pinned)
    eventually(lambda: pinned not in web.states(), "the end of the kept host")
    eventually(lambda: not newcomer.data("drained", "--stuck"), "nothing stuck")
    web.remove(PINNED)
    assert web.victims() == []


def test_a_second_up_applies_nothing(newcomer: Newcomer) -> None:
    answer = newcomer.run("make", "up")
    assert answer.code == 0, answer.err
    assert "terraform apply" not in answer.err.lower()


def await_checkpoint(newcomer: Newcomer, web: WebFleet, queue: str) -> None:
    """Wait until all that was done is on disk; the first checkpoint may have begun before the last of it."""

    def is_saved_since(now: str) -> bool:
        return bool(newcomer.data("sandbox", "status")["saved_at"] > now)

    for _ in range(2):
        now = dt.datetime.now(dt.UTC).isoformat()
        web.client("sqs").send_message(QueueUrl=queue, MessageBody="a change, without which no checkpoint is written")
        eventually(functools.partial(is_saved_since, now), "a checkpoint")


def test_a_killed_emulator_is_recovered_with_its_reports(newcomer: Newcomer, web: WebFleet, alerts: str) -> None:
    before = newcomer.data("report", "list")
    await_checkpoint(newcomer, web, alerts)
    os.kill(newcomer.data("sandbox", "status")["pid"], 9)
    assert newcomer.opsctl("status").code == 5
    answer = newcomer.run("make", "up")
    assert answer.code == 0, answer.err
    assert newcomer.data("report", "list") == before
    assert len(web.in_service()) == SIZE


def test_destroying_leaves_nothing(newcomer: Newcomer, web: WebFleet) -> None:
    answer = newcomer.opsctl("deploy", "destroy", "--yes")
    assert answer.code == 0, answer.err
    assert newcomer.opsctl("status").code == 4
    assert newcomer.opsctl("state", "list", "--output", "json").out in ("", "[]\n")
    assert web.remains() == []
    assert newcomer.run("make", "down").code == 0
