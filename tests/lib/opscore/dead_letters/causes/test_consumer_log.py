import json
from typing import Any

from opscore.dead_letters.causes.consumer_log import EARLIER_MS, CauseIndex, ids_of, signature_of
from opscore.dead_letters.message import DeadLetter
from opscore.log_events import LogEvent
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
