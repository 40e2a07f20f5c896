"""`make demo`: the platform started and a story played on it, with the commands that a person would type.

Two reports are asked for and downloaded, then a month's for every account. One more fails, because a file of usage
events is torn, and its request ends among the dead letters. opsctl names the cause, the file is mended, the request is
replayed, the report arrives.
Every step is checked; the exit code says whether all went as told.
"""

import datetime as dt
import json
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from insight.layout import events_key
from ops_cli.frame.context import Ops
from ops_cli.frame.options import Choices
from ops_cli.frame.output import Parts, complain, emit_line, note
from opscore.errors import OpsError
from opscore.waiting import wait_until

QUEUE = "report-requests"
MONTH = "2026-09"
DOWNLOADS = "build/demo"
TORN = b'{"event_id": "torn-by-a-crash", "acc\n'
"""What a writer leaves behind that died in the middle of a line."""

UNTIL_DEAD_SECONDS = 180
"""Five deliveries with the sandbox's short back-off take about half a minute; a slow machine is given more."""


class NotAsTold(OpsError):
    """A step of the story did not end as it should have."""


def main() -> int:
    """Play the story; returns the exit code."""
    try:
        play()
    except OpsError as error:
        complain(f"Not as told: {error.message}", error.hint or "")
        return error.exit_code
    except KeyboardInterrupt:
        note("Interrupted. `make down` stops what runs.")
        return 130
    return 0


def play() -> None:
    """Tell the story from the start of the sandbox to the status at its end."""
    say("The whole platform on this machine: Terraform applied to an embedded AWS, Lambda zips, seed data.")
    opsctl("sandbox", "up")
    ops = Ops(Choices(env="sandbox"))
    mend(ops)

    say("Customer success wants two reports: a month of one account, two weeks of another.")
    report("acme", "2026-10", "2026-10")
    report("borealis", "2026-09-01", "2026-09-14")
    expect(f"both lie in {DOWNLOADS}/", lambda: {"acme", "borealis"} <= downloaded())

    say("A month is over: every account is owed its report. The schedule asks on day 2; here it is done by hand.")
    opsctl("report", "month", MONTH, "--request", "--wait")

    say("Overnight the event writer crashed and left a torn line. A report that reads it cannot be made.")
    first, last = unasked()
    tear(ops, first)
    report_id = opsctl_json("report", "start", "--account", "ember", "--from", first, "--to", last)["report_id"]
    tell("(The request is delivered five times, then it is dead. This takes about half a minute.)")
    wait_until(lambda: dead_letters() > 0, timeout=UNTIL_DEAD_SECONDS, what="The death of the request")

    say("3 a.m. What is wrong?")
    opsctl("status")
    shown = opsctl("dlq", "show", QUEUE)
    expect("`opsctl dlq show` names the torn line as the cause", lambda: "events.jsonl" in shown and "line" in shown)

    say("The file is mended, and the dead letter goes back to where it failed.")
    mend(ops)
    opsctl("replay-dlq", QUEUE, "--yes")
    opsctl("report", "show", report_id, "--wait", "--download", DOWNLOADS)
    expect("the dead-letter queue is empty", lambda: dead_letters() == 0)

    say("All is well again.")
    opsctl("status")
    farewell()


def report(account: str, first: str, last: str) -> None:
    """Ask for a report, wait for it and download it."""
    opsctl("report", "start", "--account", account, "--from", first, "--to", last, "--download", DOWNLOADS)


def say(chapter: str) -> None:
    """Print what the next commands are about."""
    tell("")
    tell([(f"# {chapter}", "cyan")])


def tell(line: Parts) -> None:
    """Print a line of the story."""
    emit_line(None, line, Choices())


def opsctl(*arguments: str) -> str:
    """Show the command, run it, show and return what it prints; a failure ends the story."""
    tell(f"$ opsctl {' '.join(arguments)}")
    answer = subprocess.run([*_OPSCTL, *arguments], stdout=subprocess.PIPE, text=True, check=False)
    if answer.stdout:
        tell(answer.stdout.removesuffix("\n"))
    if answer.returncode:
        raise NotAsTold(f"`opsctl {' '.join(arguments)}` exits with {answer.returncode}.")
    return answer.stdout


_OPSCTL = (sys.executable, "-c", "from ops_cli.main import main; main()", "--env", "sandbox")


def opsctl_json(*arguments: str) -> Any:
    """Run a command for its data."""
    return json.loads(opsctl(*arguments, "--output", "json"))


def expect(what: str, holds: Callable[[], bool]) -> None:
    """End the story unless `holds`."""
    if not holds():
        raise NotAsTold(f"This does not hold: {what}.", hint="`opsctl logs report-generator --since 10m` may say why.")
    tell([(f"✓ {what}", "green")])


def ask(*arguments: str) -> Any:
    """Run a command for its data without showing it: what the story itself has to know."""
    command = [*_OPSCTL, *arguments, "--output", "json"]
    return json.loads(subprocess.run(command, stdout=subprocess.PIPE, text=True, check=True).stdout)


def dead_letters() -> int:
    """Return how many messages lie in the dead-letter queue of the report requests."""
    return sum(row["depth"] for row in ask("dlq", "list") if row["queue"] == QUEUE)


def downloaded() -> set[str]:
    """Return the accounts of which a whole report was downloaded."""
    folders = [path.parent for path in Path(DOWNLOADS).glob("*/manifest.json")]
    return {folder.name.split("_")[0] for folder in folders if (folder / "report.html").stat().st_size > 0}


def unasked() -> tuple[str, str]:
    """Return a range of days that nobody has asked a report of ember for: only a new report can fail."""
    asked = {(row["first_day"], row["last_day"]) for row in ask("report", "list", "--account", "ember")}
    for first, last in _ranges():
        if (first.isoformat(), last.isoformat()) not in asked:
            return first.isoformat(), last.isoformat()
    raise NotAsTold("The story has been played too often on this sandbox.", hint="`opsctl sandbox reset` begins anew.")


def _ranges() -> Iterator[tuple[dt.date, dt.date]]:
    start = dt.date(2026, 8, 3)
    for offset in range(7, 80):
        yield start, start + dt.timedelta(days=offset)


def tear(ops: Ops, day: str) -> None:
    """Append half a line to the event file of ember's second day in the range."""
    key = _torn_key(day)
    s3, bucket = ops.client("s3"), ops.stack.bucket("usage-events")
    whole = s3.get_object(Bucket=bucket, Key=key)["Body"].read()
    s3.put_object(Bucket=bucket, Key=key, Body=whole + TORN)
    tell(f"(torn: s3://{bucket}/{key})")


def mend(ops: Ops) -> None:
    """Take the half line out again, also after an earlier story that was interrupted."""
    s3, bucket = ops.client("s3"), ops.stack.bucket("usage-events")
    key = _torn_key("2026-08-03")
    damaged = s3.get_object(Bucket=bucket, Key=key)["Body"].read()
    if damaged.endswith(TORN):
        s3.put_object(Bucket=bucket, Key=key, Body=damaged.removesuffix(TORN))
        tell(f"(mended: s3://{bucket}/{key})")


def _torn_key(day: str) -> str:
    return events_key("ember", dt.date.fromisoformat(day) + dt.timedelta(days=1))


def farewell() -> None:
    """Say what runs where, and how to stop it."""
    environment = Ops(Choices(env="sandbox")).environment
    tell("")
    tell([("The story went as told.", "green")])
    tell(f"The sandbox goes on at {environment.endpoint}; the reports lie in {DOWNLOADS}/.")
    tell("Look around:  opsctl services · opsctl report list · opsctl logs report-generator · opsctl fleet web")
    if not shutil.which("opsctl"):
        tell("opsctl itself:  source .venv/bin/activate")
    tell("Stop it:  make down     Begin anew:  opsctl sandbox reset     Remove everything:  make clean")


if __name__ == "__main__":
    started = time.monotonic()
    code = main()
    note(f"({time.monotonic() - started:.0f} s)")
    sys.exit(code)
