"""What `opsctl report` shows on terminals of 80 and 120 columns, and in a pipe."""

import datetime as dt
from collections.abc import Callable

import pytest

from insight.delivery.search import ReportSummary
from insight.manifest import InputFile
from insight.numbers.register import Unit
from insight.orders.states import State
from insight.proofs.differences import Difference, MovedFigure
from insight.proofs.provenance import Check, Explanation
from ops_cli import main as root
from ops_cli.commands.report import stack_months, stack_proofs, stack_reports
from ops_cli.frame.environments import Environment, register
from ops_cli.frame.output import Screen, showing_on
from tests.ops_cli.commands.kept_screens import kept

NOW = dt.datetime(2026, 11, 24, 3, 12, tzinfo=dt.UTC)
FIRST, SECOND = "r_f72bc9625cbde14ca80d054e", "r_0a1b2c3d4e5f60718293a4b5"
DAYS = (dt.date(2026, 10, 1), dt.date(2026, 11, 1))
BAD_ZONE = "The account's record has the time zone 'Europe/Berln', which is none; correct it, then ask again."
SQL = (
    "SELECT count(DISTINCT \"user\") FROM user_days WHERE day >= DATE '2026-10-01' AND day < DATE '2026-11-01' "
    'AND (sessions > 0 OR phrases_shown > 0) AND "user" IS NOT NULL'
)
FILE = "events/account=acme/date=2026-10-05/events.ndjson"

Show = Callable[[str, int | None], str]
"""(command line, width) -> stdout; no width is a pipe."""


@pytest.fixture
def show(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Show:
    """Run opsctl on a screen, with what the stack would answer put in its place."""
    monkeypatch.setenv("OPSCTL_ENV", "test")
    register(Environment("test", region="eu-west-1"))
    monkeypatch.setattr(stack_reports, "list_reports", lambda _ops, _account: REPORTS)
    monkeypatch.setattr(stack_reports, "find", lambda _ops, _id: REPORTS[0])
    monkeypatch.setattr(stack_reports, "manifest", lambda _ops, _report: MANIFEST)
    monkeypatch.setattr(stack_months, "standings", lambda _ops, _month, _accounts: MONTH)
    monkeypatch.setattr(stack_months, "row", lambda standing: standing)
    monkeypatch.setattr(stack_months, "summary", lambda _standings: "1 of 3 delivered.")
    monkeypatch.setattr(stack_months, "plan", lambda *_: PLAN)
    monkeypatch.setattr(stack_proofs, "explain", lambda _ops, _id, _metric: EXPLANATION)
    monkeypatch.setattr(stack_proofs, "diff", lambda _ops, _first, _second: DIFFERENCE)
    monkeypatch.setattr(stack_proofs, "verify", lambda _ops, _id: CHECKS)

    def run(command: str, width: int | None) -> str:
        with showing_on(Screen(width, 24 if width else None, NOW)):
            assert root.run(command.split()) in (0, 3)
        return capsys.readouterr().out

    return run


def report(report_id: str, account: str, state: State, reason: str = "") -> ReportSummary:
    delivered = NOW - dt.timedelta(hours=2) if state is State.DELIVERED else None
    asked = NOW - dt.timedelta(hours=3)
    return ReportSummary(report_id, account, *DAYS, 1, state, asked, delivered, reason, "")


REPORTS = [
    report(FIRST, "acme", State.DELIVERED),
    report(SECOND, "borealis-logistics", State.FAILED, BAD_ZONE),
]
MANIFEST = {
    "rows": {"read": 120_331, "counted": 120_330},
    "gaps": ["no events are filed after 2026-10-30, so those of the last days may be late"],
    "outputs": [
        {"name": "report.html", "bytes": 183_120},
        {"name": "usage.csv", "bytes": 912},
    ],
}
MONTH = [
    {"account": "acme", "state": "DELIVERED", "report_id": FIRST, "generation": 1, "attempts": 1,
     "delivered_at": NOW - dt.timedelta(days=3), "reason": ""},
    {"account": "borealis-logistics", "state": "FAILED", "report_id": SECOND, "generation": 1, "attempts": 5,
     "delivered_at": None, "reason": BAD_ZONE},
    {"account": "dunedin", "state": "MISSING", "report_id": "", "generation": None, "attempts": 0,
     "delivered_at": None, "reason": ""},
]  # fmt: skip
PLAN = {
    "month": "2026-11", "reports": 214, "measured_reports": 12, "seconds_per_report": 2.31, "maximum_concurrency": 5,
    "reserved_concurrency": None, "run_seconds": 101.3, "run_seconds_p95": 4_022.0, "peak_concurrency": 5,
    "utilisation": 0.981, "throttled_invocations": 0.0, "dead_letter_chance": 0.0,
}  # fmt: skip
EVENT = {
    "event_id": "e-0197f1c2a7", "account": "acme", "user": "ann.lee@acme.example", "kind": "session_started",
    "at": "2026-10-05T09:00:00Z", "document": None, "score": None,
}  # fmt: skip
EXPLANATION = Explanation(
    "active_users", "Active users", 1_204, "1,204",
    "Users with at least one session or one phrase shown on a day of the period, in the account's time zone.",
    {"active_users": SQL, "user_days": f"{SQL} UNION ALL {SQL} UNION ALL {SQL}"},
    (InputFile(FILE, "etag", "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08", 4_096, 331),),
    4_120, (EVENT, EVENT),
)  # fmt: skip
DIFFERENCE = Difference(
    (
        MovedFigure("active_users", Unit.COUNT, 1_204, 1_210, 31, 0),
        MovedFigure("seat_utilisation", Unit.SHARE, 0.7312, 0.7344, 31, 0),
        MovedFigure("median_score", Unit.COUNT, None, 3.5, 0, 0),
    ),
    {FILE: "changed"},
    31,
    1,
    ("the account's record differs: its seats, zone, name or segment",),
)
CHECKS = [
    Check("report.html in the bucket is the one that was delivered", holds=True),
    Check("usage.csv in the bucket is the one that was delivered", holds=False, found="sha256 9f86d081884c"),
    Check("active_users", holds=False, found="1204 is now 1210"),
]
SCREENS = kept(__file__)


@pytest.mark.parametrize(("command", "width"), SCREENS)
def test_every_listing_fits_and_a_pipe_gets_all_of_it(show: Show, command: str, width: int | None) -> None:
    shown = show(command, width)
    assert shown == SCREENS[command, width]
    assert width is None or max(map(len, shown.splitlines())) <= width
