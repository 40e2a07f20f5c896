"""The emulator's process: start it in a clean environment, know it again, ask it, stop it. Linux and macOS."""

import http
import http.client
import importlib.util
import json
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Mapping
from importlib import metadata
from pathlib import Path
from typing import Any

from ops_cli.clone.places import Places
from ops_cli.clone.process import identify
from ops_cli.clone.record import LOOPBACK, REGION, Emulator, folder_of, write_record
from opscore.errors import OpsError
from opscore.waiting import wait_until

MODULE = "emulated_aws"
"""What is started: a distribution of its own (python/emulator), of which nothing is imported here."""

START_SECONDS = 30.0
ANSWER_SECONDS = 5.0
STOP_SECONDS = 30.0
CHECKPOINT_SECONDS = 60.0
LARGEST_LOG_BYTES = 5_000_000
"""A longer log is put aside, in place of the one before it, when the emulator starts."""
ACCOUNT_CONCURRENCY = 20
"""Executions at a time over all functions: each is a process of about 31 MB. AWS's own limit is 1,000."""

IDENTITY_PATH = "/_opsctl/identity"
CHECKPOINT_PATH = "/_opsctl/checkpoint"


def environment(places: Places, port: int, state_id: str) -> dict[str, str]:
    """Return the whole environment of the emulator: nothing of ours leaks into it, or into a function."""
    return {
        "PATH": os.environ.get("PATH", os.defpath),
        "HOME": str(places.temporary),
        "TMPDIR": str(places.temporary),
        "LANG": "C.UTF-8",
        "TZ": ":UTC",
        "GATEWAY_PORT": str(port),
        "BIND_HOST": LOOPBACK,
        "MINISTACK_REGION": REGION,
        "AWS_ACCESS_KEY_ID": "test",
        "AWS_SECRET_ACCESS_KEY": "test",
        "AUTH": "true",
        "PERSIST_STATE": "1",
        "STATE_DIR": str(places.state),
        "S3_PERSIST": "1",
        "S3_DATA_DIR": str(places.objects),
        "LAMBDA_WARM_TTL_SECONDS": "60",
        "LAMBDA_ACCOUNT_CONCURRENCY": str(ACCOUNT_CONCURRENCY),
        # These two would listen on every interface.
        "IOT_MTLS_ENABLED": "0",
        "SFTP_ENABLED": "0",
        # The emulator looks for containers of its own to remove; it shall not look on this machine.
        "DOCKER_HOST": "unix:///nonexistent",
        "OPSCTL_STATE_ID": state_id,
    }


def installed_version() -> str:
    """Return the version of the emulator that would be started; raises `OpsError` when it is not installed."""
    try:
        if importlib.util.find_spec(MODULE) is not None:
            return metadata.version("ministack")
    except metadata.PackageNotFoundError:
        pass
    in_a_clone = (Path(__file__).resolve().parents[3] / "Makefile").exists()
    command = "make setup" if in_a_clone else "pip install 'opsctl[sandbox]'"
    raise OpsError("The sandbox's emulator is not installed.", hint=f"`{command}` installs it.")


def start(places: Places, port: int, state_id: str) -> Emulator:
    """Start the emulator on `port`, record its process, and return when it answers.

    It is a session of its own: neither Ctrl-C nor the end of this command reaches it. Raises `OpsError` with the end of
    its log when it does not come up.
    """
    shutil.rmtree(places.temporary, ignore_errors=True)
    for folder in (places.temporary, places.state):
        folder.mkdir(parents=True, exist_ok=True)
    _begin_log_anew(places)
    with places.log.open("ab") as log:
        child = subprocess.Popen(
            # -P: what this opsctl brings is started, also in another clone's folder.
            [sys.executable, "-P", "-m", MODULE],
            cwd=places.root,
            env=environment(places, port, state_id),
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
    emulator = Emulator(identify(child.pid), port, state_id, installed_version(), time.time(), folder_of(places))
    write_record(places, emulator)
    wait_until(
        lambda: _identity_or_exit(child, emulator, places),
        timeout=START_SECONDS,
        interval=0.05,
        what="The start of the emulator",
        hint="`opsctl sandbox logs` shows what it wrote.",
    )
    return emulator


def _begin_log_anew(places: Places) -> None:
    if places.log.exists() and places.log.stat().st_size > LARGEST_LOG_BYTES:
        places.log.replace(places.log.with_name(f"{places.log.name}.1"))


def _identity_or_exit(child: "subprocess.Popen[bytes]", emulator: Emulator, places: Places) -> dict[str, Any] | None:
    if child.poll() is not None:
        last = places.log.read_text(encoding="utf-8", errors="replace").strip().splitlines()[-1:]
        raise OpsError(
            f"The emulator ended while it started (exit {child.returncode}): {' '.join(last)}",
            hint="`opsctl sandbox logs` shows all of it.",
        )
    return ask_identity(emulator.port, seconds=1.0)


def ask_identity(port: int, *, seconds: float) -> dict[str, Any] | None:
    """Return what the emulator on `port` says it is; None when nothing of ours answers there."""
    try:
        found = json.loads(_request(port, "GET", IDENTITY_PATH, seconds))
    except (OSError, ValueError, http.client.HTTPException):
        return None
    return found if isinstance(found, dict) and {"pid", "state_id"} <= found.keys() else None


def ask(emulator: Emulator, path: str, given: Mapping[str, Any]) -> dict[str, Any]:
    """Send a JSON object to one of the emulator's own routes and return its answer; raises `OpsError` with its reason.

    These are the routes of `emulated_aws/admin.py`; they belong to no AWS service.
    """
    try:
        status, content = _exchange(emulator.port, "POST", path, ANSWER_SECONDS, json.dumps(given).encode())
        answer = json.loads(content)
    except (OSError, ValueError, http.client.HTTPException) as error:
        raise OpsError(f"The emulator does not answer: {error}", hint="`opsctl sandbox logs` shows why.") from error
    if status >= http.HTTPStatus.BAD_REQUEST:
        raise OpsError(f"The emulator refuses: {answer.get('error', status)}")
    return dict(answer)


def _request(port: int, method: str, path: str, seconds: float) -> bytes:
    status, content = _exchange(port, method, path, seconds)
    if status != http.HTTPStatus.OK:
        raise http.client.HTTPException(f"{method} {path}: {status}")
    return content


def _exchange(port: int, method: str, path: str, seconds: float, body: bytes | None = None) -> tuple[int, bytes]:
    # Not urllib.request: that would send a request to this machine through the proxy of the environment.
    connection = http.client.HTTPConnection(LOOPBACK, port, timeout=seconds)
    try:
        connection.request(method, path, body)
        answer = connection.getresponse()
        return answer.status, answer.read()
    finally:
        connection.close()


def answers(emulator: Emulator) -> bool:
    """Whether this very emulator answers on its port."""
    found = ask_identity(emulator.port, seconds=ANSWER_SECONDS)
    return found is not None and (found["pid"], found["state_id"]) == (emulator.process.pid, emulator.state_id)


def state_of(last: Emulator | None) -> str:
    """Return the state of what was started last: it is asked when its process runs."""
    if last is None:
        return "stopped"
    if not last.process.is_running():
        return "killed"
    return "running" if answers(last) else "not answering"


def checkpoint(emulator: Emulator) -> None:
    """Have the emulator write its whole state to disk now; raises `OpsError` when it does not."""
    try:
        _request(emulator.port, "POST", CHECKPOINT_PATH, CHECKPOINT_SECONDS)
    except (OSError, http.client.HTTPException) as error:
        raise OpsError(
            f"The emulator could not write its state: {error}", hint="`opsctl sandbox logs` shows why."
        ) from error


def stop(places: Places, emulator: Emulator) -> bool:
    """Stop the emulator, its state kept, and remove what it left in the temporary directory.

    Return whether it stopped by itself: False means that it had to be killed and that the last seconds are lost.
    """
    gently = emulator.process.stop(grace_seconds=STOP_SECONDS)
    places.process.unlink(missing_ok=True)
    shutil.rmtree(places.temporary, ignore_errors=True)
    return gently


def adopt(places: Places, port: int, state_id: str) -> Emulator | None:
    """Return and record the emulator of this state that runs on `port` without a record; None when there is none."""
    found = ask_identity(port, seconds=ANSWER_SECONDS)
    if found is None or found["state_id"] != state_id:
        return None
    began, version = float(found["started_at"]), str(found["emulator"])
    emulator = Emulator(identify(found["pid"]), port, state_id, version, began, folder_of(places))
    write_record(places, emulator)
    return emulator
