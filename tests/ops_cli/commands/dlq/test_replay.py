import json
import time
from collections.abc import Iterator
from itertools import chain, repeat

import pytest
from moto import mock_aws

from opscore.dead_letters.engine.engine import ClientEngine
from tests.ops_cli.commands.dead_letter_stack import DEAD, DeadLetterStack, build, opsctl, past


@pytest.fixture
def stack(monkeypatch: pytest.MonkeyPatch) -> Iterator[DeadLetterStack]:
    past(monkeypatch)
    with mock_aws():
        yield build(monkeypatch)


@pytest.mark.parametrize("name", ["requests", "t-requests", DEAD])
def test_the_queue_is_named_by_role_work_queue_or_dead_letter_queue(stack: DeadLetterStack, name: str) -> None:
    stack.put("one", "two")
    result = opsctl("replay-dlq", name, "--yes")
    assert result.exit_code == 0, result.output
    assert stack.bodies(stack.work) == ["one", "two"]
    assert stack.visible(stack.dead) == 0


def test_the_plan_is_shown_first_and_a_dry_run_changes_nothing(stack: DeadLetterStack) -> None:
    stack.put("one", "two")
    result = opsctl("replay-dlq", "requests", "--dry-run")
    assert result.exit_code == 0
    assert "t-requests-dead-letter: 2 visible" in result.stderr
    assert "Changes made: none." in result.stderr
    assert stack.visible(stack.dead) == 2
    assert stack.bodies(stack.work) == []


def test_the_plan_of_a_dry_run_can_be_had_as_data(stack: DeadLetterStack) -> None:
    stack.put("one", "two")
    result = opsctl("replay-dlq", "requests", "--dry-run", "--output", "json")
    plan = json.loads(result.stdout)
    assert (result.exit_code, plan["count"], plan["is_exact"], plan["environment"]) == (0, 2, True, "test")
    assert plan["destinations"] == [{"destination": "t-requests", "count": 2}]
    assert "t-requests-dead-letter: 2 visible" in result.stderr
    assert opsctl("replay-dlq", "requests", "--dry-run", "--query", "count").stdout == "2\n"
    assert opsctl("replay-dlq", "requests", "--dry-run").stdout == ""
    assert stack.visible(stack.dead) == 2


def test_the_plan_shows_an_edited_body_as_it_will_be_sent(stack: DeadLetterStack) -> None:
    stack.put('{"n": 1}')
    result = opsctl("replay-dlq", "requests", "--edit", 'merge(@, `{"n": 2}`)', "--dry-run", "--output", "json")
    assert [sample["body"] for sample in json.loads(result.stdout)["samples"]] == ['{"n":2}']
    assert '{"n":2}' in result.stderr


def test_a_person_reads_the_counts_that_are_not_zero(stack: DeadLetterStack) -> None:
    stack.put("stays", '{"n": 1}')
    result = opsctl("replay-dlq", "requests", "--filter", "body.n == `1`", "--yes")
    run, _, counts = result.stdout.partition(": ")
    assert counts == "1 moved, 1 skipped.\n"
    assert run in opsctl("dlq", "history").stdout


def test_the_plan_shows_only_what_the_filter_chooses(stack: DeadLetterStack) -> None:
    stack.put("stays", '{"n": 1}')
    result = opsctl("replay-dlq", "requests", "--filter", "body.n == `1`", "--dry-run")
    examples = [line for line in result.stderr.splitlines() if line.startswith("such as")]
    assert [line.endswith('{"n": 1}') for line in examples] == [True]


def test_a_filter_that_chooses_nothing_of_the_sample_says_so_and_still_looks_at_all(stack: DeadLetterStack) -> None:
    stack.put(*(str(number) for number in range(40)), '{"n": 1}')
    result = opsctl("replay-dlq", "requests", "--filter", "body.n == `1`", "--yes", "--output", "json")
    assert "none of the 30 looked at" in result.stderr
    assert json.loads(result.stdout)["moved"] == 1
    assert stack.visible(stack.dead) == 40


def test_without_a_terminal_and_without_yes_nothing_is_changed(stack: DeadLetterStack) -> None:
    stack.put("one")
    result = opsctl("replay-dlq", "requests")
    assert result.exit_code == 2
    assert "--yes" in result.stderr
    assert stack.visible(stack.dead) == 1


def test_max_bounds_the_replay(stack: DeadLetterStack) -> None:
    stack.put(*(str(number) for number in range(25)))
    result = opsctl("replay-dlq", "requests", "--max", "13", "--yes", "--output", "json")
    assert json.loads(result.stdout)["moved"] == 13
    assert len(stack.bodies(stack.work)) == 13
    assert stack.visible(stack.dead) == 12


def test_what_the_target_refuses_stays_and_the_exit_code_is_3(stack: DeadLetterStack) -> None:
    stack.sqs.set_queue_attributes(QueueUrl=stack.work, Attributes={"MaximumMessageSize": "1024"})
    stack.put("small", "large" * 1000)
    result = opsctl("replay-dlq", "requests", "--yes")
    assert result.exit_code == 3
    assert "TooLarge" in result.stderr
    assert stack.bodies(stack.work) == ["small"]
    assert stack.visible(stack.dead) == 1


def test_an_unknown_queue_exits_with_4(stack: DeadLetterStack) -> None:
    assert opsctl("replay-dlq", "nothing-like-it").exit_code == 4


def test_a_filter_and_an_edit_choose_and_change(stack: DeadLetterStack) -> None:
    stack.put('{"account": "acme", "formats": ["pdf"]}', '{"account": "other"}')
    result = opsctl(
        "replay-dlq",
        "requests",
        "--yes",
        "--filter",
        "body.account == 'acme'",
        "--edit",
        'merge(@, `{"formats": ["csv"]}`)',
    )
    assert result.exit_code == 0, result.stderr
    assert stack.bodies(stack.work) == ['{"account":"acme","formats":["csv"]}']
    assert stack.bodies(stack.dead) == ['{"account": "other"}']


def test_an_unknown_group_is_not_found_and_the_known_ones_are_named(stack: DeadLetterStack) -> None:
    stack.put(*['{"a": 1}'] * 35, "text")
    groups = [group["id"] for group in json.loads(opsctl("dlq", "analyse", "requests", "--output", "json").stdout)]
    result = opsctl("replay-dlq", "requests", "--group", "g000000", "--yes")
    assert result.exit_code == 4
    assert "There is no group 'g000000' in t-requests-dead-letter." in result.stderr
    assert all(name in result.stderr for name in groups)
    assert stack.visible(stack.dead) == 36
    assert stack.visible(stack.work) == 0


def test_a_group_that_is_not_in_the_sample_is_found_all_the_same(stack: DeadLetterStack) -> None:
    stack.put(*['{"a": 1}'] * 35, "text")
    groups = json.loads(opsctl("dlq", "analyse", "requests", "--output", "json").stdout)
    rare = next(group["id"] for group in groups if group["count"] == 1)
    result = opsctl("replay-dlq", "requests", "--group", rare, "--yes", "--output", "json")
    assert (result.exit_code, json.loads(result.stdout)["moved"]) == (0, 1)
    assert opsctl("replay-dlq", "requests", "--group", rare, "--dry-run").exit_code == 4


def test_a_group_of_an_empty_queue_is_nothing_to_replay(stack: DeadLetterStack) -> None:
    del stack
    assert opsctl("replay-dlq", "requests", "--group", "g000000", "--yes").exit_code == 0


def test_a_group_of_the_analysis_is_replayed_alone(stack: DeadLetterStack) -> None:
    mended, broken = stack.put('{"a": 1}', '{"b": 2}')
    for message_id, text in ((mended, "line 17: not JSON"), (broken, "no such account")):
        stack.log(json.dumps({"level": "ERROR", "message_id": message_id, "error": text}), int(time.time() * 1000))
    groups = json.loads(opsctl("dlq", "analyse", "requests", "--output", "json").stdout)
    assert sorted(group["cause"] for group in groups) == ["line <n>: not JSON", "no such account"]
    chosen = next(group["id"] for group in groups if "JSON" in group["cause"])
    assert opsctl("replay-dlq", "requests", "--group", chosen, "--yes").exit_code == 0
    assert stack.bodies(stack.work) == ['{"a": 1}']


def test_another_queue_can_be_the_destination_and_copies_stay(stack: DeadLetterStack) -> None:
    rescue = stack.sqs.create_queue(QueueName="rescue")["QueueUrl"]
    stack.put("one")
    assert opsctl("replay-dlq", "requests", "--to", "rescue", "--keep", "--yes").exit_code == 0
    assert stack.bodies(rescue) == ["one"]
    assert stack.visible(stack.dead) == 1


def test_an_unknown_destination_exits_with_4(stack: DeadLetterStack) -> None:
    stack.put("one")
    assert opsctl("replay-dlq", "requests", "--to", "request", "--yes").exit_code == 4


@pytest.mark.parametrize(
    "options", [["--rate", "fast"], ["--filter", "body.["], ["--engine", "native", "--keep"], ["--max", "0"]]
)
def test_options_that_make_no_sense_exit_with_2(stack: DeadLetterStack, options: list[str]) -> None:
    stack.put("one")
    assert opsctl("replay-dlq", "requests", "--yes", *options).exit_code == 2
    assert stack.visible(stack.dead) == 1


def test_an_interrupted_run_exits_with_130_and_names_the_command_for_the_rest(
    stack: DeadLetterStack, monkeypatch: pytest.MonkeyPatch
) -> None:
    stack.put("one", "two")

    def interrupted(engine: ClientEngine) -> None:
        raise KeyboardInterrupt

    watches = chain([interrupted], repeat(ClientEngine._watch))

    def watch(engine: ClientEngine) -> None:
        next(watches)(engine)

    monkeypatch.setattr(ClientEngine, "_watch", watch)
    result = opsctl("replay-dlq", "requests", "--yes")
    assert result.exit_code == 130
    assert "opsctl dlq resume " in result.stderr
    assert len(stack.bodies(stack.work)) + len(stack.bodies(stack.dead)) == 2
