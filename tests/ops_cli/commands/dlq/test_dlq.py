import json
import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

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


def hide_all(stack: DeadLetterStack, count: int) -> None:
    """Let another reader have all of the dead letters."""
    while stack.visible(stack.dead):
        stack.sqs.receive_message(QueueUrl=stack.dead, MaxNumberOfMessages=10, VisibilityTimeout=600)
    attributes = stack.sqs.get_queue_attributes(QueueUrl=stack.dead, AttributeNames=["All"])["Attributes"]
    assert int(attributes["ApproximateNumberOfMessagesNotVisible"]) == count


@pytest.mark.parametrize("command", ["show", "analyse"])
def test_what_another_reader_has_is_not_called_empty(stack: DeadLetterStack, command: str) -> None:
    stack.put(*"abcde")
    hide_all(stack, 5)
    result = opsctl("dlq", command, "requests")
    assert (result.exit_code, result.stdout) == (0, "")
    assert "it is not empty: 5 in flight" in result.stderr
    assert opsctl("dlq", command, "requests", "--output", "json").stdout.strip() == "[]"


def test_the_list_has_what_another_reader_has(stack: DeadLetterStack) -> None:
    stack.put(*"abcde")
    hide_all(stack, 5)
    (row,) = json.loads(opsctl("dlq", "list", "--output", "json").stdout)
    assert (row["depth"], row["in_flight"]) == (5, 5)


def test_an_export_of_what_another_reader_has_is_not_whole(stack: DeadLetterStack, tmp_path: Path) -> None:
    stack.put(*"abcde")
    hide_all(stack, 5)
    result = opsctl("dlq", "export", "requests", str(tmp_path / "out.ndjson"))
    assert result.exit_code == 3
    assert "0 of about 5 messages could be read" in result.stderr


def test_the_plan_of_a_replay_says_that_all_is_in_flight(stack: DeadLetterStack) -> None:
    stack.put(*"abcde")
    hide_all(stack, 5)
    result = opsctl("replay-dlq", "requests", "--dry-run")
    assert "replay   what becomes visible of 5 messages in flight" in result.stderr
    asked = opsctl("replay-dlq", "requests")
    assert "it is not empty: 5 in flight" in asked.stderr
    assert asked.exit_code != 0  # nobody was there to say yes


def test_show_and_analyse_name_the_same_cause_for_the_oldest_of_many(stack: DeadLetterStack) -> None:
    now = int(time.time() * 1000)
    for number, message_id in enumerate(stack.put(*(f"{number}" for number in range(25)))):
        stack.log(
            json.dumps({"level": "ERROR", "message_id": message_id, "error": f"KeyError: 'k{'ab'[number % 2]}'"}), now
        )
    shown = json.loads(opsctl("dlq", "show", "requests", "--limit", "100", "--output", "json").stdout)
    groups = json.loads(opsctl("dlq", "analyse", "requests", "--output", "json").stdout)
    assert Counter(row["cause"] for row in shown) == {"KeyError: 'ka'": 13, "KeyError: 'kb'": 12}
    counts: Counter[str] = Counter()
    for group in groups:
        counts[group["cause"]] += group["count"]
    assert counts == Counter(row["cause"] for row in shown)
