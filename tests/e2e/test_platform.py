"""opsctl against the whole platform: names, permissions, the state, and an emulator that died."""

import datetime as dt
import functools
import json
import os
from typing import Any

import pytest

from tests.e2e.newcomer import Newcomer
from tests.e2e.web_fleet import WebFleet, eventually

pytestmark = [pytest.mark.e2e, pytest.mark.terraform]


def test_the_stack_reads_the_same_from_ssm_and_from_the_terraform_outputs(newcomer: Newcomer) -> None:
    from_outputs = newcomer.data("stack", "--terraform-dir", str(newcomer.tree / ".sandbox/terraform"))
    assert from_outputs == newcomer.data("stack")
    addresses = newcomer.data("state", "list", "--type", "aws_sqs_queue", "--query", "[].address")
    assert len(addresses) == 5


def test_least_privilege_is_enforced(newcomer: Newcomer) -> None:
    """The emulator must refuse what a role does not have, or every green run says nothing about IAM."""
    code = (
        "from ops_cli.frame.context import Ops; from ops_cli.frame.options import Choices\n"
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


def test_a_second_up_applies_nothing(newcomer: Newcomer) -> None:
    answer = newcomer.run("make", "up")
    assert answer.code == 0, answer.err
    assert "terraform apply" not in answer.err.lower()


BAD = 500


def test_bad_requests_are_replayed_once_however_often_the_worker_gives_them_up(
    newcomer: Newcomer, web: WebFleet
) -> None:
    sqs = web.client("sqs")
    name = next(row["dead_letter_queue"] for row in newcomer.data("dlq", "list") if row["queue"] == "report-requests")
    dead = sqs.get_queue_url(QueueName=name)["QueueUrl"]
    (work,) = sqs.list_dead_letter_source_queues(QueueUrl=dead)["queueUrls"]
    there = depth(sqs, dead)
    for first in range(0, BAD, 10):
        bodies = [{"Id": str(number), "MessageBody": f"no request {number}"} for number in range(first, first + 10)]
        sqs.send_message_batch(QueueUrl=work, Entries=bodies)
    eventually(lambda: depth(sqs, dead) == there + BAD, "the worker's dead letters")

    chosen = ("replay-dlq", "report-requests", "--filter", "starts_with(body, 'no request')", "--yes")
    replayed = json.loads(newcomer.opsctl(*chosen, "--output", "json").out)
    assert (replayed["moved"], replayed["failed"], replayed["skipped"]) == (BAD, 0, there)
    eventually(lambda: depth(sqs, dead) == there + BAD, "their return")
    shown = newcomer.data("dlq", "show", "report-requests", "--limit", str(there + BAD))
    bad = [row for row in shown if str(row["body"]).startswith("no request")]
    assert len({row["body"] for row in bad}) == len(bad) == BAD
    assert {(row["replays"], row["attributes"]["reason"]) for row in bad} == {(1, "bad_message")}

    again = json.loads(newcomer.opsctl(*chosen, "--max-replays", "1", "--output", "json").out)
    assert (again["moved"], again["quarantined"]) == (0, BAD)
    assert newcomer.opsctl("dlq", "purge", "report-requests", "--yes", "--export", "bad.ndjson").code == 0


def depth(sqs: Any, url: str) -> int:
    """Return how many messages a queue has, those in flight included."""
    names = ("ApproximateNumberOfMessages", "ApproximateNumberOfMessagesNotVisible")
    found = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=names)["Attributes"]
    return sum(int(found[name]) for name in names)


def await_checkpoint(newcomer: Newcomer, web: WebFleet, queue: str) -> None:
    """Wait until all that was done is on disk; the first checkpoint may have begun before the last of it."""

    def is_saved_since(now: str) -> bool:
        return bool(newcomer.data("sandbox", "status")["saved_at"] > now)

    for _ in range(2):
        now = dt.datetime.now(dt.UTC).isoformat()
        web.client("sqs").send_message(QueueUrl=queue, MessageBody="a change, without which no checkpoint is written")
        eventually(functools.partial(is_saved_since, now), "a checkpoint")


def test_a_killed_emulator_is_recovered_with_its_reports(newcomer: Newcomer, web: WebFleet, alerts: str) -> None:
    reports, hosts = newcomer.data("report", "list"), len(web.in_service())
    await_checkpoint(newcomer, web, alerts)
    os.kill(newcomer.data("sandbox", "status")["pid"], 9)
    assert newcomer.opsctl("status").code == 4
    answer = newcomer.run("make", "up")
    assert answer.code == 0, answer.err
    assert newcomer.data("report", "list") == reports
    assert len(web.in_service()) == hosts > 0
