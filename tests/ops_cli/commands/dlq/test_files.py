import errno
import json
import os
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from moto import mock_aws

from opscore.dead_letters import files
from opscore.dead_letters.tally import Tally
from tests.ops_cli.commands.dead_letter_stack import DEAD, DeadLetterStack, build, opsctl, past


@pytest.fixture
def stack(monkeypatch: pytest.MonkeyPatch) -> Iterator[DeadLetterStack]:
    past(monkeypatch)
    with mock_aws():
        yield build(monkeypatch)


def test_an_export_leaves_the_messages_and_an_import_brings_copies(stack: DeadLetterStack, tmp_path: Path) -> None:
    binary = {"b": {"DataType": "Binary", "BinaryValue": b"\x00\xff"}}
    stack.put("one", "two", MessageAttributes=binary)
    file = tmp_path / "dead.ndjson"
    result = opsctl("dlq", "export", "requests", str(file), "--output", "json")
    assert json.loads(result.stdout)["exported"] == 2
    assert file.stat().st_mode & 0o777 == 0o600
    assert stack.visible(stack.dead) == 2

    assert opsctl("dlq", "import", "requests", str(file), "--yes").exit_code == 0
    answer = stack.sqs.receive_message(QueueUrl=stack.work, MessageAttributeNames=["All"])
    assert answer["Messages"][0]["MessageAttributes"]["b"]["BinaryValue"] == b"\x00\xff"


def test_an_export_does_not_overwrite(stack: DeadLetterStack, tmp_path: Path) -> None:
    file = tmp_path / "dead.ndjson"
    file.write_text("precious")
    assert opsctl("dlq", "export", "requests", str(file)).exit_code == 1
    assert file.read_text() == "precious"


def test_an_import_with_a_bad_line_sends_the_others_and_keeps_the_bad_one(
    stack: DeadLetterStack, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    file = tmp_path / "dead.ndjson"
    file.write_text('{"message_id": "m1", "body": "good"}\noops\n')
    result = opsctl("dlq", "import", "requests", str(file), "--dead-letters", "--yes")
    assert result.exit_code == 3
    assert "line 2" in result.stderr
    assert (tmp_path / "dead.ndjson.rest").read_text() == "oops\n"
    assert stack.bodies(stack.dead) == ["good"]


def test_a_purge_asks_for_the_name_exports_first_and_empties_the_queue(stack: DeadLetterStack, tmp_path: Path) -> None:
    stack.put("one", "two", "three")
    file = tmp_path / "purged.ndjson"
    refused = opsctl("dlq", "purge", "requests", "--export", str(file))
    assert refused.exit_code == 2
    assert not file.exists()
    assert stack.visible(stack.dead) == 3

    result = opsctl("dlq", "purge", DEAD, "--export", str(file), "--yes", "--output", "json")
    assert json.loads(result.stdout)["deleted"] == 3
    assert sorted(json.loads(line)["body"] for line in file.read_text().splitlines()) == ["one", "three", "two"]
    assert stack.bodies(stack.dead) == []


def in_folder(folder: Path) -> set[str]:
    """Return what lies in the folder, besides the configuration of the test."""
    return {path.name for path in folder.iterdir()} - {"config"}


def test_an_export_to_stdout_is_ndjson_and_all_talk_is_on_stderr(
    stack: DeadLetterStack, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    stack.put("one", '{"a": 1.10}')
    result = opsctl("dlq", "export", "requests", "-", "--output", "yaml")
    assert result.exit_code == 0
    assert sorted(json.loads(line)["body"] for line in result.stdout.splitlines()) == ["one", '{"a": 1.10}']
    assert "2 messages exported" in result.stderr
    assert in_folder(tmp_path) == set()
    assert opsctl("dlq", "export", "requests", "./-").exit_code == 0
    assert (tmp_path / "-").stat().st_size


def test_what_was_exported_to_stdout_is_imported_from_stdin(stack: DeadLetterStack) -> None:
    bodies = ["42924e28", '{"a": 1.10, "a": 2}', "[" * 5000, '{"t": "cut \\ud83d"}', "a\r\nb", "å\u2028\x85", "[1e400]"]
    stack.put(*bodies)
    exported = opsctl("dlq", "export", "requests", "-").stdout
    assert opsctl("dlq", "import", "requests", "-", "--yes", stdin=exported).exit_code == 0
    assert stack.bodies(stack.work) == sorted(bodies)


def test_an_import_from_stdin_needs_a_yes_and_keeps_its_rest_in_the_working_folder(
    stack: DeadLetterStack, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    text = '{"message_id": "m1", "body": "good"}\noops\n'
    refused = opsctl("dlq", "import", "requests", "-", stdin=text)
    assert (refused.exit_code, in_folder(tmp_path)) == (2, set())
    result = opsctl("dlq", "import", "requests", "-", "--yes", stdin=text)
    assert result.exit_code == 3
    assert "stdin.rest" in result.stderr
    assert (tmp_path / "stdin.rest").read_text() == "oops\n"
    assert stack.bodies(stack.work) == ["good"]


def test_the_rest_of_a_pipe_is_kept_in_the_working_folder(
    stack: DeadLetterStack, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    pipe = tmp_path / "elsewhere" / "pipe"
    pipe.parent.mkdir()
    os.mkfifo(pipe)
    writer = threading.Thread(target=pipe.write_text, args=('{"message_id": "m1", "body": "good"}\noops\n',))
    writer.start()
    assert opsctl("dlq", "import", "requests", str(pipe), "--yes").exit_code == 3
    writer.join()
    assert (tmp_path / "pipe.rest").read_text() == "oops\n"
    assert stack.bodies(stack.work) == ["good"]


def test_an_import_names_every_bad_line_and_sends_the_others(stack: DeadLetterStack, tmp_path: Path) -> None:
    bad = [
        b"oops", b'{"message_id": "m", "body": 7}', b"[" * 5000,
        b'{"message_id": "m", "body": "x", "attributes": {"a": {"StringValue": "x"}}}',
        b'{"message_id": "m", "body": "\xff"}', b'{"message_id": "m", "body": "\\u0000"}',
        b'{"message_id": "m", "body": "x", "attributes": {"\\ud83d": {"DataType": "String", "StringValue": "x"}}}',
    ]  # fmt: skip
    good = [b'\xef\xbb\xbf{"message_id": "m1", "body": "one"}\r', b"", b'{"message_id": "m2", "body": "two"}']
    file = tmp_path / "dead.ndjson"
    file.write_bytes(b"\n".join([good[0], *bad, *good[1:]]))
    older = tmp_path / "dead.ndjson.rest"
    older.write_text("precious")
    result = opsctl("dlq", "import", "requests", str(file), "--yes", "--output", "json")
    assert result.exit_code == 3
    answer = json.loads(result.stdout)
    assert (answer["sent"], answer["failed"]) == (2, len(bad))
    assert [problem["line"] for problem in answer["problems"]] == [2, 3, 4, 5, 6, 7, 8]
    assert all(f"line {number}: " in result.stderr for number in range(2, 9))
    assert "no DataType" in result.stderr
    assert older.read_text() == "precious"
    rest = tmp_path / "dead.ndjson.rest.2"
    assert (answer["rest"], rest.read_bytes()) == (str(rest), b"".join(line + b"\n" for line in bad))
    assert str(rest) in " ".join(result.stderr.split())
    assert stack.bodies(stack.work) == ["one", "two"]


def test_an_import_of_nothing_is_done_and_says_so(stack: DeadLetterStack, tmp_path: Path) -> None:
    file = tmp_path / "empty.ndjson"
    for content in (b"", b"\n\r\n  \n"):
        file.write_bytes(content)
        result = opsctl("dlq", "import", "requests", str(file), "--output", "json")
        assert (result.exit_code, json.loads(result.stdout)) == (
            0,
            {"sent": 0, "failed": 0, "possibly_twice": 0},
        )
        assert "holds no messages" in result.stderr
    assert in_folder(tmp_path) == {file.name}
    assert stack.visible(stack.work) == 0


def test_nothing_is_sent_while_the_rest_has_no_place(
    stack: DeadLetterStack, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = tmp_path / "dead.ndjson"
    file.write_text('{"message_id": "m1", "body": "good"}\n')

    def full(_path: Path) -> None:
        raise OSError(errno.EROFS, os.strerror(errno.EROFS), f"{file}.rest")

    monkeypatch.setattr(files, "create_private", full)
    result = opsctl("dlq", "import", "requests", str(file), "--yes")
    assert result.exit_code == 1
    assert "dead.ndjson.rest: Read-only file system." in result.stderr
    assert stack.visible(stack.work) == 0


def test_an_import_that_is_interrupted_keeps_what_it_did_not_send(
    stack: DeadLetterStack, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = tmp_path / "dead.ndjson"
    lines = [f'{{"message_id": "m{number}", "body": "{number}"}}\n' for number in range(3)]
    file.write_text("".join(lines))

    def interrupted(work: files.Import, _lines: object) -> None:
        work.result.done.add(2)
        raise KeyboardInterrupt

    monkeypatch.setattr(files.Import, "run", interrupted)
    result = opsctl("dlq", "import", "requests", str(file), "--yes", "--output", "json")
    assert result.exit_code == 130
    assert json.loads(result.stdout)["sent"] == 1
    assert "Interrupted: 1 message sent." in result.stderr
    assert (tmp_path / "dead.ndjson.rest").read_text() == lines[0] + lines[2]


def test_an_interrupted_purge_asks_the_queue_how_many_are_left(
    stack: DeadLetterStack, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    stack.put("one", "two", "three")
    monkeypatch.setattr(files, "purge_into", lambda *_: Tally(moved=1, interrupted=True))
    result = opsctl("dlq", "purge", "requests", "--export", str(tmp_path / "out"), "--yes", "--output", "json")
    assert (result.exit_code, json.loads(result.stdout)["deleted"]) == (130, 1)
    assert f"1 deleted and safe in {tmp_path / 'out'}, about 3 messages left in {DEAD}" in result.stderr


def test_a_purge_into_stdout_or_a_place_that_is_none_deletes_nothing(stack: DeadLetterStack, tmp_path: Path) -> None:
    stack.put("one")
    assert opsctl("dlq", "purge", "requests", "--export", "-", "--yes").exit_code == 2
    nowhere = tmp_path / "nowhere" / "out"
    result = opsctl("dlq", "purge", "requests", "--export", str(nowhere), "--yes")
    assert result.exit_code == 1
    assert f"{nowhere}: No such file or directory." in result.stderr
    assert stack.bodies(stack.dead) == ["one"]
