"""A month of reports for two hundred accounts, whatever happens to it."""

import json
from collections import Counter

import pytest

from tests.e2e.newcomer import Newcomer
from tests.e2e.report_month import ACCOUNTS, MALFORMED, MONTH, ReportMonth

pytestmark = [pytest.mark.e2e, pytest.mark.terraform]


def test_a_month_of_two_hundred_accounts_comes_to_each_once_whatever_happens(
    newcomer: Newcomer, month: ReportMonth
) -> None:
    """One account's events are damaged, one's are late, one's record cannot be used; messages and the schedule come
    more than once, and one message is no request."""
    seeded = newcomer.data("sandbox", "seed", "--accounts", str(ACCOUNTS), "--months", "1")
    assert seeded["accounts"] == ACCOUNTS
    month.spoil()
    month.run_schedule("report-month", at="2026-11-02T06:00:00")
    month.deliver_again(copies=2)
    month.run_schedule("report-month", at="2026-11-02T06:00:00")
    assert newcomer.opsctl("report", "month", MONTH, "--wait").code == 3
    month.queue_is_empty()

    rows = {row["account"]: row for row in newcomer.data("report", "month", MONTH)}
    states = Counter(row["state"] for row in rows.values())
    assert states == {"DELIVERED": ACCOUNTS - 2, "FAILED": 2}
    assert "DamagedEvents: events/account=" in rows[month.poisoned.account]["reason"]
    assert rows[month.poisoned.account]["attempts"] == 5
    assert "Europe/Atlantis" in rows[month.unusable.account]["reason"]

    delivered = {row["report_id"] for row in rows.values() if row["state"] == "DELIVERED"}
    assert month.writes_of_manifests() == dict.fromkeys(delivered, 1)
    # acme's was delivered, and announced, before the month.
    assert month.announced() == delivered - {rows["acme"]["report_id"]}
    assert month.dead_letters() == {MALFORMED: "bad_message"}
    (letter,) = newcomer.data("dlq", "show", "report-requests")
    assert month.poisoned.account in json.dumps(letter)


def test_late_data_makes_a_report_anew_and_no_other(newcomer: Newcomer, month: ReportMonth) -> None:
    account = month.late.account
    first = month.entry(month.late).report_id
    assert newcomer.data("report", "show", first)["gaps"]
    month.late_data_arrives()
    month.run_schedule("report-sweep", at="2026-11-03T12:00:00")
    assert newcomer.opsctl("report", "month", MONTH, "--account", account, "--wait").code == 0
    rows = {row["account"]: row for row in newcomer.data("report", "month", MONTH)}
    assert [name for name, row in rows.items() if (row["generation"] or 1) > 1] == [account]
    second = rows[account]["report_id"]
    assert newcomer.data("report", "show", first)["state"] == "REISSUED"
    assert not newcomer.data("report", "show", second)["gaps"]
    assert newcomer.data("report", "diff", first, second)["rows_added"] > 0
    month.run_schedule("report-sweep", at="2026-11-04T12:00:00")
    assert newcomer.data("report", "month", MONTH) == list(rows.values())


def test_what_failed_is_mended_replayed_and_asked_for_again(newcomer: Newcomer, month: ReportMonth) -> None:
    month.mend()
    assert newcomer.opsctl("replay-dlq", "report-requests", "--yes").code == 0
    answer = newcomer.opsctl("report", "month", MONTH, "--request", "--wait")
    assert (answer.code, f"{ACCOUNTS} of {ACCOUNTS} delivered." in answer.err) == (0, True), answer.err
    assert set(month.writes_of_manifests().values()) == {1}
    month.run_schedule("report-sweep", at="2026-11-05T12:00:00")
    assert month.segments_with_peers() == {"enterprise", "mid-market", "small"}
    plan = newcomer.data("report", "plan", "--month", "2026-11")
    assert (plan["reports"], plan["peak_concurrency"]) == (ACCOUNTS, plan["maximum_concurrency"])
    assert (plan["throttled_invocations"], plan["dead_letter_chance"]) == (0, 0)
