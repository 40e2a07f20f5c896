import json
import time
from collections.abc import Iterator

import pytest
from moto import mock_aws

from tests.ops_cli.commands.dead_letter_stack import DEAD, DeadLetterStack, build, opsctl


@pytest.fixture
def stack(monkeypatch: pytest.MonkeyPatch) -> Iterator[DeadLetterStack]:
    with mock_aws():
        yield build(monkeypatch)


def test_the_list_has_depth_age_and_time_left(stack: DeadLetterStack) -> None:
    stack.put("one", "two")
    (row,) = json.loads(opsctl("dlq", "list", "--output", "json").stdout)
    assert row["queue"] == "requests"
    assert row["depth"] == 2
    assert row["consumer"] == "generator"
    assert 0 <= row["oldest_seconds"] < 60
    assert row["expires_seconds"] > 1_209_600 - 60
    assert stack.visible(stack.dead) == 2


def test_an_empty_queue_is_listed_without_an_age(stack: DeadLetterStack) -> None:
    result = opsctl("dlq", "list")
    assert result.exit_code == 0
    assert result.stdout.splitlines()[-1].split()[:4] == ["requests", "0", "0", "-"]


def test_a_queue_that_is_gone_is_listed_as_gone(stack: DeadLetterStack) -> None:
    stack.sqs.delete_queue(QueueUrl=stack.dead)
    (row,) = json.loads(opsctl("dlq", "list", "--output", "json").stdout)
    assert (row["depth"], row["problem"]) == (None, "gone")
    result = opsctl("dlq", "list")
    assert result.exit_code == 0
    assert "gone" in result.stdout.splitlines()[-1]


def test_a_message_is_shown_with_body_attributes_and_cause_and_stays(stack: DeadLetterStack) -> None:
    (message_id,) = stack.put(
        '{"account": "acme"}', MessageAttributes={"tenant": {"DataType": "String", "StringValue": "acme"}}
    )
    line = {"level": "ERROR", "message_id": message_id, "error_type": "DamagedFile", "error": "line 17: not JSON"}
    stack.log(json.dumps(line), int(time.time() * 1000))
    (row,) = json.loads(opsctl("dlq", "show", "requests", "--output", "json").stdout)
    assert row["message_id"] == message_id
    assert row["body"] == {"account": "acme"}
    assert row["attributes"] == {"tenant": "acme"}
    assert row["cause"] == "DamagedFile: line 17: not JSON"
    assert stack.visible(stack.dead) == 1


def test_show_says_when_there_are_more_messages_than_it_showed(stack: DeadLetterStack) -> None:
    stack.put(*"abc")
    result = opsctl("dlq", "show", DEAD, "--limit", "2")
    assert "2 of about 3 messages" in result.stderr
    assert stack.visible(stack.dead) == 3


def test_an_unknown_queue_exits_with_4_and_names_the_nearest(stack: DeadLetterStack) -> None:
    result = opsctl("dlq", "show", "request")
    assert result.exit_code == 4
    assert "Did you mean requests?" in result.stderr
