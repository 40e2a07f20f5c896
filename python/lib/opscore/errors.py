"""The one error model: what went wrong, what to do next, and the exit code that says so to a script."""

import enum
from collections.abc import Iterable


class ExitCode(enum.IntEnum):
    """Exit codes of opsctl; 2 is Click's own for a wrong command line, 130 the shell's for Ctrl-C."""

    DONE = 0
    FAILED = 1
    USAGE = 2
    PARTLY_DONE = 3
    NOT_FOUND = 4
    REFUSED = 5
    TIMED_OUT = 6
    INTERRUPTED = 130


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
        close = nearest(name, known)
        hints = [f"Did you mean {' or '.join(close)}?"] if close else []
        if listing:
            hints.append(f"`{listing}` lists them.")
        return cls(f"There is no {kind} named {name!r}.", hint=" ".join(hints))


class RefusedByAws(OpsError):
    """AWS (or what stands in for it) answered, and the answer was no: credentials, permission, throttling."""

    exit_code = ExitCode.REFUSED


class TimedOut(OpsError):
    """What was waited for did not happen in time; nothing is known to have failed."""

    exit_code = ExitCode.TIMED_OUT


def nearest(name: str, known: Iterable[str], *, limit: int = 3) -> list[str]:
    """Return up to `limit` of the `known` names that look most like `name`, best first."""
    import difflib  # only a wrong name needs it, and every command would pay for it

    candidates = sorted(set(known))
    close = difflib.get_close_matches(name, candidates, n=limit, cutoff=0.5)
    return close or [candidate for candidate in candidates if name and name in candidate][:limit]
