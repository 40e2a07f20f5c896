"""Plain Terraform does what `opsctl deploy` does: the README's lines, typed in a fresh copy on an emulated account."""

import os
import re
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from ops_cli.clone.places import Places
from ops_cli.deploy.provider_mirror import provider_mirror
from ops_cli.sandbox.emulator import lifecycle
from tests.e2e.newcomer import LONGEST_SECONDS, ROOT, Answer, Newcomer

pytestmark = [pytest.mark.e2e, pytest.mark.terraform]


def readme_lines() -> list[str]:
    """Return what the README has one type, from registering the account to looking at what runs."""
    text = (ROOT / "README.md").read_text(encoding="utf-8")
    blocks = re.findall(r"^```console\n(.*?)^```$", text, re.DOTALL | re.MULTILINE)
    (block,) = [block for block in blocks if "terraform init -backend-config" in block]
    return re.findall(r"^\$ ([^#\n]*[^#\s])", block, re.MULTILINE)


@pytest.fixture(scope="module")
def endpoint(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """An account without anything in it."""
    places = Places(tmp_path_factory.mktemp("account"))
    yield lifecycle.ensure_running(places, print).endpoint
    lifecycle.stop(places, print)


@pytest.fixture(scope="module")
def somebody(endpoint: str, tmp_path_factory: pytest.TempPathFactory) -> Newcomer:
    """Somebody whose shell has the account's credentials, and whose Terraform finds the provider."""
    home = tmp_path_factory.mktemp("somebody")
    someone = Newcomer.at(home)
    shell = {
        "AWS_ENDPOINT_URL": endpoint,
        "AWS_ACCESS_KEY_ID": "test",
        "AWS_SECRET_ACCESS_KEY": "test",
        "AWS_EC2_METADATA_DISABLED": "true",
        "PATH": f"{someone.tree / '.venv/bin'}:{os.environ['PATH']}",
    }
    if mirror := provider_mirror(os.environ, working_dir=someone.tree):
        config = home / "terraformrc"
        config.write_text(f'provider_installation {{\n  filesystem_mirror {{\n    path = "{mirror}"\n  }}\n}}\n')
        shell["TF_CLI_CONFIG_FILE"] = str(config)
    return Newcomer(someone.tree, {**someone.environment, **shell})


def typed(somebody: Newcomer, lines: list[str]) -> Answer:
    """Type the lines one after another and agree to what is asked; the first that fails ends it."""
    script = "set -e\n" + "\n".join(lines)
    answer = subprocess.run(
        ["bash", "-c", script],
        cwd=somebody.tree,
        env=somebody.environment,
        input="yes\n",
        capture_output=True,
        text=True,
        check=False,
        timeout=LONGEST_SECONDS,
    )
    return Answer(answer.returncode, answer.stdout, answer.stderr)


def test_the_readmes_lines_make_the_platform_and_opsctl_sees_it(somebody: Newcomer, endpoint: str) -> None:
    assert somebody.run("make", "setup").code == 0
    lines = readme_lines()
    assert lines[0].startswith("opsctl env add prod --profile")
    assert len(lines) <= 10
    # The two differences to a real account: where it is, and that nobody is at the terminal to agree.
    lines[0] = lines[0].replace("--profile my-profile", f"--endpoint {endpoint}")
    lines[1] = "opsctl --env prod deploy bootstrap --yes"
    answer = typed(somebody, lines)
    assert answer.code == 0, answer.out[-3000:] + answer.err[-3000:]
    assert "Apply complete!" in answer.out
    assert "report-generator" in answer.out


def test_opsctl_deploy_finds_nothing_to_change_afterwards(somebody: Newcomer) -> None:
    answer = somebody.opsctl("--env", "prod", "deploy", "plan")
    assert answer.code == 0, answer.err
    assert "No changes." in answer.out + answer.err


def test_destroy_refuses_what_is_protected_before_anything_goes(somebody: Newcomer) -> None:
    answer = somebody.opsctl("--env", "prod", "deploy", "destroy", "--yes")
    assert answer.code == 1
    assert "Destroying would end half done" in answer.err
    assert somebody.opsctl("--env", "prod", "status").code in (0, 3)


def test_the_ledger_has_the_push_and_a_destroy_needs_no_build(somebody: Newcomer) -> None:
    own = somebody.tree / "terraform/environments/prod.tfvars"
    own.parent.mkdir(exist_ok=True)
    own.write_text("force_destroy = true\n")
    assert somebody.opsctl("--env", "prod", "deploy", "apply", "--yes").code == 0
    for manifest in Path(somebody.tree / "build").glob("*/manifest.json"):
        manifest.unlink()
    answer = somebody.opsctl("--env", "prod", "deploy", "destroy", "--yes")
    assert answer.code == 0, answer.err[-3000:]
    assert somebody.opsctl("--env", "prod", "status").code == 4
