"""Whatever an earlier run left behind, a start leads to a running emulator, and one line says what was found."""

import json
import os
import signal
import socket
from dataclasses import replace
from importlib import metadata
from pathlib import Path
from typing import Any
from unittest.mock import ANY

import pytest

from ops_cli.clone.places import Places
from ops_cli.clone.record import Emulator
from ops_cli.sandbox.emulator import lifecycle
from ops_cli.sandbox.emulator import process as emulators
from ops_cli.sandbox.emulator.checkpoints import Condition, condition, read_checkpoint
from ops_cli.sandbox.emulator.ports import kept_port
from ops_cli.sandbox.emulator.process import environment
from opscore.errors import OpsError
from tests.emulator.emulated_account import Account, eventually


class Said(list[str]):
    """What the operator was told."""

    def __call__(self, line: str) -> None:
        self.append(line)


@pytest.fixture
def said() -> Said:
    return Said()


def up(places: Places, said: Said) -> Emulator:
    return lifecycle.ensure_running(places, said)


def with_queue(emulator: Emulator) -> Emulator:
    """Put something into the account that is worth keeping, and save it."""
    Account(emulator).client("sqs").create_queue(QueueName="kept")
    s3 = Account(emulator).client("s3")
    s3.create_bucket(Bucket="kept", CreateBucketConfiguration={"LocationConstraint": "eu-west-1"})
    s3.put_object(Bucket="kept", Key="a/b", Body=b"content")
    emulators.checkpoint(emulator)
    return emulator


def is_kept(emulator: Emulator) -> bool:
    s3 = Account(emulator).client("s3")
    queues = Account(emulator).client("sqs").list_queues().get("QueueUrls", [])
    return bool(queues) and s3.get_object(Bucket="kept", Key="a/b")["Body"].read() == b"content"


def kill(emulator: Emulator) -> None:
    os.kill(emulator.process.pid, signal.SIGKILL)
    eventually(lambda: not emulator.process.is_running() or _reaped(emulator.process.pid), "the end")


def _reaped(pid: int) -> bool:
    return os.waitpid(pid, os.WNOHANG)[0] == pid


def test_a_second_start_finds_the_first(places: Places, said: Said) -> None:
    assert up(places, said) == up(places, said)
    assert said == []


@pytest.mark.skipif(not Path("/proc/net/tcp").exists(), reason="asks Linux")
def test_it_listens_on_the_loopback_interface_only(places: Places, said: Said) -> None:
    port = up(places, said).port
    listening = [line.split()[1] for line in Path("/proc/net/tcp").read_text().splitlines()[1:] if " 0A " in line]
    assert [address for address in listening if address.endswith(f":{port:04X}")] == [f"0100007F:{port:04X}"]
    assert not [line for line in Path("/proc/net/tcp6").read_text().splitlines()[1:] if f":{port:04X} " in line[:60]]


def test_a_stop_keeps_the_account_and_cleans_up(places: Places, said: Said) -> None:
    first = with_queue(up(places, said))
    assert lifecycle.stop(places, said)
    assert not first.process.is_running()
    assert not places.process.exists()
    assert not places.temporary.exists()
    second = up(places, said)
    assert is_kept(second)
    assert (second.port, second.state_id) == (first.port, first.state_id)
    assert said == []


def test_stopping_what_does_not_run_is_no_error(places: Places, said: Said) -> None:
    assert not lifecycle.stop(places, said)


def test_a_killed_emulator_is_told_and_comes_back_with_what_was_saved(places: Places, said: Said) -> None:
    first = with_queue(up(places, said))
    kill(first)
    second = up(places, said)
    assert is_kept(second)
    assert second.process.pid != first.process.pid
    # Its port may have gone to another program meanwhile, which is told, too.
    assert len(said) == 1 + (second.port != first.port)
    assert f"process {first.process.pid}) had ended without being stopped; its state of" in said[0]


def test_without_being_asked_the_emulator_saves_what_changed(places: Places, said: Said) -> None:
    first = up(places, said)
    Account(first).client("sqs").create_queue(QueueName="kept")

    def is_saved() -> bool:
        checkpoint = read_checkpoint(places.state)
        return checkpoint is not None and "kept" in (places.state / "sqs.json").read_text()

    eventually(lambda: (places.state / "sqs.json").exists() and is_saved(), "a save")
    kill(first)
    assert Account(up(places, said)).client("sqs").list_queues()["QueueUrls"]


def test_a_pid_that_another_program_has_now_is_left_alone(places: Places, said: Said) -> None:
    first = up(places, said)
    lifecycle.stop(places, said)
    record = {**json.loads(json.dumps(_record(first))), "process": {"pid": os.getpid(), "began": "long ago"}}
    places.process.write_text(json.dumps(record))
    assert up(places, said).process.pid != os.getpid()
    assert f"process {os.getpid()}) had ended" in said[0]


def _record(emulator: Emulator) -> dict[str, Any]:
    from dataclasses import asdict

    return asdict(emulator)


def test_an_emulator_without_a_record_is_found_by_its_port(places: Places, said: Said) -> None:
    first = up(places, said)
    places.process.unlink()
    second = up(places, said)
    assert second.process == first.process
    assert said == [f"Found the emulator (process {first.process.pid}), which an interrupted run had started."]
    assert lifecycle.stop(places, said)


def test_an_emulator_that_an_earlier_version_started_is_taken_over(places: Places, said: Said) -> None:
    first = up(places, said)
    record = _record(first)
    del record["folder"]
    places.process.write_text(json.dumps(record))
    places.origin.unlink()
    assert up(places, said) == replace(first, started_at=ANY)
    assert "Found the emulator" in said[0]
    assert up(places, said).folder == str(places.folder)


def test_a_moved_clone_says_what_still_runs_and_goes_on(places: Places, said: Said, tmp_path: Path) -> None:
    first = with_queue(up(places, said))
    places.folder.rename(tmp_path / "kept")
    (tmp_path / "moved").mkdir()
    (tmp_path / "kept").rename(tmp_path / "moved/.sandbox")
    moved = Places(tmp_path / "moved")
    try:
        second = up(moved, said)
        assert is_kept(second)
        assert second.state_id != first.state_id
        assert f"came from {tmp_path}" in said[0]
        assert f"`kill {first.process.pid}` stops it" in said[0]
    finally:
        lifecycle.stop(moved, said)
        kill(first)


def test_an_emulator_that_does_not_answer_is_started_again(
    places: Places, said: Said, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = with_queue(up(places, said))
    monkeypatch.setattr(emulators, "ANSWER_SECONDS", 0.2)
    monkeypatch.setattr(emulators, "STOP_SECONDS", 0.2)
    os.kill(first.process.pid, signal.SIGSTOP)
    second = up(places, said)
    assert not first.process.is_running()
    assert is_kept(second)
    assert f"process {first.process.pid}) did not answer and was stopped" in said[0]


def test_a_taken_port_moves_the_account_to_another(places: Places, said: Said, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(lifecycle, "SECONDS_TO_SHOW_ITSELF", 0.1)
    monkeypatch.setattr(emulators, "ANSWER_SECONDS", 0.1)
    first = with_queue(up(places, said))
    lifecycle.stop(places, said)
    places.terraform.mkdir(parents=True)
    state = places.terraform / "terraform.tfstate"
    state.write_text(f'{{"id": "{first.endpoint}/000000000000/kept"}}')
    with socket.socket() as other:
        other.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        other.bind(("127.0.0.1", first.port))
        other.listen()
        second = up(places, said)
    assert said == [f"Port {first.port} is taken by another program; the sandbox moves to port {second.port}."]
    assert kept_port(places.port) == second.port != first.port
    assert is_kept(second)
    sqs = Account(second).client("sqs")
    assert sqs.get_queue_url(QueueName="kept")["QueueUrl"].startswith(second.endpoint)
    assert second.endpoint in state.read_text()
    assert first.endpoint not in state.read_text()


def test_a_damaged_state_is_told_and_replaced_with_terraforms_record_of_it(places: Places, said: Said) -> None:
    first = with_queue(up(places, said))
    lifecycle.stop(places, said)
    places.terraform.mkdir(parents=True)
    (places.terraform / "terraform.tfstate").write_text("{}")
    whole = (places.state / "sqs.json").read_text()
    (places.state / "sqs.json").write_text(whole[: len(whole) // 2])
    second = up(places, said)
    assert said == ["The saved state cannot be used (a file of it is damaged); starting with an empty account."]
    assert second.state_id != first.state_id
    assert Account(second).client("sqs").list_queues().get("QueueUrls", []) == []
    assert Account(second).client("s3").list_buckets()["Buckets"] == []
    assert not (places.terraform / "terraform.tfstate").exists()


def test_a_save_that_was_interrupted_is_used_and_the_next_apply_warned(places: Places, said: Said) -> None:
    with_queue(up(places, said))
    lifecycle.stop(places, said)
    text = (places.state / "sqs.json").read_text()
    (places.state / "sqs.json").write_text(text + " ")
    assert condition(places.state) is Condition.TORN
    assert is_kept(up(places, said))
    assert "incomplete" in said[0]
    assert places.applying.exists()


def test_what_the_log_says_is_in_the_error_when_it_does_not_start(
    places: Places, said: Said, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*args: Any) -> dict[str, str]:
        return {**environment(*args), "GATEWAY_PORT": "no number"}

    monkeypatch.setattr(emulators, "environment", broken)
    with pytest.raises(OpsError, match=r"ended while it started \(exit 1\): .*no number"):
        up(places, said)


def test_no_variable_of_the_operator_reaches_the_emulator(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("PYTHONPATH", "AWS_PROFILE", "AWS_ENDPOINT_URL", "HTTP_PROXY", "DOCKER_HOST"):
        monkeypatch.setenv(name, "of the operator")
    variables = environment(Places(Path("/nowhere")), 1, "life-1")
    assert "of the operator" not in variables.values()
    assert variables["AUTH"] == "true"


def test_a_long_log_is_put_aside(places: Places, said: Said, monkeypatch: pytest.MonkeyPatch) -> None:
    places.folder.mkdir()
    places.log.write_text("of earlier runs\n" * 10)
    monkeypatch.setattr(emulators, "LARGEST_LOG_BYTES", 20)
    up(places, said)
    assert "of earlier runs" not in places.log.read_text()
    assert "of earlier runs" in places.log.with_name("emulator.log.1").read_text()


def test_without_the_emulator_one_is_told_how_to_get_it(
    places: Places, said: Said, monkeypatch: pytest.MonkeyPatch
) -> None:
    def not_installed(name: str) -> str:
        raise metadata.PackageNotFoundError(name)

    monkeypatch.setattr(metadata, "version", not_installed)
    with pytest.raises(OpsError, match="emulator is not installed") as told:
        up(places, said)
    assert "make setup" in told.value.hint
