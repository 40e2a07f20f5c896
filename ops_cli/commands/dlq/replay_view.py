"""How a replay is shown: the plan before it, the progress during it, the word after it. All of it on stderr."""

import time
from collections.abc import Callable

from ops_cli.frame.output import note
from ops_cli.frame.progress import Ticker
from ops_cli.frame.times import spoken
from opscore.dead_letters.replay.canary import Verdict
from opscore.dead_letters.replay.plan import ReplayPlan
from opscore.dead_letters.tally import Tally
from opscore.words import counted

_SAMPLES = 3
_SAMPLE_WIDTH = 100


def show_plan(plan: ReplayPlan, environment: str) -> None:
    """Say what is going to happen, to whom, and what may go wrong."""
    source = plan.source
    _fact("account", f"{source.account_id} ({environment}), {source.region}")
    _fact("from", f"{source.name}: {source.visible} visible, {source.in_flight} in flight")
    looked = len(plan.sample)
    for label, count in plan.destinations.items():
        _fact("to", label if count == looked else f"{label}: {count} of the {looked} looked at")
    for why, count in plan.left.items():
        _fact("leave", f"{why}: {count} of the {looked} looked at")
    _fact("replay", f"{how_many(plan)}, {_pace(plan)}")
    _fact("engine", f"{plan.engine}: {plan.why_engine}")
    if plan.oldest_ms is not None:
        _fact("expiry", f"the oldest seen is deleted by SQS in {spoken(plan.expires_seconds)}")
    for letter in plan.chosen[:_SAMPLES]:
        _fact("such as", f"{letter.message_id}  {_short(letter.body)}")
    for warning in plan.warnings:
        _fact("warning", warning, color="yellow")


def how_many(plan: ReplayPlan) -> str:
    """Say how many messages a replay is about, and how sure that is."""
    request = plan.request
    if not plan.chosen and plan.sample:
        return f"none of the {len(plan.sample)} looked at, so few or none of {counted(plan.source.visible, 'message')}"
    exact = not request.selects and not plan.left
    return f"{'' if exact else 'about '}{counted(plan.count, 'message')}"


def _pace(plan: ReplayPlan) -> str:
    rate = f" at {plan.request.rate:g}/s" if plan.request.rate else ""
    return f"in about {spoken(plan.seconds)}{rate}"


def _fact(name: str, text: str, color: str | None = None) -> None:
    note([(f"{name:8}", color or "cyan"), (f" {text}", None)])


def _short(body: str) -> str:
    line = " ".join(body.split())
    return line if len(line) <= _SAMPLE_WIDTH else line[: _SAMPLE_WIDTH - 1] + "…"


class Meter:
    """Shows a tally as it grows: one line that is rewritten on a terminal, a plain line every few seconds elsewhere."""

    def __init__(self, expected: int, clock: Callable[[], float] = time.monotonic) -> None:
        self._expected = expected
        self._clock = clock
        self._began = clock()
        self._ticker = Ticker(clock=clock)

    def __call__(self, tally: Tally) -> None:
        """Show the tally, when it is time to."""
        self._ticker.show(lambda: self.line(tally, self._clock()))

    def line(self, tally: Tally, now: float) -> str:
        """Return the tally in one line, with rate and time left."""
        rate = tally.moved / max(0.001, now - self._began)
        total = max(self._expected, tally.moved)
        parts = [f"{tally.moved} of about {total} moved"]
        counts = ("failed", "skipped", "bounced", "quarantined", "undeleted")
        parts += [f"{getattr(tally, name)} {name}" for name in counts if getattr(tally, name)]
        parts.append(f"{rate:.0f}/s")
        if rate > 0 and total > tally.moved:
            parts.append(f"{spoken(round((total - tally.moved) / rate))} left")
        return ", ".join(parts)

    def close(self) -> None:
        """End the rewritten line."""
        self._ticker.close()


def show_verdict(verdict: Verdict) -> None:
    """Say how the canaries are."""
    note(f"canaries: {verdict.do}: {verdict.why}")
