"""The port is chosen once, and the state moves with it when it has to."""

import json
import socket
import tempfile
from pathlib import Path

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from ops_cli.sandbox.emulator.ports import PORTS, choose_port, is_free, kept_port, move_urls


def test_the_chosen_port_is_free_and_kept(tmp_path: Path) -> None:
    file = tmp_path / ".sandbox" / "port"
    assert kept_port(file) is None
    port = choose_port(file)
    assert is_free(port)
    assert port in PORTS
    assert kept_port(file) == port


def test_a_port_that_is_taken_is_not_chosen(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    taken, free = choose_port(tmp_path / "one"), choose_port(tmp_path / "other")
    monkeypatch.setattr("ops_cli.sandbox.emulator.ports.random.sample", lambda *_: [taken, free])
    with socket.socket() as other:
        other.bind(("127.0.0.1", taken))
        other.listen()
        assert choose_port(tmp_path / "port") == free


def test_a_damaged_port_file_is_no_port(tmp_path: Path) -> None:
    (tmp_path / "port").write_text("eighty")
    assert kept_port(tmp_path / "port") is None


def test_a_port_that_somebody_listens_on_is_taken() -> None:
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        assert not is_free(other.getsockname()[1])


def test_every_url_moves_and_nothing_else(tmp_path: Path) -> None:
    file = tmp_path / "sqs.json"
    before = {
        "http://127.0.0.1:4510/000000000000/queue": "localhost:4510",
        "others": ["127.0.0.1:45100", "127.0.0.1:4511", "10.127.0.0.1:4510", "example.org:4510", 4510],
    }
    file.write_text(json.dumps(before))
    move_urls([file], 4510, 4600)
    moved = json.loads(file.read_text())
    assert moved["http://127.0.0.1:4600/000000000000/queue"] == "localhost:4600"
    assert moved["others"] == before["others"]


@given(st.integers(1024, 65535), st.integers(1024, 65535), st.binary())
def test_moving_there_and_back_changes_nothing(old: int, new: int, rest: bytes) -> None:
    content = f"http://127.0.0.1:{old}/ ".encode() + rest
    assume(f":{new}".encode() not in content)
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "state.json"
        file.write_bytes(content)
        move_urls([file], old, new)
        assert f":{new}/".encode() in file.read_bytes()
        move_urls([file], new, old)
        assert file.read_bytes() == content
