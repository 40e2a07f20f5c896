"""How long opsctl takes to start, against `import click` as the floor and the AWS CLI as the peer."""

import http.server
import json
import os
import subprocess
import sys
import threading
import venv
from pathlib import Path
from typing import Any

from tests.bench.timing import compare

ROOT = Path(__file__).parents[2]
OPSCTL = str(Path(sys.executable).with_name("opsctl"))
PEER_HOME = ROOT / "build" / "bench" / "awscli"
PEER_VERSION = "awscli==1.46.3"
IMPORT_CLICK = [sys.executable, "-c", "import click"]


def run() -> list[dict[str, Any]]:
    """Measure --version, --help, completion and a command with one call."""
    aws = peer()
    rows = []
    completing = {**os.environ, "_OPSCTL_COMPLETE": "bash_complete", "COMP_WORDS": "opsctl re", "COMP_CWORD": "1"}
    for arguments in (["--version"], ["--help"]):
        rows.append(compare(f"opsctl {arguments[0]} / import click", [OPSCTL, *arguments], IMPORT_CLICK, 1.3))
        rows.append(compare(f"opsctl {arguments[0]} / aws --version", [OPSCTL, *arguments], [aws, "--version"], 0.2))
    rows.append(compare("completion / import click", [OPSCTL], IMPORT_CLICK, 1.3, environment=completing))
    return [*rows, one_call(aws)]


def peer() -> str:
    """Install the AWS CLI into a folder of its own under build/ and return its path."""
    executable = PEER_HOME / "bin" / "aws"
    if not executable.exists():
        venv.create(PEER_HOME, with_pip=True, clear=True)
        pip = [str(PEER_HOME / "bin" / "python"), "-m", "pip", "install", "--quiet"]
        subprocess.run([*pip, "--disable-pip-version-check", PEER_VERSION], check=True)
    return str(executable)


class _OneParameter(http.server.BaseHTTPRequestHandler):
    """A stand-in that answers every call with one SSM parameter that holds an empty stack description."""

    DESCRIPTION = json.dumps(
        {
            "schema_version": 1,
            "project": "opsctl",
            "environment": "bench",
            "account_id": "000000000000",
            "region": "eu-west-1",
            **{kind: {} for kind in ("functions", "queues", "tables", "buckets", "state_machines", "fleets")},
        }
    )

    def do_POST(self) -> None:
        """Answer like SSM's GetParameter."""
        body = json.dumps({"Parameter": {"Name": "x", "Type": "String", "Value": self.DESCRIPTION}}).encode()
        self.send_response(200)
        self.send_header("Content-Type", "application/x-amz-json-1.1")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: Any) -> None:
        """Stay silent."""


def one_call(aws: str) -> dict[str, Any]:
    """Compare `opsctl stack`, which reads the stack description, with `aws ssm get-parameter`: one call each."""
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), _OneParameter)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    endpoint = f"http://127.0.0.1:{server.server_port}"
    home = ROOT / "build" / "bench" / "config"
    (home / "opsctl").mkdir(parents=True, exist_ok=True)
    (home / "opsctl" / "environments.toml").write_text(f'[bench]\nendpoint = "{endpoint}"\nregion = "eu-west-1"\n')
    environment = {
        **os.environ,
        "XDG_CONFIG_HOME": str(home),
        "AWS_ACCESS_KEY_ID": "test",
        "AWS_SECRET_ACCESS_KEY": "test",
        "AWS_DEFAULT_REGION": "eu-west-1",
    }
    call = [aws, "ssm", "get-parameter", "--name", "/opsctl/bench/stack", "--endpoint-url", endpoint]
    try:
        return compare("one AWS call / the same aws call", [OPSCTL, "stack"], call, 0.8, environment=environment)
    finally:
        server.shutdown()
