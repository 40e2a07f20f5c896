import json
from dataclasses import replace
from itertools import pairwise
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from opscore.dead_letters.causes.cause_index import EARLIER_MS, CauseIndex
from opscore.dead_letters.causes.consumer_log import ids_of, signature_of
from opscore.dead_letters.message import DeadLetter
from opscore.logs.log_events import LogEvent
from tests.lib.opscore.dead_letters.fake_logs import FakeLogs

GROUP = "/aws/lambda/worker"
SENT = 1_800_000_000_000
ID = "5f1c0a76-3b1e-4b6c-8a6f-0c1d2e3f4a5b"


def letter(**attributes: Any) -> DeadLetter:
    return DeadLetter(ID, "h", "{}", attributes, {"SentTimestamp": str(SENT)})


def error_line(text: str, **fields: Any) -> str:
    return json.dumps({"level": "ERROR", "message_id": ID, "error_type": "DamagedFile", "error": text, **fields})


def cause(logs: FakeLogs, message: DeadLetter | None = None) -> str | None:
    client: Any = logs
    message = message or letter()
    index = CauseIndex.read(client, [GROUP], SENT - EARLIER_MS, list(ids_of(message)))
    found = index.explain(message)
    assert not (found and found.certain) or signature_of(found) == index.cause(message)
    return str(found) if found else None


def test_the_last_error_that_names_the_message_is_its_cause() -> None:
    logs = FakeLogs()
    logs.log(GROUP, SENT + 9000, error_line("line 17: not JSON"))
    logs.log(GROUP, SENT + 1000, error_line("an earlier try"))
    for number in range(7):
        logs.log(GROUP, SENT + 2000 + number, error_line("another message's", message_id="other"))
    assert cause(logs) == "DamagedFile: line 17: not JSON"


def test_lines_that_are_no_errors_are_no_causes() -> None:
    logs = FakeLogs()
    logs.log(GROUP, SENT, json.dumps({"level": "INFO", "message": "began", "message_id": ID}))
    assert cause(logs) is None


def test_a_plain_error_line_of_python_s_runtime_is_read() -> None:
    logs = FakeLogs()
    logs.log(GROUP, SENT, f"[ERROR]\t2027-01-15T08:00:00.000Z\t{ID}\tno such account\n")
    assert cause(logs) == "no such account"


def test_a_crash_names_no_message_and_is_only_perhaps_the_cause() -> None:
    logs = FakeLogs()
    logs.log(GROUP, SENT - 10**6, f"{ID} Task timed out after 1.00 seconds")
    logs.log(
        GROUP,
        SENT + 500,
        "2027-01-15T08:00:00Z 0c1d2e3f-3b1e-4b6c-8a6f-5f1c0a765f1c Task timed out after 30.00 seconds",
    )
    found = cause(logs)
    assert found is not None
    assert found.startswith("perhaps ")
    assert "Task timed out after 30.00 seconds" in found


def test_a_crash_before_the_message_was_sent_is_not_its_cause() -> None:
    index = CauseIndex.of([LogEvent("e", SENT - EARLIER_MS - 1, "s", "Task timed out after 30.00 seconds")])
    assert index.explain(letter()) is None


def test_a_line_about_the_message_counts_more_than_a_later_crash() -> None:
    logs = FakeLogs()
    logs.log(GROUP, SENT, error_line("line 17: not JSON"))
    logs.log(GROUP, SENT + 500, "Task timed out after 30.00 seconds")
    assert cause(logs) == "DamagedFile: line 17: not JSON"


def test_lambda_s_own_dead_letters_carry_their_cause() -> None:
    attributes = {
        "RequestID": {"DataType": "String", "StringValue": "r"},
        "ErrorCode": {"DataType": "Number", "StringValue": "200"},
        "ErrorMessage": {"DataType": "String", "StringValue": '{"errorType": "KeyError", "errorMessage": "\'x\'"}'},
    }
    assert cause(FakeLogs(), letter(**attributes)) == "KeyError: 'x'"


def test_a_service_that_never_logged_gives_no_cause() -> None:
    assert cause(FakeLogs()) is None


def test_the_index_keeps_the_last_signature_of_each_message_and_reads_the_log_once() -> None:
    logs = FakeLogs(page=2)
    logs.log(GROUP, 1, error_line("line 1: not JSON"))
    logs.log(GROUP, 2, error_line("line 99: not JSON"))
    logs.log(GROUP, 3, error_line("no such account 7", message_id="m2", error_type="Unknown"))
    logs.log(GROUP, 4, json.dumps({"level": "INFO", "message_id": "m3", "error": "none"}))
    client: Any = logs
    index = CauseIndex.read(client, [GROUP, "/aws/lambda/silent"], 0)
    assert index.cause(letter()) == "DamagedFile: line <n>: not JSON"
    assert index.of_id("m2") == "Unknown: no such account <n>"
    assert index.of_id("m3") is None
    assert len(logs.requests) == 3


def test_a_request_id_leads_to_the_cause_of_an_asynchronous_event() -> None:
    logs = FakeLogs()
    logs.log(GROUP, 1, json.dumps({"level": "ERROR", "requestId": "r-7", "errorType": "Boom", "errorMessage": "x"}))
    client: Any = logs
    index = CauseIndex.read(client, [GROUP], 0)
    assert index.cause(letter(RequestID={"DataType": "String", "StringValue": "r-7"})) == "Boom: x"


def attributes(**texts: str) -> dict[str, Any]:
    return {name: {"DataType": "String", "StringValue": text} for name, text in texts.items()}


def test_what_eventbridge_could_not_deliver_carries_its_cause() -> None:
    given = attributes(TARGET_ARN="arn:t", ERROR_CODE="NO_PERMISSIONS", ERROR_MESSAGE="Not allowed to invoke it.")
    assert cause(FakeLogs(), letter(**given)) == "NO_PERMISSIONS: Not allowed to invoke it."


def test_what_sns_could_not_deliver_carries_its_cause() -> None:
    given = attributes(RequestID="r", ErrorCode="NonExistentQueue", ErrorMessage="The queue does not exist.")
    assert cause(FakeLogs(), letter(**given)) == "NonExistentQueue: The queue does not exist."


def test_what_a_queue_gave_up_died_of_what_the_log_says_and_not_of_what_it_carries_from_an_earlier_death() -> None:
    logs = FakeLogs()
    logs.log(GROUP, SENT, error_line("line 17: not JSON"))
    given = attributes(
        RequestID="r", reason="gone", ErrorMessage='{"errorType": "gone", "errorMessage": "An old one."}'
    )
    died_again = DeadLetter(ID, "h", "{}", given, {"SentTimestamp": str(SENT), "DeadLetterQueueSourceArn": "arn:q"})
    assert cause(logs, letter(**given)) == "gone: An old one."
    old = FakeLogs()
    old.log(GROUP, SENT, error_line("An old one.", message_id="r"))
    assert cause(old, died_again) is None
    assert cause(logs, died_again) == "DamagedFile: line 17: not JSON"


def aged(number: int, sent_ms: int, **system: str) -> DeadLetter:
    return DeadLetter(f"m{number}", "h", "{}", {}, {"SentTimestamp": str(sent_ms), **system})


@given(st.lists(st.integers(0, 10**7), min_size=1, max_size=30), st.randoms(use_true_random=False))
def test_one_letter_and_all_letters_are_looked_up_with_the_same_answer(ages: list[int], chance: Any) -> None:
    logs: Any = FakeLogs(page=7)
    letters = [aged(number, SENT - age) for number, age in enumerate(ages)]
    for message in letters:
        for late in range(chance.randrange(3)):
            line = error_line(f"try {'abc'[late]}", message_id=message.message_id)
            logs.log(GROUP, message.sent_ms + late * chance.randrange(EARLIER_MS), line)
    logs.log(GROUP, SENT, "nothing")
    chance.shuffle(letters)
    grown = CauseIndex.read(logs, [GROUP], letters[0].sent_ms, end_ms=SENT)
    for message in letters:
        alone = CauseIndex.read(logs, [GROUP], message.sent_ms - EARLIER_MS, [message.message_id], SENT)
        shown = alone.explain(message)
        assert grown.cause(message) == alone.cause(message) == (signature_of(shown) if shown else None)


def test_a_span_that_grows_reads_nothing_twice_and_few_times() -> None:
    logs: Any = FakeLogs(page=1000)
    letters = [aged(number, SENT - number * 60_000) for number in range(1000)]
    for message in letters:
        logs.log(GROUP, message.sent_ms, error_line("no", message_id=message.message_id))
    index = CauseIndex.read(logs, [GROUP], SENT - EARLIER_MS, end_ms=SENT)
    assert all(index.cause(message) for message in letters)
    assert len(logs.requests) < 15
    spans = sorted((request["startTime"], request.get("endTime", SENT)) for request in logs.requests)
    assert all(end < start for (_, end), (start, _) in pairwise(spans))


def test_the_log_of_what_a_fifo_queue_gave_up_begins_before_its_death() -> None:
    logs: Any = FakeLogs()
    logs.log(GROUP, SENT - 3_600_000, error_line("no", message_id="m1"))
    index = CauseIndex.read(logs, [GROUP], SENT, end_ms=SENT)
    assert index.cause(aged(1, SENT)) is None
    assert index.cause(aged(1, SENT, SequenceNumber="1")) == "DamagedFile: no"


def test_a_record_of_an_on_failure_destination_carries_its_cause() -> None:
    def record(**more: Any) -> DeadLetter:
        context = {"functionArn": "f", "condition": "EventAgeExceeded"}
        return replace(letter(), body=json.dumps({"requestContext": context, "requestPayload": {}, **more}))

    answer = {"errorType": "KeyError", "errorMessage": "'x'"}
    assert cause(FakeLogs(), record(responsePayload=answer)) == "KeyError: 'x'"
    assert cause(FakeLogs(), record()) == "EventAgeExceeded"
    assert cause(FakeLogs(), replace(letter(), body='{"requestPayload": 1, "requestContext": "f"}')) is None
