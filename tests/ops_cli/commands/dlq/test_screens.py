"""The screens of the dead letters, whole, as somebody on call sees them: at 80 x 24, at 120 columns, in a pipe."""

import dataclasses
import json
from collections.abc import Callable
from typing import Any

import pytest

from ops_cli.commands.dlq import plan_view, replay_view, runs, tables
from ops_cli.frame.options import Choices
from ops_cli.frame.output import emit
from opscore.dead_letters.causes.cause_index import CauseIndex
from opscore.dead_letters.causes.groups import Grouping
from opscore.dead_letters.engine.run_state import RunState, read_state
from opscore.dead_letters.looking.overview import QueueSummary
from opscore.dead_letters.looking.queue import QueueFacts
from opscore.dead_letters.message import DeadLetter
from opscore.dead_letters.replay.canaries import GroupVerdict
from opscore.dead_letters.replay.canary import Verdict
from opscore.dead_letters.replay.plan import ReplayPlan
from opscore.dead_letters.replay.request import ReplayRequest
from opscore.dead_letters.replay.service import ReplayResult
from opscore.dead_letters.sending.admission import Admission
from opscore.dead_letters.sending.outgoing import prepare
from opscore.dead_letters.tally import Tally
from opscore.logs.log_events import LogEvent
from tests.ops_cli.commands.screens import NOW, SCREENS, ago, expected, too_wide, written

DEAD = "opsctl-prod-report-requests-dead-letter"
NOW_MS = int(NOW.timestamp() * 1000)
FACTS = QueueFacts(
    DEAD, "https://sqs", f"arn:aws:sqs:eu-west-1:123456789012:{DEAD}", fifo=False, visible=24, in_flight=0, delayed=0,
    retention_seconds=1_209_600, maximum_bytes=1 << 20, dead_letter_arn=None, maximum_receives=None, asked_ms=NOW_MS,
)  # fmt: skip
TABLE = Choices()


def letter(number: int, body: str, minutes: float = 60) -> DeadLetter:
    system = {
        "SentTimestamp": str(int(ago(minutes).timestamp() * 1000)),
        "ApproximateReceiveCount": "6",
        "DeadLetterQueueSourceArn": "arn:aws:sqs:eu-west-1:123456789012:opsctl-prod-report-requests",
    }
    return DeadLetter(f"5f41ee71-361b-4a7d-9681-{number:012}", "", body, {}, system)


def queue(name: str, depth: int, oldest_seconds: int | None, **more: Any) -> QueueSummary:
    left = 1_209_600 - oldest_seconds if oldest_seconds else None
    return QueueSummary(
        queue=name, dead_letter_queue=f"opsctl-prod-{name}-dead-letter", depth=depth, in_flight=0,
        oldest_seconds=oldest_seconds, expires_seconds=left, consumer="report-generator", **more,
    )  # fmt: skip


QUEUES = [
    queue("report-requests", 1_234, 18_000, alarm="ALARM"),
    queue("report-months", 1, 1_209_000, alarm="OK"),
    queue("drain-requests", 0, None, alarm="INSUFFICIENT_DATA"),
]


def show_queues() -> None:
    tables.emit_queues(QUEUES, TABLE)


def show_queues_of_which_one_is_gone() -> None:
    gone = QueueSummary(
        queue="usage", dead_letter_queue="x", consumer="report-month", alarm=None, problem="gone",
    )  # fmt: skip
    tables.emit_queues([gone, *QUEUES], TABLE)


def show_letters() -> None:
    whys = ["DamagedEvents: events/account=ember/date=2026-08-04.jsonl, line 30: not JSON", None, "KeyError: 'a'"]
    letters = [letter(1, '{"account": "ember"}', 5), letter(2, "\x1b[2J" + "x" * 90, 4_000), letter(3, "日本語 " * 30)]
    rows = [one.document() | {"envelope": "plain", "cause": why} for one, why in zip(letters, whys, strict=True)]
    tables.emit_letters(rows, FACTS, TABLE)


def show_groups() -> None:
    bodies = ['{"account": "a", "formats": []}', '{"account": "a", "formats": [], "period": 1}', '{"n": 1}', "x"]
    letters = [letter(number, body, 30 * number) for number, body in enumerate(bodies)]
    error = "events/account=a/date=2026-08-04/events.jsonl, line 30: "
    errors = [error + "not JSON", error + "not JSON", error + "no account"]
    log = [
        LogEvent(str(number), NOW_MS, "s", json.dumps({"level": "ERROR", "message_id": one.message_id, "error": text}))
        for number, (one, text) in enumerate(zip(letters, errors, strict=False))
    ]
    grouping = Grouping(CauseIndex.of(log))
    for one in (*letters, letters[0], letters[0]):
        grouping.add(one)
    tables.emit_groups(grouping.result(), "report-requests", FACTS, TABLE)


def run(place: str, *lines: dict[str, Any]) -> RunState:
    request = ReplayRequest("report-requests", filter="body.account == 'ember'")
    header = {
        "run": "r", "environment": place, "engine": "client", "source": {"name": DEAD}, "request": request.plain(),
        "began": "2026-11-29T03:00:00Z",
    }  # fmt: skip
    return read_state(json.dumps(line).encode() for line in (header, *lines))


KILLED = run("sandbox:/home/ada/opsctl", {"intent": [{"message_id": "a"}, {"message_id": "b"}]}, {"sent": {"a": "x"}})
DONE = run("prod", {"end": "done", "tally": {"moved": 12_400}})


def show_history() -> None:
    rows = [runs.row_of("20261129-030512-3f9a", KILLED), runs.row_of("20261128-101500-77c0", DONE)]
    emit(rows, TABLE, columns=tables.RUNS)


def show_one_run() -> None:
    emit(runs.row_of("20261129-030512-3f9a", KILLED), TABLE, columns=tables.RUNS)


def plan(**asked: Any) -> ReplayPlan:
    sample = [letter(number, '{"account": "ember", "formats": ["html", "csv"], "period": {}}') for number in range(24)]
    return ReplayPlan(
        ReplayRequest("report-requests", **asked), FACTS, [], None, Admission("plan", 0, lambda _letter: None),  # type: ignore[arg-type]
        "client", "under 10,000 messages, and it keeps a journal to resume and undo by", 4, sample,
        [prepare(one, run="plan", body=None, replays=1) for one in sample[:4]],
        {"opsctl-prod-report-requests": 4}, {"skipped": 19, "Unsendable: the edit made nothing of it": 1},
        ["1 message in flight: another reader is at work, or a run was killed"],
    )  # fmt: skip


def show_plan() -> None:
    plan_view.show_plan(plan(filter="x"), "prod")


def show_result() -> None:
    replay_view.show_counts(ReplayResult("20261129-030512-3f9a", Tally(moved=4, skipped=20)), TABLE)


def show_result_of_canaries() -> None:
    groups = [GroupVerdict("g1a2b3c", 4, 3, "mixed"), GroupVerdict("g9d8e7f", 1, 0, "mended")]
    tally = Tally(moved=5, skipped=1, bounced=3)
    result = ReplayResult("20261129-030512-3f9a", tally, Verdict("stop", "3 of 5 failed again"), groups)
    replay_view.show_counts(result, TABLE)


SHOWN: dict[str, Callable[[], None]] = {
    "dlq-list": show_queues,
    "dlq-list-gone": show_queues_of_which_one_is_gone,
    "dlq-show": show_letters,
    "dlq-analyse": show_groups,
    "dlq-history": show_history,
    "dlq-history-run": show_one_run,
    "replay-plan": show_plan,
    "replay-result": show_result,
    "replay-canaries": show_result_of_canaries,
}


@pytest.mark.parametrize("size", SCREENS)
@pytest.mark.parametrize("name", SHOWN)
def test_the_screen_is_this_text_and_fits(name: str, size: str, capsys: pytest.CaptureFixture[str]) -> None:
    out, err = written(SCREENS[size], SHOWN[name], capsys)
    assert out + err == expected(name, size)
    assert not too_wide(out, SCREENS[size])


def test_a_body_of_any_size_is_one_capped_cell(capsys: pytest.CaptureFixture[str]) -> None:
    rows = [letter(1, "x\n" * 100_000).document() | {"cause": None}]

    def show() -> None:
        tables.emit_letters(rows, FACTS, TABLE)

    out, _ = written(SCREENS["120"], show, capsys)
    assert len(out.splitlines()) == 3
    assert not too_wide(out, SCREENS["120"])
    whole, _ = written(SCREENS["pipe"], show, capsys)
    assert whole.count("x ") == 99_999


def test_a_plan_is_data_with_every_count_and_no_colour(capsys: pytest.CaptureFixture[str]) -> None:
    emit(plan_view.plan_data(plan(filter="x"), "prod"), Choices(output="json"))
    data = json.loads(capsys.readouterr().out)
    assert (data["count"], data["is_exact"], data["engine"], data["visible"]) == (4, False, "client", 24)
    assert data["oldest"] == "2026-11-29T02:05:00Z"
    assert data["expires_seconds"] == 1_209_600 - 3_600
    assert data["destinations"] == [{"destination": "opsctl-prod-report-requests", "count": 4}]
    assert data["left"][0] == {"why": "skipped", "count": 19}
    assert data["request"]["filter"] == "x"


def test_a_plan_shows_what_an_edit_makes_of_a_body(capsys: pytest.CaptureFixture[str]) -> None:
    was = letter(1, '{"account": "ember"}')
    edited = prepare(was, run="plan", body='{"account":"frost"}', replays=1)
    planned = dataclasses.replace(plan(edit="x"), chosen=[edited])
    _, said = written(SCREENS["120"], lambda: plan_view.show_plan(planned, "prod"), capsys)
    lines = said.splitlines()
    at = next(number for number, line in enumerate(lines) if line.startswith("edits"))
    assert lines[at].endswith('{"account": "ember"}')
    assert lines[at + 1] == 'into     {"account":"frost"}'
    (sample,) = plan_view.plan_data(planned, "prod")["samples"]
    assert (sample["body_before"], sample["body"]) == (was.body, edited.body)


def test_as_data_a_result_has_all_counts(capsys: pytest.CaptureFixture[str]) -> None:
    replay_view.show_counts(ReplayResult("r", Tally(moved=4)), Choices(output="json"))
    data = json.loads(capsys.readouterr().out)
    assert data == {"run": "r", **Tally(moved=4).plain()}
    assert data["failed"] == 0


def test_a_queue_that_cannot_be_seen_now_is_not_called_empty(capsys: pytest.CaptureFixture[str]) -> None:
    in_flight = dataclasses.replace(FACTS, visible=0, in_flight=290)
    tables.emit_letters([], in_flight, TABLE)
    assert "it is not empty: 290 in flight" in capsys.readouterr().err
    tables.emit_groups([], "report-requests", in_flight, TABLE)
    assert "it is not empty: 290 in flight" in capsys.readouterr().err
    tables.emit_groups([], "report-requests", dataclasses.replace(FACTS, visible=0), TABLE)
    assert capsys.readouterr().err == f"{DEAD} is empty.\n"
