"""`opsctl doctor`: is everything there that opsctl needs, and if not, what to do."""

import datetime as dt
import email.utils
import re
import shutil
import subprocess
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

import click

from ops_cli.frame.context import Ops
from ops_cli.frame.environments import config_file, is_passed_over
from ops_cli.frame.options import OpsCommand
from ops_cli.frame.output import emit_lines, printable, screen, wrap
from opscore.errors import OpsError
from opscore.words import counted

COLORS = {"bad": "red", "warning": "yellow", "ok": "green"}
INDENT = 28
"""Columns before a finding: its level, and the name of its check."""

OLDEST_TERRAFORM = (1, 11)
MOST_SKEW_SECONDS = 300
"""AWS refuses a request signed more than five minutes away from its own clock:
https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_sigv-troubleshooting.html"""


@dataclass(frozen=True)
class Finding:
    """One check, what was found, and how to mend it when it is not right."""

    check: str
    level: str
    finding: str
    fix: str = ""


@click.command(cls=OpsCommand)
@click.pass_obj
def doctor(ops: Ops) -> int:
    """Check credentials, region, clock, endpoint, stack, Terraform."""
    findings = examine(ops)
    emit_lines([(finding, _text(finding, screen().width)) for finding in findings], ops.choices)
    return 1 if any(finding.level == "bad" for finding in findings) else 0


def _text(finding: Finding, width: int | None) -> list[tuple[str, str | None]]:
    """Return a finding in lines that fit, whole: the way to mend it has lines of its own, after an arrow."""
    lines = _wrapped(finding.finding, width)
    if finding.fix:
        lines += _wrapped(f"→ {finding.fix}", width)
    level, name = f"{finding.level:<9}", f"{finding.check:<19}"
    return [(level, COLORS[finding.level]), (name + f"\n{'':<{INDENT}}".join(lines), None)]


def _wrapped(text: str, width: int | None) -> list[str]:
    return wrap(printable(text), max(20, width - INDENT)) if width else [text]


def examine(ops: Ops) -> list[Finding]:
    """Run every check; one that fails makes those pointless that build on it."""
    findings = [_try("environment", lambda: _environment(ops), ops)]
    if findings[0].level != "bad":
        identity: list[Any] = []
        findings.append(_try("region", lambda: _region(ops), ops))
        findings.append(_try("credentials", lambda: _credentials(ops, identity), ops))
        findings += [_clock(answer) for answer in identity]
        stack = _try("stack description", lambda: _stack(ops), ops)
        quota = _try("concurrency", lambda: _concurrency(ops, is_deployed=stack.level == "ok"), ops)
        # Only deploying needs it, so who may not ask is no worse off.
        findings += [stack, replace(quota, level="warning") if quota.level == "bad" else quota]
    return [*findings, *_sandbox(ops), *_passed_over(), _terraform()]


def _try(check: str, examine_one: Callable[[], Finding], ops: Ops) -> Finding:
    """Turn the error of a check into its finding."""
    try:
        return examine_one()
    except OpsError as error:
        return Finding(check, "bad", error.message, error.hint)
    except Exception as error:
        from ops_cli.frame.aws_errors import explain

        known = explain(error, vars(ops).get("environment"))
        if known is None:
            raise
        return Finding(check, "bad", known.message, known.hint)


def _environment(ops: Ops) -> Finding:
    environment = ops.environment
    if environment.clone:
        return Finding("environment", "ok", f"{environment.name}: that of {environment.clone}")
    where = environment.endpoint or f"AWS, profile {environment.profile or 'from the shell'}"
    return Finding("environment", "ok", f"{environment.name}: {where}")


def _sandbox(ops: Ops) -> list[Finding]:
    """Look at the sandbox that is meant; none when an account was said, or when there is no sandbox here."""
    from ops_cli.frame.choice import here, is_sandbox, places_of
    from ops_cli.sandbox.diagnosis import diagnose

    said = ops.choices.env
    if said and not is_sandbox(said):
        return []
    try:
        places = places_of(said) if said else here()
    except OpsError:
        return []  # The environment's check has said so.
    if places is None:
        return []
    found = diagnose(places)
    return [Finding("sandbox", found.level, found.finding, found.fix)]


def _passed_over() -> list[Finding]:
    try:
        if not is_passed_over():
            return []
    except OpsError:
        return []  # The environment's check has said so.
    finding = f"the entry [sandbox] of {config_file()} does not count: that name is the sandbox's of a clone"
    fix = "`opsctl env remove sandbox`, then `opsctl env add` with another name."
    return [Finding("configuration", "warning", finding, fix)]


def _region(ops: Ops) -> Finding:
    region = ops.client("sts").meta.region_name
    return Finding("region", "ok", str(region))


def _credentials(ops: Ops, identity: list[Any]) -> Finding:
    answer = ops.client("sts").get_caller_identity()
    identity.append(answer)
    return Finding("credentials", "ok", f"{answer['Arn']} in account {answer['Account']}")


def _clock(answer: Any) -> Finding:
    """Compare this machine's clock with the Date header of the answer."""
    header = answer["ResponseMetadata"]["HTTPHeaders"].get("date")
    if not header:
        return Finding("clock", "warning", "the endpoint sent no Date header, so the clock was not compared")
    skew = abs((dt.datetime.now(dt.UTC) - email.utils.parsedate_to_datetime(header)).total_seconds())
    if skew > MOST_SKEW_SECONDS:
        return Finding("clock", "bad", f"{skew:.0f} s away from AWS's", "Set this machine's clock (NTP).")
    return Finding("clock", "ok", f"{skew:.0f} s away from AWS's")


def _stack(ops: Ops) -> Finding:
    stack = ops.stack
    return Finding(
        "stack description",
        "ok",
        f"{stack.project}-{stack.environment}: {counted(len(stack.functions), 'function')}, "
        f"{counted(len(stack.queues), 'queue')}",
    )


def _concurrency(ops: Ops, *, is_deployed: bool) -> Finding:
    """Say whether the platform's reserved concurrency fits into the account, before somebody deploys."""
    from ops_cli.deploy.limits import DEFAULT_RESERVATION, RAISE, concurrency

    found = concurrency(ops.client("lambda"))
    said = f"quota {found.quota:,}, {found.reservable:,} more may be reserved"
    if is_deployed or found.reservable >= DEFAULT_RESERVATION:
        return Finding("concurrency", "ok", said)
    fix = (
        f"The report generator reserves {DEFAULT_RESERVATION}: set report_generator = {{ reserved_concurrency = null }}"
        f" in terraform/environments/NAME.tfvars, or raise the quota: {RAISE}"
    )
    return Finding("concurrency", "warning", said, fix)


def _terraform() -> Finding:
    wanted = ".".join(map(str, OLDEST_TERRAFORM))
    fix = f"Install Terraform {wanted} or newer; only deploying and `opsctl state` need it."
    if shutil.which("terraform") is None:
        return Finding("Terraform", "warning", "not on PATH", fix)
    answer = subprocess.run(["terraform", "version"], capture_output=True, text=True, check=False, timeout=60)
    version = re.search(r"v(\d+)\.(\d+)\.(\d+)", answer.stdout)
    if not version:
        return Finding("Terraform", "warning", f"`terraform version` exits with {answer.returncode}", fix)
    if (int(version[1]), int(version[2])) < OLDEST_TERRAFORM:
        return Finding("Terraform", "bad", f"{version[0]} is too old", fix)
    return Finding("Terraform", "ok", version[0])
