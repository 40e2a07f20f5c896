"""The one error model: what went wrong, what to do next, and the exit code that says so to a script."""

import enum
from collections.abc import Iterable


class ExitCode(enum.IntEnum):
    """Exit codes of opsctl, each with what it means: the help and the README say it in the same words.

    2 is Click's own for a wrong command line, 130 the shell's for Ctrl-C.
    """

    meaning: str

    def __new__(cls, code: int, meaning: str) -> "ExitCode":
        """Make a member that is its number and knows its meaning."""
        member = int.__new__(cls, code)
        member._value_ = code
        member.meaning = meaning
        return member

    DONE = 0, "done"
    FAILED = 1, "failed"
    USAGE = 2, "wrong usage"
    PARTLY_DONE = 3, "partly done: the message says how much"
    NOT_FOUND = 4, "not found: queue, account, service, report or environment"
    REFUSED = 5, "refused by AWS: credentials, permission, throttling, no connection"
    TIMED_OUT = 6, "timed out while waiting"
    INTERRUPTED = 130, "interrupted"


class OpsError(Exception):
    """A failure an operator can act on: one sentence, an optional hint with the next step, an exit code."""

    exit_code = ExitCode.FAILED

    def __init__(self, message: str, *, hint: str = "", exit_code: ExitCode | None = None) -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint
        if exit_code is not None:
            self.exit_code = exit_code


class UsageProblem(OpsError):
    """The command line or a value on it cannot be used."""

    exit_code = ExitCode.USAGE


class PartlyDone(OpsError):
    """Some of the work was done and some was not; the message counts both."""

    exit_code = ExitCode.PARTLY_DONE


class NotFound(OpsError):
    """A queue, account, service, report or environment with that name does not exist."""

    exit_code = ExitCode.NOT_FOUND

    @classmethod
    def among(cls, kind: str, name: str, known: Iterable[str], *, listing: str = "") -> "NotFound":
        """Say that no `kind` is called `name`; name the nearest and `listing`, the command that lists all."""
        hints = (did_you_mean(name, known), f"`{listing}` lists them." if listing else "")
        return cls(f"There is no {kind} named {name!r}.", hint=" ".join(hint for hint in hints if hint))


class RefusedByAws(OpsError):
    """AWS refused (credentials, permission, throttling), or its endpoint could not be reached."""

    exit_code = ExitCode.REFUSED


class TimedOut(OpsError):
    """What the command waited for did not happen in time; nothing is known to have failed."""

    exit_code = ExitCode.TIMED_OUT


def did_you_mean(name: str, known: Iterable[str]) -> str:
    """Return a question that offers the `known` names nearest to `name`, or "" when none is near."""
    *others, last = nearest(name, known) or [""]
    listed = f"{', '.join(others)} or {last}" if others else last
    return f"Did you mean {listed}?" if last else ""


def nearest(name: str, known: Iterable[str], *, limit: int = 3) -> list[str]:
    """Return up to `limit` of the `known` names that look most like `name`, best first."""
    import difflib  # only a wrong name needs it, and every command would pay for it

    candidates = sorted(set(known))
    close = difflib.get_close_matches(name, candidates, n=limit, cutoff=0.5)
    return close or [candidate for candidate in candidates if name and name in candidate][:limit]
