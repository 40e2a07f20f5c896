"""Every module has an example that Terraform takes: all of them in one run, for a provider starts in seconds."""

import re
import shutil
import subprocess
from pathlib import Path

import pytest

from ops_cli.deploy.provider_mirror import provider_mirror
from tests.terraform.readme_tables import MODULES

ROOT = Path(__file__).parents[2]
EXAMPLES = sorted(
    path.parent for path in [*ROOT.glob("modules/*/example/main.tf"), *ROOT.glob("docs/examples/*/main.tf")]
)


@pytest.mark.parametrize("module", MODULES, ids=lambda module: module.name)
def test_a_module_has_an_example_that_calls_it(module: Path) -> None:
    text = (module / "example/main.tf").read_text()
    assert re.search(r'^  source = "\.\./"$', text, re.MULTILINE)


@pytest.mark.terraform
@pytest.mark.skipif(shutil.which("terraform") is None, reason="terraform is not installed")
def test_every_example_is_valid(tmp_path: Path) -> None:
    ignored = shutil.ignore_patterns(".terraform*", "tests")
    for folder in ("modules", "docs/examples"):
        shutil.copytree(ROOT / folder, tmp_path / folder, ignore=ignored)
    calls = [example.relative_to(ROOT).as_posix() for example in EXAMPLES]
    text = "".join(f'module "{call.replace("/", "_")}" {{\n  source = "./{call}"\n}}\n\n' for call in calls)
    (tmp_path / "main.tf").write_text(text)
    mirror = provider_mirror()
    plugins = [f"-plugin-dir={mirror}"] if mirror else []
    for arguments in (["init", "-backend=false", "-input=false", *plugins], ["validate"]):
        answer = subprocess.run(
            ["terraform", *arguments, "-no-color"], cwd=tmp_path, capture_output=True, text=True, check=False
        )
        assert answer.returncode == 0, answer.stdout + answer.stderr
