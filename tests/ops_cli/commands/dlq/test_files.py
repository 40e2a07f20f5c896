import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from moto import mock_aws

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
