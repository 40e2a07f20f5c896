"""How the plan of a replay is shown: to people on stderr before they are asked, to programs as data."""

from typing import Any

from ops_cli.frame.output import clip, note, printable, screen, wrap
from ops_cli.frame.times import spoken
from opscore.dead_letters.message import moment
from opscore.dead_letters.replay.plan import ReplayPlan
from opscore.dead_letters.sending.outgoing import Outgoing
from opscore.words import counted

_SAMPLES = 3
_LONGEST_EXAMPLE = 150
_LINES_OF_A_FACT = 3
_NAME_WIDTH = 9


def show_plan(plan: ReplayPlan, environment: str) -> None:
    """Say what is going to happen, to whom, and what may go wrong."""
    source = plan.source
    _fact("account", f"{source.account_id} ({environment}), {source.region}")
    _fact("from", f"{source.name}: {source.visible:,} visible, {source.in_flight:,} in flight")
    looked = len(plan.sample)
    for label, count in plan.destinations.items():
        _fact("to", label if count == looked else f"{label}: {count} of the {looked} looked at")
    for why, count in plan.left.items():
        _fact("leave", f"{why}: {count} of the {looked} looked at")
    _fact("replay", f"{how_many(plan)}, {_pace(plan)}")
    _fact("engine", f"{plan.engine}: {plan.why_engine}")
    if plan.oldest_ms is not None:
        _fact("expiry", f"the oldest seen is deleted by SQS in {spoken(plan.expires_seconds)}")
    for message in plan.chosen[:_SAMPLES]:
        _show_example(message)
    for warning in plan.warnings:
        _fact("warning", warning, color="yellow")


def plan_data(plan: ReplayPlan, environment: str) -> dict[str, Any]:
    """Return the plan for programs: counts are of messages, times in seconds, `samples` as they would be sent."""
    source = plan.source
    return {
        "environment": environment,
        "account_id": source.account_id,
        "region": source.region,
        "dead_letter_queue": source.name,
        "visible": source.visible,
        "in_flight": source.in_flight,
        "count": plan.count,
        "is_exact": _is_exact(plan),
        "seconds": plan.seconds,
        "engine": plan.engine,
        "why_engine": plan.why_engine,
        "oldest": None if plan.oldest_ms is None else moment(plan.oldest_ms),
        "expires_seconds": plan.expires_seconds,
        "looked_at": len(plan.sample),
        "destinations": [{"destination": label, "count": count} for label, count in plan.destinations.items()],
        "left": [{"why": why, "count": count} for why, count in plan.left.items()],
        "samples": [_sample(message) for message in plan.chosen[:_SAMPLES]],
        "warnings": plan.warnings,
        "request": plan.request.plain(),
    }


def how_many(plan: ReplayPlan) -> str:
    """Say how many messages a replay is about, and how sure that is."""
    if not plan.sample and plan.source.depth:
        unseen = plan.source.in_flight + plan.source.delayed or plan.source.depth
        return f"what becomes visible of {counted(unseen, 'message')} in flight"
    if not plan.chosen and plan.sample:
        return f"none of the {len(plan.sample)} looked at, so few or none of {counted(plan.source.visible, 'message')}"
    return f"{'' if _is_exact(plan) else 'about '}{counted(plan.count, 'message')}"


def _is_exact(plan: ReplayPlan) -> bool:
    return not plan.request.selects and not plan.left


def _pace(plan: ReplayPlan) -> str:
    rate = f" at {plan.request.rate:g}/s" if plan.request.rate else ""
    return f"in about {spoken(plan.seconds)}{rate}"


def _sample(message: Outgoing) -> dict[str, Any]:
    """Return a message for programs: the body that would be sent, and the one that it has when that is another."""
    shown = {"message_id": message.letter.message_id, "body": message.body}
    return shown if message.body == message.letter.body else shown | {"body_before": message.letter.body}


def _show_example(message: Outgoing) -> None:
    """Show a message in one line, one that is edited in two: on a terminal with the beginning of its body."""
    before = f"{message.letter.message_id}  {message.letter.body}"
    if message.body == message.letter.body:
        _fact("such as", _line(before))
    else:
        _fact("edits", _line(before))
        _fact("into", _line(message.body))


def _line(text: str) -> str:
    return clip(printable(" ".join(text.split())), (screen(err=True).width or _LONGEST_EXAMPLE) - _NAME_WIDTH)


def _fact(name: str, text: str, *, color: str = "cyan") -> None:
    """Say one fact: on a terminal within its width, further lines below the text."""
    columns = screen(err=True).width
    line = printable(" ".join(text.split()))
    lines = [line] if columns is None else wrap(line, max(1, columns - _NAME_WIDTH), _LINES_OF_A_FACT)
    indented = ("\n" + " " * _NAME_WIDTH).join(lines)
    note([(f"{name:{_NAME_WIDTH - 1}}", color), (f" {indented}", None)])
