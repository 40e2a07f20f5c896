"""The whole platform as a newcomer meets it: a fresh copy of the tree, the README's commands, what is on the screen.

The tests of this file run in order on one sandbox, which takes minutes to make.
"""

import json
import os
import shutil
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

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


def test_destroying_leaves_nothing(newcomer: Newcomer) -> None:
    answer = newcomer.opsctl("deploy", "destroy", "--yes")
    assert answer.code == 0, answer.err
    assert newcomer.opsctl("status").code == 4
    assert newcomer.opsctl("state", "list", "--output", "json").out in ("", "[]\n")
    assert newcomer.run("make", "down").code == 0
