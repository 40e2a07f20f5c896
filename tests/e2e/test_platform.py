"""The whole platform as a newcomer meets it: a fresh copy of the tree, the README's commands, what is on the screen.

The tests of this file run in order on one sandbox, which takes minutes to make.
"""

import json
import os
import shutil
import subprocess
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from tests.e2e.report_month import ACCOUNTS, MALFORMED, MONTH, ReportMonth

ROOT = Path(__file__).parents[2]
LONGEST_SECONDS = 1200

pytestmark = [
    pytest.mark.e2e,
    pytest.mark.terraform,
    pytest.mark.skipif(shutil.which("terraform") is None, reason="terraform is not installed"),
]


@dataclass(frozen=True)
class Answer:
    code: int
    out: str
    err: str


@dataclass(frozen=True)
class Newcomer:
    """Somebody with a fresh copy of the tree and a home of their own."""

    tree: Path
    environment: dict[str, str]

    def run(self, *command: str) -> Answer:
        answer = subprocess.run(
            command,
            cwd=self.tree,
            env=self.environment,
            capture_output=True,
            text=True,
            check=False,
            timeout=LONGEST_SECONDS,
            stdin=subprocess.DEVNULL,
        )
        return Answer(answer.returncode, answer.stdout, answer.stderr)

    def opsctl(self, *arguments: str) -> Answer:
        return self.run(str(self.tree / ".venv/bin/opsctl"), *arguments)

    def data(self, *arguments: str) -> Any:
        answer = self.opsctl(*arguments, "--output", "json")
        assert answer.code == 0, answer.err
        return json.loads(answer.out)


@pytest.fixture(scope="module")
def newcomer(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Newcomer]:
    home = tmp_path_factory.mktemp("newcomer")
    tree = home / "opsctl"
    listed = subprocess.run(
        ["git", "ls-files", "--cached", "--others", "--exclude-standard"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    )
    for name in listed.stdout.splitlines():
        if (ROOT / name).is_file():
            (tree / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(ROOT / name, tree / name)
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("AWS_", "OPSCTL_", "PYTEST_"))}
    caches = {f"XDG_{name}_HOME": str(home / name.lower()) for name in ("CONFIG", "STATE")}
    someone = Newcomer(tree, {**kept, **caches})
    yield someone
    someone.run("make", "down")


@pytest.fixture(scope="module")
def month(newcomer: Newcomer) -> ReportMonth:
    return ReportMonth(newcomer.data("sandbox", "status")["endpoint"])


def test_make_demo_plays_the_story_from_a_fresh_tree(newcomer: Newcomer) -> None:
    answer = newcomer.run("make", "demo")
    assert answer.code == 0, answer.out[-3000:] + answer.err[-3000:]
    assert "The story went as told." in answer.out


def test_opsctl_needs_no_other_flag(newcomer: Newcomer) -> None:
    assert {row["service"] for row in newcomer.data("services")} >= {
        "report-generator",
        "report-request",
        "report-month",
    }
    assert {row["check"]: row["level"] for row in newcomer.data("doctor")}["stack description"] == "ok"


def test_a_plan_right_after_the_apply_is_empty(newcomer: Newcomer) -> None:
    answer = newcomer.opsctl("deploy", "plan")
    assert answer.code == 0, answer.err
    assert "No changes." in answer.out + answer.err


def test_the_stack_reads_the_same_from_ssm_and_from_the_terraform_outputs(newcomer: Newcomer) -> None:
    from_outputs = newcomer.data("stack", "--terraform-dir", str(newcomer.tree / ".sandbox/terraform"))
    assert from_outputs == newcomer.data("stack")
    addresses = newcomer.data("state", "list", "--type", "aws_sqs_queue", "--query", "[].address")
    assert len(addresses) == 2


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
    assert [row["report_id"] for row in listed if row["first_day"] == "2026-10-01"] == [first["report_id"]]


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


def test_a_second_up_applies_nothing(newcomer: Newcomer) -> None:
    answer = newcomer.run("make", "up")
    assert answer.code == 0, answer.err
    assert "terraform apply" not in answer.err.lower()


def test_a_killed_emulator_is_recovered_with_its_reports(newcomer: Newcomer) -> None:
    before = newcomer.data("report", "list")
    os.kill(newcomer.data("sandbox", "status")["pid"], 9)
    assert newcomer.opsctl("status").code == 5
    answer = newcomer.run("make", "up")
    assert answer.code == 0, answer.err
    assert newcomer.data("report", "list") == before


def test_a_month_of_two_hundred_accounts_comes_to_each_once_whatever_happens(
    newcomer: Newcomer, month: ReportMonth
) -> None:
    """One account's events are damaged, one's are late, one's record cannot be used; messages and the schedule come
    more than once, and one message is no request."""
    seeded = newcomer.data("sandbox", "seed", "--accounts", str(ACCOUNTS), "--months", "1")
    assert seeded["accounts"] == ACCOUNTS
    month.spoil()
    month.run_schedule("report-month", at="2026-11-02T06:00:00")
    month.deliver_again(copies=2)
    month.run_schedule("report-month", at="2026-11-02T06:00:00")
    assert newcomer.opsctl("report", "month", MONTH, "--wait").code == 3
    month.queue_is_empty()

    rows = {row["account"]: row for row in newcomer.data("report", "month", MONTH)}
    states = Counter(row["state"] for row in rows.values())
    assert states == {"DELIVERED": ACCOUNTS - 2, "FAILED": 2}
    assert "DamagedEvents: events/account=" in rows[month.poisoned.account]["reason"]
    assert rows[month.poisoned.account]["attempts"] == 5
    assert "Europe/Atlantis" in rows[month.unusable.account]["reason"]

    delivered = {row["report_id"] for row in rows.values() if row["state"] == "DELIVERED"}
    assert month.writes_of_manifests() == dict.fromkeys(delivered, 1)
    # acme's was delivered, and announced, before the month.
    assert month.announced() == delivered - {rows["acme"]["report_id"]}
    assert month.dead_letters() == {MALFORMED: "bad_message"}
    (letter,) = newcomer.data("dlq", "show", "report-requests")
    assert month.poisoned.account in json.dumps(letter)


def test_late_data_makes_a_report_anew_and_no_other(newcomer: Newcomer, month: ReportMonth) -> None:
    account = month.late.account
    first = month.entry(month.late).report_id
    assert newcomer.data("report", "show", first)["gaps"]
    month.late_data_arrives()
    month.run_schedule("report-sweep", at="2026-11-03T12:00:00")
    assert newcomer.opsctl("report", "month", MONTH, "--account", account, "--wait").code == 0
    rows = {row["account"]: row for row in newcomer.data("report", "month", MONTH)}
    assert [name for name, row in rows.items() if (row["generation"] or 1) > 1] == [account]
    second = rows[account]["report_id"]
    assert newcomer.data("report", "show", first)["state"] == "REISSUED"
    assert not newcomer.data("report", "show", second)["gaps"]
    assert newcomer.data("report", "diff", first, second)["rows_added"] > 0
    month.run_schedule("report-sweep", at="2026-11-04T12:00:00")
    assert newcomer.data("report", "month", MONTH) == list(rows.values())


def test_what_failed_is_mended_replayed_and_asked_for_again(newcomer: Newcomer, month: ReportMonth) -> None:
    month.mend()
    assert newcomer.opsctl("replay-dlq", "report-requests", "--yes").code == 0
    answer = newcomer.opsctl("report", "month", MONTH, "--request", "--wait")
    assert (answer.code, f"{ACCOUNTS} of {ACCOUNTS} delivered." in answer.err) == (0, True), answer.err
    assert set(month.writes_of_manifests().values()) == {1}
    month.run_schedule("report-sweep", at="2026-11-05T12:00:00")
    assert month.segments_with_peers() == {"enterprise", "mid-market", "small"}
    plan = newcomer.data("report", "plan", "--month", "2026-11")
    assert (plan["reports"], plan["peak_concurrency"]) == (ACCOUNTS, plan["maximum_concurrency"])
    assert (plan["throttled_invocations"], plan["dead_letter_chance"]) == (0, 0)


def test_destroying_leaves_nothing(newcomer: Newcomer) -> None:
    answer = newcomer.opsctl("deploy", "destroy", "--yes")
    assert answer.code == 0, answer.err
    assert newcomer.opsctl("status").code == 4
    assert newcomer.opsctl("state", "list", "--output", "json").out in ("", "[]\n")
    assert newcomer.run("make", "down").code == 0
