"""The same services built by the AWS SAM CLI, which knows no shared library: each service gets its own copy."""

import os
import shutil
import subprocess
import sys
import venv
from pathlib import Path

from tests.bench.monorepo.tree import PACKAGE

ROOT = Path(__file__).parents[3]
HOME = ROOT / "build" / "bench" / "sam"
VERSION = "aws-sam-cli==1.170.0"
_RESOURCE = """\
  {name}:
    Type: AWS::Serverless::Function
    Properties:
      CodeUri: services/{name}
      Handler: handler.handle
      Runtime: {runtime}
      Architectures: [{architecture}]
"""


def executable() -> str | None:
    """Install the SAM CLI into a folder of its own under build/; None when that is not possible here."""
    sam = HOME / "bin" / "sam"
    if not sam.exists():
        venv.create(HOME, with_pip=True, clear=True)
        pip = [str(HOME / "bin" / "python"), "-m", "pip", "install", "-qq", "--disable-pip-version-check"]
        if subprocess.run([*pip, VERSION], check=False).returncode:
            shutil.rmtree(HOME)
            return None
    return str(sam)


def write_project(tree: Path, project: Path, runtime: str, architecture: str) -> Path:
    """Lay the services of a generated tree out as SAM takes them."""
    resources = []
    for function in sorted((tree / "python" / "functions").iterdir()):
        name = function.name.title().replace("_", "")
        service = project / "services" / name
        shutil.copytree(function, service, ignore=shutil.ignore_patterns("*.lock", "__pycache__"))
        shutil.copytree(tree / "python" / "lib" / PACKAGE, service / PACKAGE)
        resources.append(_RESOURCE.format(name=name, runtime=runtime, architecture=architecture))
    head = "AWSTemplateFormatVersion: '2010-09-09'\nTransform: AWS::Serverless-2016-10-31\nResources:\n"
    (project / "template.yaml").write_text(head + "".join(resources), encoding="utf-8")
    return project


def environment() -> dict[str, str]:
    """SAM looks for the runtime's Python, with pip, on PATH, and is told not to phone home."""
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    return {**os.environ, "PATH": path, "SAM_CLI_TELEMETRY": "0", "AWS_DEFAULT_REGION": "eu-west-1"}
